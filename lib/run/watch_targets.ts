/** Which processes a watch is about, when it is told in cgroups: v2 directories by their id, v1 directories by their processes. */
import { cgroupMounts } from "../host/cgroup_dirs.ts";
import type { HostGroups } from "../host/host_view.ts";
import { UsageError } from "../model/errors.ts";

/** The kernel's table of targets holds 4096 (MAX_TARGETS in bpf/probe.bpf.h); some are left for processes. */
const MAX_DIRECTORIES = 2048;

export interface CgroupTargets {
  readonly v2: readonly string[];
  readonly v1: readonly string[];
}

/**
 * Where the given cgroups are: each is a directory, or a path as it stands in /proc/<pid>/cgroup. On a host with both hierarchies
 * one path may name a directory in each; then both count.
 *
 * @throws UsageError when there is no such cgroup.
 */
export function findCgroups(paths: readonly string[], host?: HostGroups): CgroupTargets {
  if (paths.length === 0) return { v2: [], v1: [] };
  const roots = cgroupMounts(host);
  const mounted = [roots.unified, roots.cpu].filter((root) => root !== null);
  const v2 = new Set<string>();
  const v1 = new Set<string>();
  for (const path of paths) {
    const clean = path.replace(/\/+$/, "");
    const places = isCgroup(clean) ? [clean] : mounted.map((root) => `${root}/${clean}`);
    const found = places.map((place) => place.replace(/\/{2,}/g, "/")).filter(isCgroup);
    if (found.length === 0) {
      throw new UsageError(
        `Cannot watch cgroup "${path}": there is none of that name`,
        mounted.length === 0
          ? "Mount the control groups first: mount -t cgroup2 none /sys/fs/cgroup"
          : `Give a directory below ${mounted[0]}, or a path from /proc/PID/cgroup`,
      );
    }
    for (const place of found) (`${place}/`.startsWith(`${roots.unified}/`) ? v2 : v1).add(place);
  }
  return { v2: [...v2], v1: [...v1] };
}

/** Kernel ids of the v2 directories and of all below them, which are cgroups of their own. */
export function cgroupIds(targets: CgroupTargets): bigint[] {
  return directoriesBelow(targets.v2).flatMap((dir) => {
    try {
      return [BigInt(Deno.statSync(dir).ino ?? 0)];
    } catch {
      return []; // removed meanwhile
    }
  });
}

/** Processes that are in the v1 directories now, and in those below them. */
export function cgroupPids(targets: CgroupTargets): number[] {
  return directoriesBelow(targets.v1).flatMap((dir) => {
    try {
      return Deno.readTextFileSync(`${dir}/cgroup.procs`).split("\n").map(Number).filter((pid) => pid > 0);
    } catch {
      return [];
    }
  });
}

function isCgroup(path: string): boolean {
  try {
    return Deno.statSync(`${path}/cgroup.procs`).isFile;
  } catch {
    return false;
  }
}

/** The directories and all below them, 2048 at the most. */
export function directoriesBelow(roots: readonly string[]): string[] {
  const all = [...roots];
  for (let i = 0; i < all.length && all.length < MAX_DIRECTORIES; i++) {
    try {
      for (const entry of Deno.readDirSync(all[i]!)) if (entry.isDirectory) all.push(`${all[i]}/${entry.name}`);
    } catch {
      // removed meanwhile
    }
  }
  return all.slice(0, MAX_DIRECTORIES);
}
