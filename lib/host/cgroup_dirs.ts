/**
 * Our own cgroup directories. A host may run cgroup v1 beside v2: then the CPU quota lives in the v1 `cpu` hierarchy while the
 * kernel's cgroup id, by which events are attributed, is that of the v2 directory. On a pure v2 host one directory is both.
 */
import { IoError, UnsupportedError } from "../model/errors.ts";
import { parseMounts } from "./cgroup_mounts.ts";
import type { HostGroups } from "./host_view.ts";

export interface CgroupRoots {
  /** Mount point where a CPU quota can be set. */
  readonly cpu: string;
  readonly cpuVersion: 1 | 2;
  /** Mount point of cgroup v2. */
  readonly unified: string;
}

export interface CgroupDirs {
  readonly cpu: string;
  readonly unified: string;
  /** What bpf_get_current_cgroup_id() says for a process in it. */
  readonly id: bigint;
}

/** Reads the hierarchies out of the text of /proc/self/mounts; null where one is not mounted. */
export function parseCgroupMounts(mounts: string): { cpuV1: string | null; unified: string | null } {
  const { unified, v1 } = parseMounts(mounts);
  return { cpuV1: v1.get("cpu") ?? null, unified };
}

/** The same where any of it may not be mounted: null then. For whoever only looks. */
export type CgroupMounts = { readonly [key in "cpu" | "unified"]: string | null } & Pick<CgroupRoots, "cpuVersion">;

/** Ours, or those of a host that is seen from a container. */
export function cgroupMounts(host?: HostGroups): CgroupMounts {
  const { cpuV1, unified } = host === undefined
    ? parseCgroupMounts(Deno.readTextFileSync("/proc/self/mounts"))
    : { cpuV1: host.v1.get("cpu") ?? null, unified: host.unified };
  return { cpu: cpuV1 ?? unified, cpuVersion: cpuV1 === null ? 2 : 1, unified };
}

/** For whoever makes cgroups. @throws UnsupportedError where no cgroup v2 is mounted. */
export function cgroupRoots(): CgroupRoots {
  const { cpu, cpuVersion, unified } = cgroupMounts();
  if (unified === null || cpu === null) {
    throw new UnsupportedError(
      'Cannot make a cgroup: no cgroup v2 hierarchy is mounted ("/proc/self/mounts")',
      "Mount one: mount -t cgroup2 none /sys/fs/cgroup",
    );
  }
  return { cpu, cpuVersion, unified };
}

/** Makes the directory `name` (may be nested) in both hierarchies. */
export function makeCgroup(roots: CgroupRoots, name: string): CgroupDirs {
  const dirs = { cpu: `${roots.cpu}/${name}`, unified: `${roots.unified}/${name}` };
  try {
    if (roots.cpuVersion === 2) delegateCpu(roots.unified, name);
    Deno.mkdirSync(dirs.cpu, { recursive: true });
    Deno.mkdirSync(dirs.unified, { recursive: true });
    return { ...dirs, id: BigInt(Deno.statSync(dirs.unified).ino ?? 0) };
  } catch (error) {
    throw new IoError(
      `Cannot make cgroup "${name}": ${(error as Error).message}`,
      "Check that you are root and cgroupfs is writable",
    );
  }
}

/** v2 only: every directory above `name` has to hand the cpu controller down, or cpu.max does not exist in it. */
function delegateCpu(root: string, name: string): void {
  let path = root;
  for (const part of name.split("/")) {
    Deno.mkdirSync(path, { recursive: true });
    const control = `${path}/cgroup.subtree_control`;
    if (!Deno.readTextFileSync(control).split(/\s+/).includes("cpu")) Deno.writeTextFileSync(control, "+cpu");
    path += `/${part}`;
  }
}

/**
 * Kills whatever runs in the tree under `path`, waits until it is gone (2 s at most) and removes the directories, leaves first.
 * A path that does not exist is done already.
 *
 * @throws IoError when it cannot be emptied.
 */
export async function removeCgroupTree(path: string): Promise<void> {
  let children: string[];
  try {
    children = [...Deno.readDirSync(path)].filter((entry) => entry.isDirectory).map((entry) => entry.name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  for (const child of children) await removeCgroupTree(`${path}/${child}`);
  let reason = "";
  for (let attempt = 0; attempt < 100; attempt++) {
    for (const pid of processesIn(path)) kill(pid);
    try {
      Deno.removeSync(path);
      return;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      reason = (error as Error).message;
    }
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new IoError(`Cannot remove cgroup "${path}": ${reason}`);
}

function processesIn(path: string): number[] {
  try {
    return Deno.readTextFileSync(`${path}/cgroup.procs`).split("\n").map(Number).filter((pid) => pid > 0);
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself between the reading and the signal.
  }
}
