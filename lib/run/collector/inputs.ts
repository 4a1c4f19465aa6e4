/** Files and pipes of lines beside the network: whole lines of each as they come; an open pipe is followed until it ends or we are stopped. */
import type { Io } from "../../model/io.ts";

/** Read on only when what was read has been taken: a pipe that is faster than its reader waits. */
export async function feed(
  paths: readonly string[],
  io: Pick<Io, "stdin">,
  stop: AbortSignal,
  take: (lines: string, name: string) => Promise<void>,
): Promise<void> {
  for (const path of paths) {
    const name = path === "-" ? "standard input" : path;
    const stream = path === "-" ? io.stdin : (await Deno.open(path)).readable;
    const reader = stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
    stop.addEventListener("abort", () => void reader.cancel().catch(() => {}), { once: true });
    let tail = "";
    for (let part = await reader.read(); !part.done && !stop.aborted; part = await reader.read()) {
      const text = tail + part.value;
      const end = text.lastIndexOf("\n") + 1;
      tail = text.slice(end);
      if (end > 0) await take(text.slice(0, end), name);
    }
    if (tail !== "") await take(tail, name);
  }
}
