/**
 * For comparisons with an instrument: its command, run ahead of everybody else. A program that times itself also times how long it waits for
 * a CPU after its packet came, and on a busy machine that is most of what it says.
 */

const AHEAD = ["chrt", "--fifo", "20"] as const;

let allowed: boolean | undefined;

/** As it is where there is no `chrt`, or real-time scheduling is not for us. */
export function ahead(...command: readonly [string, ...string[]]): readonly [string, ...string[]] {
  return mayRunAhead() ? [...AHEAD, ...command] : command;
}

function mayRunAhead(): boolean {
  if (allowed !== undefined) return allowed;
  try {
    const [program, ...args] = AHEAD;
    allowed = new Deno.Command(program, { args: [...args, "true"] }).outputSync().success;
  } catch {
    allowed = false; // there is none
  }
  return allowed;
}
