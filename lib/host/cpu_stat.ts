/** CPU quotas of control groups and what they took away: cpu.stat, cpu.max (v2), cpu.cfs_quota_us (v1). */

/** Cumulative since the group was made. */
export interface Throttling {
  readonly periods: number;
  /** Periods in which the quota was spent. */
  readonly throttledPeriods: number;
  /** Summed over CPUs: two threads that stand still for a second make two. Never a wall time. */
  readonly throttledNs: number;
}

/** v1 writes nanoseconds (`throttled_time`), v2 microseconds (`throttled_usec`). undefined where the group has no such counters. */
export function parseCpuStat(text: string): Throttling | undefined {
  const values = new Map(text.split("\n").map((line) => line.split(" ") as [string, string]));
  const number = (name: string) => {
    const digits = values.get(name);
    return digits === undefined ? undefined : Number(digits);
  };
  const periods = number("nr_periods");
  const throttledPeriods = number("nr_throttled");
  const throttledUs = number("throttled_usec");
  const throttledNs = throttledUs === undefined ? number("throttled_time") : throttledUs * 1000;
  if (periods === undefined || throttledPeriods === undefined || throttledNs === undefined) return undefined;
  return { periods, throttledPeriods, throttledNs };
}

/** undefined where the directory is gone, or has no quota to count by. */
export function readThrottling(dir: string): Throttling | undefined {
  const text = read(`${dir}/cpu.stat`);
  return text === undefined ? undefined : parseCpuStat(text);
}

/** Whether a quota is set on this very directory. */
export function hasQuota(dir: string): boolean {
  const max = read(`${dir}/cpu.max`);
  if (max !== undefined) return !max.startsWith("max");
  return Number(read(`${dir}/cpu.cfs_quota_us`) ?? -1) > 0;
}

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined; // not there, or gone meanwhile
  }
}
