/**
 * The last failures on this machine, kept for `sloctl support-bundle`: one JSON line each, in a file of bounded size that never
 * leaves the machine by itself. Keeping them must never make anything worse: whatever goes wrong here is ignored.
 */
import { EXIT, SloctlError } from "../lib/model/errors.ts";
import type { Io } from "../lib/model/io.ts";

export interface Failure {
  readonly exitCode: number;
  /** First word of the command line; the rest may hold secrets. */
  readonly command: string;
  readonly error: unknown;
}

const MOST_BYTES = 64 * 1024;

/** Where failures are kept: SLOCTL_STATE_DIR, or the user's state directory; null where there is none. */
export function failuresPath(env: Io["env"]): string | null {
  const own = env("SLOCTL_STATE_DIR");
  if (own) return `${own}/failures.jsonl`;
  const state = env("XDG_STATE_HOME") || (env("HOME") ? `${env("HOME")}/.local/state` : "");
  return state === "" ? null : `${state}/sloctl/failures.jsonl`;
}

/** Adds a failure. A wrong command line (exit code 2) is not kept: the person has just been told. */
export function keepFailure({ exitCode, command, error }: Failure, env: Io["env"], now: Date): void {
  if (exitCode === EXIT.usage) return;
  try {
    const path = failuresPath(env);
    if (path === null) return;
    const line = JSON.stringify({ at: now.toISOString(), command, exit_code: exitCode, ...told(error) }) + "\n";
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
    Deno.writeTextFileSync(path, room(path, line.length) + line, { mode: 0o600 });
  } catch {
    // No right to write (cli/restrict.ts), no room, no home: the failure itself was shown.
  }
}

/** What is there already, without the oldest half once it grows too large. */
function room(path: string, more: number): string {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch {
    return "";
  }
  if (text.length + more <= MOST_BYTES) return text;
  const half = text.slice(-MOST_BYTES / 2);
  return half.slice(half.indexOf("\n") + 1);
}

function told(error: unknown): Record<string, string> {
  if (error instanceof SloctlError) return { message: error.message, ...(error.hint ? { hint: error.hint } : {}) };
  return { message: String(error), ...(error instanceof Error && error.stack ? { stack: error.stack } : {}) };
}
