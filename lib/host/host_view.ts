/**
 * Where the host's processes, files and control groups are, seen from where this program runs: on the host itself, in a container that
 * shares the host's pids (`kubectl debug node`, a DaemonSet with hostPID), or in one that shares nothing.
 */
import { parseMounts } from "./cgroup_mounts.ts";

export interface HostView {
  /** The host's procfs; our own where there is no better one. */
  readonly proc: string;
  /** Before every path of a host's file; "" where they are our own. */
  readonly root: string;
  /** Pids of this procfs are those of the kernel's records. */
  readonly hostPids: boolean;
  /** Our own cgroup namespace is not the machine's: paths are told from where it begins. */
  readonly foreignCgroups: boolean;
  /** Control groups are found through mounts that are the host's, or ours are. */
  readonly hostCgroups: boolean;
  /** Our own pid as the records have it; null where nobody can say. */
  readonly selfPid: number | null;
  /** Of the host: the v2 mount, null without one; v1 mounts by controller, `name=systemd` among them. With `root` before them. */
  readonly cgroups: HostGroups;
}

export interface HostGroups {
  readonly unified: string | null;
  readonly v1: ReadonlyMap<string, string>;
}

/** The first namespaces of a machine have fixed numbers (include/linux/proc_ns.h). */
const FIRST = { pid: 4026531836, cgroup: 4026531835 } as const;

export interface HostViewOptions {
  /** Where the host's file system is mounted, where the caller knows: `/host`. */
  readonly hostRoot?: string;
  /** Default /proc. */
  readonly proc?: string;
  /** Numbers of the machine's first namespaces; tests give others. */
  readonly first?: { readonly pid: number; readonly cgroup: number };
}

/** Looks once; takes no privileges, but without CAP_SYS_PTRACE pid 1 does not show its root. */
export function hostView({ hostRoot, proc = "/proc", first = FIRST }: HostViewOptions = {}): HostView {
  const own = (name: string) => namespace(`${proc}/self/ns/${name}`);
  // Where it cannot be read at all there are no such namespaces: before 4.6 for cgroups.
  const hostPids = (own("pid") ?? first.pid) === first.pid;
  const foreignCgroups = (own("cgroup") ?? first.cgroup) !== first.cgroup;
  const root = (hostRoot ?? foundRoot(proc, !hostPids || foreignCgroups)).replace(/\/+$/, "");
  // A host's procfs that is mounted in a container still shows the host's pids, our own among them.
  const mounted = !hostPids && root !== "" && exists(`${root}/proc/1/stat`) ? `${root}/proc` : undefined;
  const self = Number(attempt(() => Deno.readLinkSync(`${mounted ?? proc}/self`)) ?? NaN);
  const knowsPids = hostPids || mounted !== undefined;
  const cgroups = mountsOf(root, mounted ?? proc);
  return {
    proc: mounted ?? proc,
    root,
    hostPids: knowsPids,
    foreignCgroups,
    hostCgroups: !foreignCgroups || root !== "" && cgroups.unified !== null,
    selfPid: knowsPids && Number.isInteger(self) && self > 0 ? self : null,
    cgroups,
  };
}

/** Pid 1's root, where pid 1 has mounts of its own and shows them; else `/host`, where containers that debug a node have it. */
function foundRoot(proc: string, contained: boolean): string {
  const [ours, first] = [namespace(`${proc}/self/ns/mnt`), namespace(`${proc}/1/ns/mnt`)];
  if (ours !== undefined && first !== undefined && ours !== first && exists(`${proc}/1/root/proc`)) {
    return `${proc}/1/root`;
  }
  return contained && exists("/host/etc") ? "/host" : "";
}

function mountsOf(root: string, proc: string): HostGroups {
  const process = /^(.*\/proc\/\d+)\/root$/.exec(root)?.[1];
  const places = root === ""
    ? [`${proc}/self/mounts`]
    : [...process === undefined ? [] : [`${process}/mounts`], `${root}/proc/1/mounts`];
  const text = places.map((path) => attempt(() => Deno.readTextFileSync(path))).find((text) => text !== undefined);
  const usual = exists(`${root}/sys/fs/cgroup/cgroup.controllers`) ? "/sys/fs/cgroup" : null;
  const { unified, v1 } = text === undefined ? { unified: usual, v1: new Map<string, string>() } : parseMounts(text);
  const at = (path: string) => root + path;
  return {
    unified: unified === null ? null : at(unified),
    v1: new Map([...v1].map(([controller, path]) => [controller, at(path)])),
  };
}

/** `pid:[4026531836]` -> the number. */
function namespace(path: string): number | undefined {
  const number = /\[(\d+)\]/.exec(attempt(() => Deno.readLinkSync(path)) ?? "")?.[1];
  return number === undefined ? undefined : Number(number);
}

function exists(path: string): boolean {
  return attempt(() => Deno.statSync(path)) !== undefined;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // not there, or not ours to see: both are answers here
  }
}
