/**
 * Throttling by control group, from cpu.stat: what there is where the kernel does not mark throttled threads (before 6.18). It says
 * which group stood still and for how long on all CPUs together, not which thread and not when.
 */
import { hasQuota, readThrottling, type Throttling } from "../host/cpu_stat.ts";
import { parseCgroup } from "../host/process.ts";
import { type GroupThrottledEvent, NOBODY } from "../model/kernel_event.ts";
import { directoriesBelow } from "./watch_targets.ts";

/** Groups come and go, and so do quotas: looked for again after so many readings. */
const LOOK_AGAIN = 10;

/** Without any, every group is one. */
export interface QuotaTargets {
  readonly pids: readonly number[];
  /** Directories with the cpu controller; what is below them counts, and so does what is above: a quota may sit on a pod. */
  readonly dirs: readonly string[];
  /** Only groups with a process of this name in them. */
  readonly comm?: string;
}

export class QuotaMeter {
  readonly #root: string;
  readonly #targets: QuotaTargets;
  readonly #before = new Map<string, Throttling>();
  #sinceNs: number;
  #readings = 0;

  /** `root`: where the cpu controller is mounted. */
  constructor(nowNs: number, targets: QuotaTargets, root: string) {
    this.#root = root;
    this.#targets = targets;
    this.#sinceNs = nowNs;
    this.#look();
  }

  /** One event for each group that was throttled since the last time. */
  take(nowNs: number): GroupThrottledEvent[] {
    const events: GroupThrottledEvent[] = [];
    const startNs = this.#sinceNs;
    this.#sinceNs = nowNs;
    for (const [dir, before] of this.#before) {
      const now = readThrottling(dir);
      if (now === undefined) {
        this.#before.delete(dir);
        continue;
      }
      this.#before.set(dir, now);
      const throttledPeriods = now.throttledPeriods - before.throttledPeriods;
      if (throttledPeriods <= 0 || !this.#isWanted(dir)) continue;
      events.push({
        kind: "group_throttled",
        startNs,
        tsNs: nowNs,
        owner: NOBODY,
        cgroup: dir.slice(this.#root.length) || "/",
        throttledNs: now.throttledNs - before.throttledNs,
        throttledPeriods,
        periods: now.periods - before.periods,
      });
    }
    if (++this.#readings % LOOK_AGAIN === 0) this.#look();
    return events;
  }

  /** Finds groups with a quota that are not known yet. What they lost before they were found is not ours to tell. */
  #look(): void {
    const { pids, dirs, comm } = this.#targets;
    const everywhere = comm !== undefined || (pids.length === 0 && dirs.length === 0);
    const own = [...dirs, ...pids.flatMap((pid) => this.#groupOf(pid))];
    const candidates = everywhere
      ? directoriesBelow([this.#root])
      : [...directoriesBelow(dirs), ...own.flatMap((dir) => this.#upFrom(dir))];
    for (const dir of new Set(candidates)) {
      const now = this.#before.has(dir) || !hasQuota(dir) ? undefined : readThrottling(dir);
      if (now !== undefined) this.#before.set(dir, now);
    }
  }

  #groupOf(pid: number): string[] {
    try {
      const paths = parseCgroup(Deno.readTextFileSync(`/proc/${pid}/cgroup`));
      const path = paths.get("cpu") ?? paths.get("");
      return path === undefined ? [] : [this.#root + path.replace(/\/$/, "")];
    } catch {
      return []; // it has ended
    }
  }

  /** The directory and all above it, as far as the root. */
  #upFrom(dir: string): string[] {
    const dirs: string[] = [];
    for (let at = dir; at.startsWith(this.#root) && at.length > this.#root.length; at = at.replace(/\/[^/]*$/, "")) {
      dirs.push(at);
    }
    return dirs;
  }

  #isWanted(dir: string): boolean {
    const { comm, pids, dirs } = this.#targets;
    if (comm === undefined || pids.length > 0 || dirs.length > 0) return true;
    return directoriesBelow([dir]).some((below) => processesOf(below).some((pid) => commOf(pid) === comm));
  }
}

function processesOf(dir: string): number[] {
  try {
    return Deno.readTextFileSync(`${dir}/cgroup.procs`).split("\n").map(Number).filter((pid) => pid > 0);
  } catch {
    return [];
  }
}

function commOf(pid: number): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/comm`).trimEnd();
  } catch {
    return undefined;
  }
}
