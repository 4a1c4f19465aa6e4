/** An answer that is written while it comes to be, and the reader's pace with it. */
import type { ServerResponse } from "node:http";
import type { HttpAnswer, HttpOut } from "./http.ts";

/** After the end: so long for a reader that does not read, to find out why. */
const LAST_WORDS_MS = 30_000;
/** A peer that vanished without a word is noticed after a while. */
const KEEP_ALIVE_MS = 30_000;

/** Resolves when the stream has said all, whether its reader has read it or not. @param closing aborted when the listener shuts down */
export async function sendStream(
  response: ServerResponse,
  { status, headers, stream }: HttpAnswer & Required<Pick<HttpAnswer, "stream">>,
  closing: AbortSignal,
): Promise<void> {
  if (response.destroyed || response.writableEnded) return;
  const gone = new AbortController();
  const leave = () => gone.abort();
  response.once("close", leave);
  closing.addEventListener("abort", leave);
  if (closing.aborted) leave();
  response.socket?.setKeepAlive(true, KEEP_ALIVE_MS);
  response.socket?.setNoDelay(true);
  response.writeHead(status, { ...headers, connection: "close" });
  response.flushHeaders();
  try {
    await stream(outOf(response, gone.signal));
  } finally {
    closing.removeEventListener("abort", leave);
    response.end();
    const timer = setTimeout(() => response.socket?.destroy(), LAST_WORDS_MS);
    if (response.destroyed) clearTimeout(timer);
    else response.once("close", () => clearTimeout(timer));
  }
}

function outOf(response: ServerResponse, gone: AbortSignal): HttpOut {
  return {
    gone,
    write: (text) => gone.aborted || response.write(text),
    drained(ms) {
      if (gone.aborted || !response.writableNeedDrain) return Promise.resolve(true);
      return new Promise((resolve) => {
        const settle = (is: boolean) => {
          clearTimeout(timer);
          response.off("drain", yes);
          gone.removeEventListener("abort", yes);
          resolve(is);
        };
        const yes = () => settle(true);
        const timer = setTimeout(() => settle(false), ms);
        response.on("drain", yes);
        gone.addEventListener("abort", yes);
      });
    },
  };
}
