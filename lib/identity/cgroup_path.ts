/**
 * What the path of a control group says about who lives in it: container, pod, systemd unit. Pure. The layouts are those of containerd,
 * CRI-O, Docker and Podman under the systemd and the cgroupfs driver, in v1 and v2, and one inside another (kind, minikube): the
 * innermost container is the one meant.
 */

export type Runtime = "containerd" | "cri-o" | "docker" | "podman" | "crun" | "runc" | "lxc" | "systemd-nspawn" | "ecs";

export interface CgroupIdentity {
  /** Of the innermost container: 64 hex digits, as a rule; a name where the runtime uses names. */
  readonly containerId?: string;
  /** Absent where the path does not tell: the cgroupfs driver writes the bare id. */
  readonly runtime?: Runtime;
  /** It is the runtime's own process beside the container (conmon), not one inside it. */
  readonly monitor?: true;
  /** With dashes; the 32 hex digits of a static pod as they are. */
  readonly podUid?: string;
  readonly qos?: "guaranteed" | "burstable" | "besteffort";
  /** systemd's service or scope inside the innermost container, or of the machine: `nginx.service`. */
  readonly unit?: string;
}

/** A container's group by what the runtime puts before its id. The systemd driver adds `.scope`. */
const PREFIXES: Readonly<Record<string, Runtime>> = {
  "cri-containerd": "containerd",
  "crio": "cri-o",
  "docker": "docker",
  "libpod": "podman",
  "nerdctl": "containerd",
  "crun": "crun",
  "runc": "runc",
};
const PREFIXED =
  /^(cri-containerd|crio|docker|libpod|nerdctl|crun|runc)-(?:(conmon|payload)-)?([0-9A-Za-z][\w.-]*?)(?:\.scope)?$/;
const HEX_ID = /^[0-9a-f]{64}(?:\.scope)?$/;
/** Fargate's: the task's id, and the container's number. */
const ECS_ID = /^[0-9a-f]{32}-\d{6,}$/;
/** Parents whose children are containers of bare ids. */
const PARENTS: Readonly<Record<string, Runtime>> = {
  docker: "docker",
  "libpod_parent": "podman",
  "k8s.io": "containerd",
  ecs: "ecs",
};
const POD =
  /(?:^|-)pod([0-9a-f]{8}([-_])[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?$/;
const UNIT = /^[\w:.\\@-]+\.(?:service|scope)$/;

interface Found {
  id: string;
  runtime?: Runtime;
  monitor?: true;
}

function container(segment: string, parent: string): Found | undefined {
  const named = PREFIXED.exec(segment);
  if (named !== null) {
    const [, prefix = "", part, id = ""] = named;
    // `docker-registry.scope` is somebody's unit; a runtime's ids are long. crun and runc take whatever name they are given.
    const loose = prefix === "crun" || prefix === "runc";
    if (loose ? segment.endsWith(".scope") : /^[0-9a-f]{12,64}$/.test(id)) {
      return { id, runtime: PREFIXES[prefix]!, ...(part === "conmon" && { monitor: true as const }) };
    }
    return undefined;
  }
  if (HEX_ID.test(segment)) {
    const runtime = PARENTS[parent];
    return { id: segment.slice(0, 64), ...(runtime !== undefined && { runtime }) };
  }
  if (ECS_ID.test(segment)) return { id: segment, runtime: "ecs" };
  const lxc = /^lxc\.payload\.(.+)$/.exec(segment)?.[1] ?? (/^lxc(\.payload)?$/.test(parent) ? segment : undefined);
  if (lxc !== undefined) return { id: lxc, runtime: "lxc" };
  const machine = parent === "machine.slice"
    ? /^(?:machine-|systemd-nspawn@)(.+)\.(?:scope|service)$/.exec(segment)
    : null;
  if (machine !== null && !machine[1]!.startsWith("libpod_")) {
    return { id: unescapeUnit(machine[1]!), runtime: "systemd-nspawn" };
  }
  return undefined;
}

/** `\x2d` and the like, as systemd writes what may not stand in the name of a unit. */
export function unescapeUnit(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/** Reads a path as it stands in /proc/<pid>/cgroup, or below a cgroup mount. */
export function parseCgroupPath(path: string): CgroupIdentity {
  let inner: Found | undefined;
  let podUid: string | undefined;
  let qos: CgroupIdentity["qos"];
  let unit: string | undefined;
  let parent = "";
  // runc without systemd, given a path that was meant for systemd: `kubepods-pod1.slice:cri-containerd:<id>` is one directory.
  const segments = path.split("/").flatMap((part) => {
    const joined = /^([^:]+\.slice):([\w-]+):([0-9a-f]{12,64})$/.exec(part);
    return joined === null ? [part] : [joined[1]!, `${joined[2]}-${joined[3]}`];
  });
  for (const segment of segments) {
    if (segment === "" || segment === "." || segment === "..") continue;
    const pod = POD.exec(segment)?.[1];
    const found = pod === undefined ? container(segment, parent) : undefined;
    if (pod !== undefined) {
      podUid = pod.replaceAll("_", "-");
      qos = qosOf(segment, parent);
      inner = undefined; // what stands before it is the node, where that is a container itself
      unit = undefined;
    } else if (found !== undefined) {
      inner = found;
      unit = undefined;
    } else if (UNIT.test(segment)) {
      unit = unescapeUnit(segment);
    }
    parent = segment;
  }
  return {
    ...(inner !== undefined && { containerId: inner.id }),
    ...(inner?.runtime !== undefined && { runtime: inner.runtime }),
    ...(inner?.monitor && { monitor: true }),
    ...(podUid !== undefined && { podUid }),
    ...(qos !== undefined && { qos }),
    ...(unit !== undefined && { unit }),
  };
}

/** The class stands in the pod's own group (systemd) or is the group above it (cgroupfs); a guaranteed pod has neither. */
function qosOf(segment: string, parent: string): NonNullable<CgroupIdentity["qos"]> {
  const name = `${parent}/${segment}`;
  return name.includes("besteffort") ? "besteffort" : name.includes("burstable") ? "burstable" : "guaranteed";
}

/**
 * The path of /proc/<pid>/cgroup that says most: of a pod's container, else of a container, else of a pod, else the one given. Runtimes of
 * v1 machines put containers into the v1 hierarchies alone, or into both.
 */
export function tellingPath(paths: Iterable<string>, otherwise: string): string {
  let best = otherwise;
  let most = weight(otherwise);
  for (const path of paths) {
    const now = weight(path);
    if (now > most) [best, most] = [path, now];
  }
  return best;
}

function weight(path: string): number {
  const { containerId, podUid } = parseCgroupPath(path);
  return (containerId === undefined ? 0 : 2) + (podUid === undefined ? 0 : 1);
}
