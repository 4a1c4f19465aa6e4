import { parseStat } from "./process.ts";

/**
 * When a process started, in clock ticks after boot. Together with the pid it names one process for the life of the machine, since pids
 * are used again. Null when there is no such process, or only its remains (a zombie).
 */
export function processStartTicks(pid: number, proc = "/proc"): number | null {
  let text: string;
  try {
    text = Deno.readTextFileSync(`${proc}/${pid}/stat`);
  } catch {
    return null;
  }
  const stat = parseStat(text);
  return stat === undefined || stat.state === "Z" ? null : stat.startTicks;
}
