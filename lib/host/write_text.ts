/** A whole text to a file, or to standard output for `-`. */
import { IoError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";

/** The file appears whole or not at all. @throws IoError */
export async function writeText(path: string, text: string, io: Pick<Io, "out">): Promise<void> {
  if (path === "-" || path === "/dev/stdout") return io.out(text);
  if (path === "/dev/null") return;
  const part = path.startsWith("/dev/") ? path : `${path}.part-${Deno.pid}`;
  try {
    await Deno.writeTextFile(part, text);
    if (part !== path) await Deno.rename(part, path);
  } catch (error) {
    if (part !== path) await Deno.remove(part).catch(() => {});
    throw new IoError(
      `Cannot write "${path}": ${whyNotWritten(error)}`,
      "Choose a path in an existing folder you may write to",
    );
  }
}

/** In words, without the path, which whoever asks has named. */
export function whyNotWritten(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "the folder does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.NotCapable) return "it is a device or a pipe, or writing was given up";
  const text = error instanceof Error ? error.message : String(error);
  return text.includes("os error 28") ? "the disk is full" : text.replace(/: (rename|writefile|open) .*/, "");
}
