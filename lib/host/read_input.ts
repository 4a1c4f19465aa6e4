/** A whole file, or standard input for `-`, as text. For inputs that are read before the work begins and fit in memory. */
import { IoError } from "../model/errors.ts";

/** Far more than any input we read whole; a bound all the same. */
const MOST_BYTES = 256 * 1024 * 1024;

/** @throws IoError naming the path when it cannot be read, is a directory, is not UTF-8 text, or is larger than `mostBytes`. */
export async function readInput(
  path: string,
  stdin: ReadableStream<Uint8Array>,
  mostBytes = MOST_BYTES,
): Promise<string> {
  const name = path === "-" ? "standard input" : path;
  const bytes = path === "-" ? await collect(stdin, mostBytes, name) : await readFile(path, mostBytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new IoError(`Cannot read "${name}": it is not UTF-8 text`, "Check that this is the file you meant");
  }
}

async function readFile(path: string, mostBytes: number): Promise<Uint8Array> {
  try {
    using file = await Deno.open(path);
    if ((await file.stat()).isDirectory) throw new IoError(`Cannot read "${path}": it is a directory`, "Name a file");
    return await collect(file.readable, mostBytes, path);
  } catch (error) {
    if (error instanceof IoError) throw error;
    if (error instanceof Deno.errors.NotCapable) {
      // /dev/stdin, <(...): Deno opens nothing below /dev and /proc for a program that has given up a right (cli/restrict.ts).
      throw new IoError(`Cannot read "${path}": it is a device or a pipe`, "Pipe it in, and name - instead");
    }
    throw new IoError(`Cannot read "${path}": ${reason(error)}`, "Check the path and your rights to it");
  }
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "this user may not read it";
  return error instanceof Error ? error.message : String(error);
}

async function collect(stream: ReadableStream<Uint8Array>, mostBytes: number, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > mostBytes) {
      throw new IoError(`Cannot read "${name}": it is larger than ${mostBytes} bytes`, "Give a smaller file");
    }
    chunks.push(chunk);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
