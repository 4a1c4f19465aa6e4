/**
 * Who a process is and where it lives: pid and start time -> control group -> container -> pod, namespace, service. Looked up when its
 * first event is read, and kept: a process that ends keeps its identity. One that had ended before anyone looked is known by the id of
 * its control group, which its record carries.
 */
import { type ProcessImage, type ProcessInfo, startTicksOf } from "../host/process.ts";
import { type Owner, processKey } from "../model/kernel_event.ts";
import { type CgroupIdentity, parseCgroupPath, tellingPath } from "./cgroup_path.ts";
import { type CgroupTree, V1_ID } from "./cgroup_tree.ts";
import type { ContainerNames } from "./names.ts";

/** What the kernel noted of processes that began, or called exec, since somebody watches. */
export interface Images {
  /** Of whoever had this pid last. */
  of(pid: number): ProcessImage | undefined;
  /** Another number when a process may have called exec. */
  readonly generation: number;
}

/** What is not known is left out. */
export interface Identity {
  readonly exe?: string;
  /** As in /proc/PID/cgroup, of the hierarchy that says most. */
  readonly cgroup?: string;
  readonly containerId?: string;
  readonly podUid?: string;
  readonly namespace?: string;
  readonly pod?: string;
  readonly container?: string;
  /** Of a pod what its labels or its workload say; else systemd's service, without `.service`. */
  readonly service?: string;
  /** Its pid inside the innermost pid namespace it is in, where that is another one than the host's. */
  readonly nsPid?: number;
}

export interface IdentitiesOptions {
  /** What /proc says of a process; nobody's where its pids are not the records'. */
  readonly processes: { get(pid: number, startNs?: number): ProcessInfo | undefined };
  readonly tree: Pick<CgroupTree, "path">;
  readonly names: {
    find(containerId: string | undefined, podUid: string | undefined): ContainerNames | undefined;
    /** Another number when names may have changed. */
    readonly generation: number;
  };
  /** The pid inside the process's own namespace. */
  readonly nsPid?: (pid: number) => number | undefined;
  /** Runtimes of this machine may put containers into v1 alone: then the v2 group of a process that is gone may be the runtime's. */
  readonly besideV1: boolean;
  /** /proc tells paths from where our own cgroup namespace begins: the tree knows better. */
  readonly foreignCgroups?: boolean;
  /** Whatever the tree has is of our own container, since it shows us no more: what that is called. */
  readonly inside?: ContainerNames;
  /** Processes remembered; default 16 384. */
  readonly limit?: number;
}

interface Place {
  readonly cgroup?: string;
  readonly nsPid?: number;
  readonly says: CgroupIdentity;
  /** What it was looked up for: another group is another place. */
  readonly cgroupId: bigint;
  /** What it was made of: another answer of /proc, after an exec or a move, makes another place. */
  readonly info: ProcessInfo | undefined;
  /** Nothing better will be known. */
  readonly final: boolean;
}

/** A place with its names: what is handed out again and again, for most events are of few processes. */
interface Known extends Place {
  readonly identity: Identity | undefined;
  /** Its executable is this one's since then; undefined: /proc knows best. */
  readonly image: ProcessImage | undefined;
  readonly images: number;
  /** Of the names; undefined where some are missing, which may come at any time. */
  readonly generation: number | undefined;
}

type Whose = Pick<Owner, "pid" | "startNs" | "cgroupId">;

/** The root of every hierarchy; 0 is nobody's. */
const ROOT_ID = 1n;

/** Services that are runtimes: what runs in their own group was mostly started for a container. */
const RUNTIME_SERVICE = /^(?:containerd|docker|dockerd|crio|cri-o|kubelet|k3s|k3s-agent|rke2-\w+|podman)\.service$/;

export class Identities {
  /** Asked for executables before /proc is: there a short process has left nothing, or is another program by now. */
  images: Images = { of: () => undefined, generation: 0 };
  readonly #options: IdentitiesOptions;
  readonly #places = new Map<string, Known>();

  constructor(options: IdentitiesOptions) {
    this.#options = options;
  }

  /** At `tsNs`, of the kernel's records; default: now. undefined: nothing at all is known. */
  of(owner: Whose, tsNs = Infinity): Identity | undefined {
    const { identity, image } = this.#known(owner);
    if (image === undefined || tsNs >= image.sinceNs || identity?.exe === undefined) return identity;
    const { exe: _, ...before } = identity; // of what it was until then nothing is left
    return before;
  }

  get generation(): number {
    return this.images.generation;
  }

  #known(owner: Whose): Known {
    const { pid, startNs, cgroupId } = owner;
    const key = pid === 0 ? `${cgroupId}` : processKey(owner);
    const info = pid === 0 ? undefined : this.#options.processes.get(pid, startNs);
    const held = this.#places.get(key);
    // A runtime starts a container's process outside and moves it: the group of the record is that of the moment.
    const same = held !== undefined && held.final && held.info === info && held.cgroupId === cgroupId;
    const named = held?.generation === this.#options.names.generation;
    if (same && named && held.images === this.images.generation) return held;
    const image = held?.images === this.images.generation ? held.image : this.#image(owner);
    return this.#keep(key, same ? held : this.#look(owner, info), image);
  }

  #image({ pid, startNs = 0 }: Whose): ProcessImage | undefined {
    const image = this.images.of(pid);
    return image !== undefined && startTicksOf(image.startNs) === startTicksOf(startNs) ? image : undefined;
  }

  #keep(key: string, place: Place, image: ProcessImage | undefined): Known {
    const identity = this.#identity(place, image);
    const { containerId, podUid } = place.says;
    const named = containerId === undefined && podUid === undefined || identity?.pod !== undefined ||
      identity?.container !== undefined;
    this.#places.delete(key);
    const generation = named ? this.#options.names.generation : undefined;
    const known = { ...place, identity, generation, image, images: this.images.generation };
    this.#places.set(key, known);
    if (this.#places.size > (this.#options.limit ?? 16_384)) this.#places.delete(this.#places.keys().next().value!);
    return known;
  }

  #identity({ info, cgroup, nsPid, says }: Place, image: ProcessImage | undefined): Identity | undefined {
    const exe = image?.exe ?? info?.exe;
    const identity: Identity = {
      ...(exe !== undefined && { exe }),
      ...(cgroup !== undefined && { cgroup }),
      ...(nsPid !== undefined && { nsPid }),
      ...this.#named(says, cgroup !== undefined),
    };
    return Object.keys(identity).length === 0 ? undefined : identity;
  }

  /** Of a control group alone: what a quota is set on. */
  ofCgroup(path: string): Identity {
    return { cgroup: path, ...this.#named(parseCgroupPath(path), false) };
  }

  /** Processes remembered now. */
  get size(): number {
    return this.#places.size;
  }

  #named({ containerId, podUid, unit }: CgroupIdentity, inTree: boolean): Identity {
    const { names: directory, inside } = this.#options;
    const contained = containerId !== undefined || podUid !== undefined;
    const names = contained ? directory.find(containerId, podUid) : inTree ? inside : undefined;
    const service = names === undefined && !contained ? serviceOfUnit(unit) : names?.service;
    return {
      ...(containerId !== undefined && { containerId }),
      ...(podUid !== undefined && { podUid }),
      ...(names?.namespace && { namespace: names.namespace }),
      ...(names?.pod && { pod: names.pod }),
      ...(names?.container && { container: names.container }),
      ...(service && { service }),
    };
  }

  #look({ pid, cgroupId }: Whose, info: ProcessInfo | undefined): Place {
    const { tree, foreignCgroups = false } = this.#options;
    const known = tree.path(cgroupId);
    const path = known !== undefined && this.#isRuntimes(known, cgroupId) ? undefined : known;
    const says = parseCgroupPath(path ?? "");
    const contained = says.containerId !== undefined || says.podUid !== undefined;
    if (path !== undefined && (contained || foreignCgroups || info === undefined)) {
      return { ...this.#inside(pid, info, contained), cgroup: path, says, cgroupId, info, final: true };
    }
    if (info === undefined) return { says: {}, cgroupId, info, final: false };
    const telling = tellingPath(info.cgroups.values(), info.cgroup);
    const told = parseCgroupPath(telling);
    return {
      ...this.#inside(pid, info, told.containerId !== undefined),
      ...(telling !== "" && { cgroup: telling }),
      says: told,
      cgroupId,
      info,
      final: known !== undefined || cgroupId <= ROOT_ID,
    };
  }

  #inside(pid: number, info: ProcessInfo | undefined, contained: boolean): { readonly nsPid?: number } {
    const nsPid = info !== undefined && contained ? this.#options.nsPid?.(pid) : undefined;
    return nsPid === undefined || nsPid === pid ? {} : { nsPid };
  }

  #isRuntimes(path: string, id: bigint): boolean {
    return this.#options.besideV1 && (id & V1_ID) === 0n && RUNTIME_SERVICE.test(parseCgroupPath(path).unit ?? "");
  }
}

/** `nginx.service` -> `nginx`; a scope is nobody's service. */
function serviceOfUnit(unit: string | undefined): string | undefined {
  return unit?.endsWith(".service") ? unit.slice(0, -".service".length) : undefined;
}
