/** A request body off a socket, read without ever holding more than the limit. */
import type { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { joinRoomy } from "../model/roomy.ts";
import type { ByteBudget } from "./byte_budget.ts";
import { BodyError } from "./http.ts";
import { tooLarge } from "./inflate.ts";

/** No byte for so long and the body counts as given up. */
const IDLE_MS = 10_000;

/**
 * Bytes are counted as they come, never as they were announced: an announcement costs the sender nothing.
 *
 * @param taken is told of bytes taken from the budget; they are the caller's to give back
 * @throws BodyError 413 over the limit, 400 for a body cut short, 408 for one that stalls, 503 when the budget is spent
 */
export function readBody(
  message: IncomingMessage,
  maxBytes: number,
  budget: ByteBudget,
  taken: (bytes: number) => void,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const stalled = () => fail(new BodyError(408, 'Cannot read "request body": no byte of it came for 10 s'));
    // Most bodies are there with their head: they need not be waited for.
    const timer = message.complete ? undefined : setTimeout(stalled, IDLE_MS);
    const fail = (error: BodyError) => {
      clearTimeout(timer);
      message.off("data", onData);
      chunks.length = 0;
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      timer?.refresh();
      length += chunk.length;
      if (length > maxBytes) return fail(tooLarge(maxBytes));
      if (!budget.take(chunk.length)) {
        return fail(new BodyError(503, 'Cannot read "request body": too much is being read at this moment'));
      }
      taken(chunk.length);
      chunks.push(chunk);
    };
    if (Number(message.headers["content-length"]) > maxBytes) return fail(tooLarge(maxBytes));
    message.on("data", onData);
    message.once("end", () => {
      clearTimeout(timer);
      resolve(chunks.length === 1 ? chunks[0]! : joinRoomy(chunks, length));
    });
    const cut = () => fail(new BodyError(400, 'Cannot read "request body": it was cut short'));
    message.once("error", cut);
    message.once("aborted", cut);
  });
}
