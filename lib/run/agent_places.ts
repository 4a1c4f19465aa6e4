/** Who a pid is and where it lives, also when it ended before its events were read. */
import { cgroupRoots } from "../host/cgroup_dirs.ts";
import { type ProcessInfo, ProcessTable } from "../host/process.ts";
import type { Owner } from "../model/kernel_event.ts";
import type { Place, Whose } from "./agent_whose.ts";

const MAX_CGROUPS = 10_000;
const REBUILD_MS = 1000;

export class Places implements Whose {
  readonly #processes = new ProcessTable();
  readonly #cgroups = new CgroupNames();

  /** What /proc says; else, of a process that is gone, the cgroup by the id its event carries. undefined: nothing is known. */
  of({ pid, startNs, cgroupId }: Pick<Owner, "pid" | "startNs" | "cgroupId">): Place | undefined {
    const info: ProcessInfo | undefined = this.#processes.get(pid, startNs);
    if (info !== undefined && info.cgroup !== "") return info;
    const cgroup = this.#cgroups.path(cgroupId);
    return cgroup === undefined ? info : { ...info, cgroup };
  }

  ofCgroup(path: string): Place {
    return { cgroup: path };
  }
}

/** Paths of the v2 tree by the kernel's id; read when an id is asked that is not known, once a second at most. */
export class CgroupNames {
  readonly #paths = new Map<bigint, string>();
  #readAt = -Infinity;
  #besideV1 = false;

  /** The path as in /proc/PID/cgroup. undefined: unknown, or the root of a v2 beside v1, where v1 may say more. */
  path(id: bigint): string | undefined {
    if (id === 0n) return undefined;
    if (!this.#paths.has(id) && performance.now() - this.#readAt >= REBUILD_MS) this.#read();
    const path = this.#paths.get(id);
    return path === "/" && this.#besideV1 ? undefined : path;
  }

  #read(): void {
    this.#readAt = performance.now();
    let root: string;
    try {
      const { unified, cpuVersion } = cgroupRoots();
      root = unified;
      this.#besideV1 = cpuVersion === 1;
    } catch {
      return; // no v2 hierarchy: nothing to name
    }
    const dirs = [""];
    for (let i = 0; i < dirs.length && dirs.length < MAX_CGROUPS; i++) {
      try {
        this.#paths.set(BigInt(Deno.statSync(root + dirs[i]).ino ?? 0), dirs[i] || "/");
        for (const entry of Deno.readDirSync(root + dirs[i])) {
          if (entry.isDirectory) dirs.push(`${dirs[i]}/${entry.name}`);
        }
      } catch {
        // removed while we looked
      }
    }
    // Cgroups that are gone keep their name for a while: their last events may still come.
    for (const oldest of this.#paths.keys()) {
      if (this.#paths.size <= 2 * MAX_CGROUPS) break;
      this.#paths.delete(oldest);
    }
  }
}
