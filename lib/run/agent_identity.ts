/** Who the processes of this machine are, for the agent: every source of names there is here, and what is missing of them. */
import { type HostView, hostView } from "../host/host_view.ts";
import { innermostPid, ProcessTable } from "../host/process.ts";
import { CgroupTree } from "../identity/cgroup_tree.ts";
import { type OwnPod, ownPod } from "../identity/downward.ts";
import { Identities } from "../identity/identities.ts";
import { type ListSource, NameDirectory } from "../identity/name_directory.ts";
import { NodeFiles } from "../identity/node_files.ts";
import type { MissingProbe, Unprobed } from "../model/diagnosis.ts";
import { UsageError } from "../model/errors.ts";
import { plural } from "../report/format.ts";
import type { Watch } from "./watch.ts";

/** What the caller said about where names come from. */
export interface IdentityOptions {
  /** Where the host's file system is mounted; undefined: found out. */
  readonly hostRoot?: string | undefined;
  /** The node's name; undefined: as the downward API or the host has it. */
  readonly node?: string | undefined;
  /** `off`, or a URL; undefined: this node's, where there are signs of one. */
  readonly kubelet?: string | undefined;
  readonly kubeletInsecure?: boolean;
}

export interface AgentIdentity {
  readonly view: HostView;
  readonly identities: Identities;
  readonly names: NameDirectory;
  /** The name events carry. */
  readonly node: string;
  /** From now on groups that are made, and what processes are made of, are known at once. */
  watching(watch: Pick<Watch, "groupMade" | "images">): void;
  /** What is unusual about where we are, and yet costs nothing. */
  readonly notes: readonly Unprobed[];
  /** What cannot be named, and why, as far as anybody has missed it by now. */
  missing(): MissingProbe[];
}

/** For our own where it is not known: 0 is that of what belongs to no process. */
export const NOBODYS_PID = -1;

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const KUBELET_CERTIFICATES = ["/var/lib/kubelet/pki/kubelet.crt", "/etc/kubernetes/pki/ca.crt"];

/**
 * Finds out where the host is and asks every list once, for 2 s at the most, so that events of the first second have their names.
 *
 * @throws UsageError for a kubelet's address that is none, and a host's root where no host is
 */
export async function openIdentity(options: IdentityOptions = {}): Promise<AgentIdentity> {
  const { hostRoot } = options;
  if (hostRoot !== undefined && !exists(`${hostRoot}/proc`)) {
    throw new UsageError(
      `Cannot see the host at "${hostRoot}": there is no ${hostRoot}/proc`,
      "Name the directory where the host's file system is mounted: --host-root /host",
    );
  }
  const view = hostView(hostRoot === undefined ? {} : { hostRoot });
  const own = ownPod((name) => Deno.env.get(name), readText);
  const node = options.node || own.node || Deno.hostname();
  const { v1, unified } = view.cgroups;
  const hierarchies = readText(`${view.proc}/self/cgroup`) ?? "";
  const numberOf = (controller: string) => {
    const number = new RegExp(`^(\\d+):(?:[^:]*,)?${controller}(?:,[^:]*)?:`, "m").exec(hierarchies)?.[1];
    return number === undefined ? undefined : Number(number);
  };
  const tree = new CgroupTree({ unified, v1, numberOf });
  const uid = own.podUid;
  const names = new NameDirectory({
    sources: [...kubelets(options, view, own, node), ...runtimes(view.root)],
    files: new NodeFiles(view.root),
    ...(own.names !== null && uid !== "" && { own: { podUid: uid, names: own.names } }),
  });
  const identities = new Identities({
    processes: view.hostPids ? new ProcessTable({ proc: view.proc }) : { get: () => undefined },
    tree,
    names,
    nsPid: (pid) => innermostPid(pid, view.proc),
    besideV1: v1.size > 0,
    foreignCgroups: view.foreignCgroups,
    ...(own.names !== null && !view.hostCgroups && { inside: own.names }),
  });
  await names.refresh();
  const watching = (watch: Pick<Watch, "groupMade" | "images">) => {
    tree.made = (id, hierarchy) => watch.groupMade(id, hierarchy);
    if (view.hostPids) identities.images = watch.images;
  };
  return { view, identities, names, node, watching, notes: notes(view), missing: () => missing(view, names) };
}

/** Asked where there are signs of Kubernetes, or where the caller says so. */
function kubelets(
  { kubelet, kubeletInsecure = false }: IdentityOptions,
  view: HostView,
  own: OwnPod,
  node: string,
): ListSource[] {
  if (kubelet === "off") return [];
  const given = kubelet === undefined ? null : URL.parse(kubelet);
  if (kubelet !== undefined && (given === null || !/^https?:$/.test(given.protocol))) {
    throw new UsageError(
      `Cannot ask kubelet "${kubelet}": it is no http URL`,
      "Give one: --kubelet https://10.0.0.7:10250",
    );
  }
  const account = readText(`${ACCOUNT}/token`) !== undefined;
  if (given === null && !account && !exists(`${view.root}/var/lib/kubelet/pods`)) return [];
  const host = own.hostIp || (own.node === "" ? "127.0.0.1" : own.node);
  const bracketed = host.includes(":") ? `[${host}]` : host;
  const url = given?.origin ?? (account ? `https://${bracketed}:10250` : `http://${bracketed}:10255`);
  const ca = [`${ACCOUNT}/ca.crt`, ...KUBELET_CERTIFICATES.map((path) => view.root + path)].flatMap((path) =>
    readText(path) ?? []
  );
  return [{
    name: `kubelet ${url}`,
    async list() {
      const { askKubelet } = await import("../identity/kubelet.ts"); // most machines have none
      const common = { ca, insecure: kubeletInsecure, token: () => readText(`${ACCOUNT}/token`)?.trim() };
      const serverName = own.node !== "" && given === null ? { serverName: node } : {};
      const answer = await askKubelet({ url, ...common, ...serverName });
      if (typeof answer !== "string" || given !== null || !account) return answer;
      const open = await askKubelet({ url: `http://${bracketed}:10255`, ...common });
      return typeof open === "string" ? answer : open;
    },
  }];
}

/** Where container runtimes and their adapters listen, below the host's root. */
const CRI_SOCKETS = [
  "/run/containerd/containerd.sock",
  "/run/crio/crio.sock",
  "/run/k3s/containerd/containerd.sock",
  "/run/cri-dockerd.sock",
];

function runtimes(root: string): ListSource[] {
  return CRI_SOCKETS.map((path) => root + path).filter(exists).map((socket) => ({
    name: `CRI ${socket}`,
    list: async () => (await import("../identity/cri.ts")).askCri(socket),
  }));
}

function notes({ foreignCgroups, hostCgroups, root }: HostView): Unprobed[] {
  return !foreignCgroups || !hostCgroups ? [] : [{
    what: "we are in a cgroup namespace of our own",
    reason: `/proc tells paths from where it begins; they are taken from the host's directories below ${root} instead`,
  }];
}

function missing(view: HostView, names: NameDirectory): MissingProbe[] {
  const rows: [boolean, string, string][] = [
    [
      view.foreignCgroups && !view.hostCgroups,
      "we are in a cgroup namespace of our own, and the host's control groups are not mounted here",
      "packets of other containers, and which container or pod a process is in; mount the host's files and name them with " +
      "--host-root, or run with the host's cgroup namespace",
    ],
    [
      !view.hostPids,
      "we are in a pid namespace of our own",
      "executables, services, and which events are our own; share the host's pids (hostPID: true)",
    ],
    ...[...names.answers].filter(([, why]) => why !== null && names.unnamed > 0).map((
      [source, why],
    ): [boolean, string, string] => [
      true,
      `${source}: ${why}`,
      `names of ${plural(names.unnamed, "container")}; control groups are shown in their place`,
    ]),
  ];
  return rows.filter(([is]) => is).map(([, reason, costs]) => ({ probe: "identity", reason, costs }));
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
