/** How the machine's CPUs spent their time, as /proc/stat says: clock ticks of all CPUs together since boot. */
import type { Machine } from "./ebpf_refusal.ts";

export interface CpuTimes {
  /** Everything but guest time, which is in user time already. */
  readonly totalTicks: number;
  /** Runnable, while the hypervisor ran somebody else. */
  readonly stealTicks: number;
  readonly cpus: number;
}

/** Ticks a second of every Linux that shows them to programs (USER_HZ). */
export const TICKS_PER_SECOND = 100;

/** Columns of the first line, before the two of guest time: user nice system idle iowait irq softirq steal. */
const STEAL = 7;

/** undefined where there is no column for stolen time. */
export function parseCpuTimes(text: string): CpuTimes | undefined {
  const ticks = /^cpu +(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/).slice(0, STEAL + 1).map(Number) ?? [];
  if (ticks.length <= STEAL || ticks.some((n) => !Number.isFinite(n))) return undefined;
  return {
    totalTicks: ticks.reduce((sum, n) => sum + n, 0),
    stealTicks: ticks[STEAL]!,
    cpus: text.match(/^cpu\d+ /gm)?.length ?? 0,
  };
}

/** Why stolen time cannot be told here, or null. A hypervisor that never reported any may not report it at all. */
export function stealUnavailable(machine: Machine): string | null {
  const times = parseCpuTimes(machine.read("/proc/stat") ?? "");
  if (times === undefined) return "/proc/stat has no column for it";
  if (times.stealTicks > 0) return null;
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(machine.read("/proc/cpuinfo") ?? "")?.[1] ?? "";
  const virtual = /\bhypervisor\b/.test(flags) || machine.exists("/sys/hypervisor/type");
  return virtual
    ? "none since boot: this hypervisor may not report it"
    : "none since boot, and no hypervisor was found: there may be nobody to take any";
}
