/**
 * Paths of control groups by the id the kernel's records carry. It names the cgroup also of a process that was gone before anyone could
 * look into /proc: the group mostly outlives it.
 */

/** Marks an id of a v1 hierarchy (LLM_SLO_CGROUP_V1 in bpf/llm_slo_event.h). */
export const V1_ID = 1n << 62n;
/** Which one, from bit 60 on: its place among these. */
export const V1_CONTROLLERS = ["pids", "memory", "cpu"] as const;
const WHICH = 60n;
const ID = (1n << WHICH) - 1n;

/** The mark of ids of this controller's v1 hierarchy. */
export function v1Mark(controller: (typeof V1_CONTROLLERS)[number]): bigint {
  return V1_ID | BigInt(V1_CONTROLLERS.indexOf(controller)) << WHICH;
}

/** Of each hierarchy in one walk, and remembered of all. */
const MAX_CGROUPS = 10_000;
const MAX_KNOWN = 60_000;
/** Ids that no directory has any more: remembered, so that they cost no further walk. */
const MAX_GONE = 4096;
/** Between two walks over the tree, at least; and of our time, at most one part in so many. */
const REST_MS = 100;
const REST_SHARE = 20;

export interface CgroupTreeOptions {
  /** Where v2 is mounted; null: nowhere, or not to be seen. */
  readonly unified: string | null;
  /** Mount points of v1 by controller; where there are any, the root of v2 says nothing. */
  readonly v1: ReadonlyMap<string, string>;
  /** Of a controller: the number of its hierarchy in /proc/PID/cgroup. */
  readonly numberOf?: (controller: string) => number | undefined;
  /** A monotonic clock in ms, for tests. */
  readonly now?: () => number;
}

/** Path of a group that was made a moment ago; `hierarchy` 0 is v2. */
export type GroupMade = (id: bigint, hierarchy: number) => string | undefined;

export class CgroupTree {
  /** Asked before the directories are: a short container's is gone when its events are read. */
  made: GroupMade = () => undefined;
  readonly #paths = new Map<bigint, string>();
  readonly #options: CgroupTreeOptions;
  readonly #now: () => number;
  readonly #gone = new Set<bigint>();
  #nextAt = -Infinity;

  constructor(options: CgroupTreeOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /**
   * The path as in /proc/PID/cgroup. undefined: unknown, or the root of a v2 beside v1, where v1 may say more. An id that is not known
   * has the directories walked, though not at once again after the last walk: until then it stays unknown. Ids are never used again.
   */
  path(id: bigint): string | undefined {
    if (id === 0n) return undefined;
    const made = this.#paths.has(id) || this.#gone.has(id) ? undefined : this.#made(id);
    if (made !== undefined) this.#paths.set(id, made);
    if (!this.#paths.has(id) && !this.#gone.has(id) && this.#now() >= this.#nextAt) {
      this.#walk();
      if (!this.#paths.has(id)) this.#gone.add(id);
      if (this.#gone.size > MAX_GONE) this.#gone.delete(this.#gone.values().next().value!);
    }
    const path = this.#paths.get(id);
    return path === "/" && this.#options.v1.size > 0 ? undefined : path;
  }

  #made(id: bigint): string | undefined {
    if ((id & V1_ID) === 0n) return this.made(id, 0);
    const controller = V1_CONTROLLERS[Number(id >> WHICH & 3n)];
    const number = controller === undefined ? undefined : this.#options.numberOf?.(controller);
    return number === undefined ? undefined : this.made(id & ID, number);
  }

  #walk(): void {
    const startedAt = this.#now();
    const { unified, v1 } = this.#options;
    if (unified !== null) this.#walkOne(unified, 0n);
    for (const controller of V1_CONTROLLERS) {
      const root = v1.get(controller);
      if (root !== undefined) this.#walkOne(root, v1Mark(controller));
    }
    // Cgroups that are gone keep their name for a while: their last events may still come.
    for (const oldest of this.#paths.keys()) {
      if (this.#paths.size <= MAX_KNOWN) break;
      this.#paths.delete(oldest);
    }
    const endedAt = this.#now();
    this.#nextAt = endedAt + Math.max(REST_MS, REST_SHARE * (endedAt - startedAt));
  }

  #walkOne(root: string, mark: bigint): void {
    const dirs = [""];
    for (let i = 0; i < dirs.length && dirs.length < MAX_CGROUPS; i++) {
      try {
        const id = BigInt(Deno.statSync(root + dirs[i]).ino ?? 0) | mark;
        this.#paths.delete(id); // what is there now is the newest
        this.#paths.set(id, dirs[i] || "/");
        for (const entry of Deno.readDirSync(root + dirs[i])) {
          if (entry.isDirectory) dirs.push(`${dirs[i]}/${entry.name}`);
        }
      } catch {
        // removed while we looked
      }
    }
  }
}
