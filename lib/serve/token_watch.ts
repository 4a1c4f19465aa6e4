/** Keeps a door to what its token file says, while the file changes under a running collector. */
import { IoError, SloctlError, UsageError } from "../model/errors.ts";
import type { Door } from "./door.ts";
import { parseTokens, type TokenLine } from "./token_file.ts";

const MAX_FILE_BYTES = 8 * 1024 * 1024;
const POLL_MS = 400;

/** @throws IoError when it cannot be read; UsageError when it cannot be used, or holds no token */
export function readTokens(path: string): { readonly text: string; readonly tokens: readonly TokenLine[] } {
  const text = read(path);
  const tokens = parseTokens(text, path);
  if (tokens.length === 0) {
    throw new UsageError(
      `Cannot use "${path}": there is no token in it, so nobody could come in`,
      `Make one: sloctl token make --token-file ${path} --out FILE`,
    );
  }
  return { text, tokens };
}

/**
 * Looks at the file every 400 ms, whatever replaced it. What is new counts once it was seen twice the same: a file that is just being
 * written is nobody's will. One that cannot be read or used changes nothing, and `onProblem` is told; null when it is well again.
 */
export function watchTokens(
  path: string,
  first: string,
  door: Door,
  onProblem: (text: string | null) => void,
): Disposable {
  let current = first;
  let before = first;
  let problem: string | null = null;
  const tell = (text: string | null) => {
    if (text !== problem) onProblem(problem = text);
  };
  const look = () => {
    try {
      const text = read(path);
      const isSettled = text === before;
      before = text;
      if (!isSettled) return;
      if (text !== current) {
        door.replace(parseTokens(text, path));
        current = text;
      }
      tell(null);
    } catch (error) {
      if (!(error instanceof SloctlError)) throw error;
      tell(`${error.message}; what it said before still counts`);
    }
  };
  const timer = setInterval(look, POLL_MS);
  Deno.unrefTimer(timer);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function read(path: string): string {
  const refuse = (state: string) => new IoError(`Cannot read "${path}": ${state}`, "Give the path of a token file");
  try {
    const { size, isFile } = Deno.statSync(path);
    if (isFile && size > MAX_FILE_BYTES) throw refuse("it is larger than 8 MiB");
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof SloctlError) throw error;
    throw refuse(error instanceof Deno.errors.NotFound ? "it does not exist" : (error as Error).message);
  }
}
