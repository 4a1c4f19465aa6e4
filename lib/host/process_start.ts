/**
 * When a process started, in clock ticks after boot (field 22 of /proc/<pid>/stat). Together with the pid it names one process
 * for the life of the machine, since pids are used again. Null when there is no such process.
 */
export function processStartTicks(pid: number, proc = "/proc"): number | null {
  let stat: string;
  try {
    stat = Deno.readTextFileSync(`${proc}/${pid}/stat`);
  } catch {
    return null;
  }
  // The second field is the name in parentheses and may hold spaces and parentheses itself: count from the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z") return null;
  const ticks = Number(fields[19]);
  return Number.isFinite(ticks) ? ticks : null;
}
