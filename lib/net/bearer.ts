/** A bearer token out of its file. */
import { IoError, UsageError } from "../model/errors.ts";

/** The first line. The text is a secret and is not repeated. @throws IoError, UsageError */
export function readBearer(path: string): string {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch {
    throw new IoError(`Cannot read "${path}": it is no file that can be read`, "Name a file that holds the token");
  }
  const [token = ""] = text.split(/\r?\n/);
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new UsageError(`Cannot use "${path}": its first line is no token`, "Put the token there, and nothing else");
  }
  return token;
}
