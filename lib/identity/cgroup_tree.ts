/**
 * Paths of control groups by the id the kernel's records carry. It names the cgroup also of a process that was gone before anyone could
 * look into /proc: the group mostly outlives it.
 */

/** Marks an id of the v1 hierarchy of `pids` (LLM_SLO_CGROUP_V1 in bpf/llm_slo_event.h). */
export const V1_ID = 1n << 62n;

const MAX_CGROUPS = 10_000;
/** Ids that no directory has any more: remembered, so that they cost no further walk. */
const MAX_GONE = 4096;
/** Between two walks over the tree, at least; and of our time, at most one part in so many. */
const REST_MS = 100;
const REST_SHARE = 20;

export interface CgroupTreeOptions {
  /** Mount points; null: not mounted, or not to be seen. */
  readonly unified: string | null;
  readonly pidsV1: string | null;
  /** The number of that hierarchy in /proc/PID/cgroup. */
  readonly pidsNumber?: number;
  /** There are v1 hierarchies: then the root of v2 says nothing. Default: `pidsV1` is mounted. */
  readonly besideV1?: boolean;
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
    const { pidsV1, besideV1 = pidsV1 !== null } = this.#options;
    return path === "/" && besideV1 ? undefined : path;
  }

  #made(id: bigint): string | undefined {
    const { pidsNumber } = this.#options;
    if ((id & V1_ID) === 0n) return this.made(id, 0);
    return pidsNumber === undefined ? undefined : this.made(id ^ V1_ID, pidsNumber);
  }

  #walk(): void {
    const startedAt = this.#now();
    const { unified, pidsV1 } = this.#options;
    if (unified !== null) this.#walkOne(unified, 0n);
    if (pidsV1 !== null) this.#walkOne(pidsV1, V1_ID);
    // Cgroups that are gone keep their name for a while: their last events may still come.
    for (const oldest of this.#paths.keys()) {
      if (this.#paths.size <= 2 * MAX_CGROUPS) break;
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
