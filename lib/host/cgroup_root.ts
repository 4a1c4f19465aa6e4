/** The directory to attach programs on packets and sockets at: the root of cgroup v2. */
import { cgroupMounts } from "./cgroup_dirs.ts";
import type { HostGroups } from "./host_view.ts";
import { mountUnlisted } from "./unlisted_mount.ts";

export interface CgroupRoot extends Disposable {
  /** Good until it is disposed of. Null: v2 is mounted nowhere, and we may not mount it. */
  readonly path: string | null;
}

/** Where it is mounted, on the host if that is seen from a container; else mounted for ourselves alone: hosts with cgroup v1 and containers often have it nowhere. */
export function openCgroupRoot(host?: HostGroups): CgroupRoot {
  const { unified } = cgroupMounts(host);
  if (unified !== null) return { path: unified, [Symbol.dispose]: () => {} };
  return mountUnlisted("cgroup2") ?? { path: null, [Symbol.dispose]: () => {} };
}
