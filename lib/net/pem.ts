import { IoError, UsageError } from "../model/errors.ts";

/**
 * The text of a PEM file that holds what it should: of one that does not, TLS says nothing, or something else.
 * @throws IoError when it cannot be read, UsageError when there is no such block in it
 */
export function readPem(path: string, what: "CERTIFICATE" | "PRIVATE KEY"): string {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    const state = error instanceof Deno.errors.NotFound ? "it does not exist" : (error as Error).message;
    throw new IoError(`Cannot read "${path}": ${state}`, "Give the path of a PEM file");
  }
  if (!new RegExp(`-----BEGIN [A-Z ]*${what}-----`).test(text)) {
    throw new UsageError(`Cannot use "${path}": there is no ${what} in it`, "Give a PEM file");
  }
  return text;
}
