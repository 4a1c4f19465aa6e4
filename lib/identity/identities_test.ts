import { assert, assertEquals } from "@std/assert";
import type { ProcessInfo } from "../host/process.ts";
import { V1_ID } from "./cgroup_tree.ts";
import { Identities, type IdentitiesOptions } from "./identities.ts";
import { NameDirectory } from "./name_directory.ts";
import type { ContainerNames, Listing } from "./names.ts";

const ID = "3f".repeat(32);
const UID = "8f3a2c10-1111-4222-8333-444455556666";
const POD = `/kubepods/burstable/pod${UID}/${ID}`;
const CHAT: ContainerNames = { namespace: "shop", pod: "chat-7f", container: "chat", service: "chat" };

function info(pid: number, paths: readonly string[], comm = "python3"): ProcessInfo {
  const cgroups = new Map(paths.map((path, i) => [i === 0 ? "" : `c${i}`, path]));
  return { pid, comm, exe: `/usr/bin/${comm}`, startTicks: 1, cgroup: paths[0]!, cgroups, netns: 1 };
}

function identities(
  change: Partial<IdentitiesOptions> & {
    readonly proc?: Map<number, ProcessInfo>;
    readonly dirs?: Map<bigint, string>;
  },
): Identities {
  const { proc = new Map(), dirs = new Map(), ...options } = change;
  return new Identities({
    processes: { get: (pid) => proc.get(pid) },
    tree: { path: (id) => dirs.get(id) },
    names: {
      find: (id, uid) => id === ID ? CHAT : uid === UID ? { ...CHAT, container: "" } : undefined,
      generation: 1,
    },
    besideV1: false,
    ...options,
  });
}

const owner = (pid: number, cgroupId = 5n) => ({ pid, startNs: 1e9, cgroupId });

Deno.test("Identities: a pod's process, a service's, one of neither", () => {
  const found = identities({
    proc: new Map([[1, info(1, [POD])], [2, info(2, ["/system.slice/nginx.service"])], [3, info(3, ["/"])]]),
    nsPid: (pid) => pid === 1 ? 1 : 17,
  });
  assertEquals(found.of(owner(1)), {
    exe: "/usr/bin/python3",
    cgroup: POD,
    containerId: ID,
    podUid: UID,
    ...CHAT,
  });
  assertEquals(found.of(owner(2)), {
    exe: "/usr/bin/python3",
    cgroup: "/system.slice/nginx.service",
    service: "nginx",
  });
  assertEquals(found.of(owner(3)), { exe: "/usr/bin/python3", cgroup: "/" });
  assertEquals(found.of(owner(4)), undefined);
});

Deno.test("Identities: a process that was gone before anyone looked is known by its record's group, v1 or v2", () => {
  const dirs = new Map([[5n, POD], [7n | V1_ID, POD]]);
  const gone = identities({ dirs });
  assertEquals(gone.of(owner(9))?.pod, "chat-7f");
  assertEquals(gone.of(owner(9, 7n | V1_ID))?.container, "chat");
  assertEquals(gone.of(owner(9, 8n)), undefined);
});

Deno.test("Identities: what ends keeps its identity; what moves into a container has that one's from then on", () => {
  const proc = new Map([[1, info(1, ["/system.slice/containerd.service"], "runc")]]);
  const dirs = new Map([[5n, "/system.slice/containerd.service"]]);
  const found = identities({ proc, dirs, nsPid: () => 1 });
  assertEquals(found.of(owner(1))?.pod, undefined);
  // Moved, and the directory is known; /proc has not been read again.
  dirs.set(6n, POD);
  assertEquals(found.of(owner(1, 6n))?.pod, "chat-7f");
  proc.clear();
  assertEquals(found.of(owner(1, 6n))?.pod, "chat-7f");
});

Deno.test("Identities: hybrid, where the container is in v1 alone", () => {
  const proc = new Map([[1, info(1, ["/system.slice/containerd.service", POD])]]);
  const dirs = new Map([[5n, "/system.slice/containerd.service"]]);
  const hybrid = identities({ proc, dirs, besideV1: true });
  assertEquals(hybrid.of(owner(1))?.pod, "chat-7f");
  assertEquals(hybrid.of(owner(2)), undefined, "gone: the runtime's own group is not taken for the container's");
});

Deno.test("Identities: in a foreign cgroup namespace the tree's path goes before /proc's", () => {
  const proc = new Map([[1, info(1, [`/../${ID}`])], [2, info(2, ["/"])]]);
  assertEquals(identities({ proc, dirs: new Map([[5n, POD]]), foreignCgroups: true }).of(owner(1))?.cgroup, POD);
  const inside = identities({ proc, dirs: new Map([[5n, "/"]]), foreignCgroups: true, inside: CHAT });
  assertEquals(inside.of(owner(2))?.pod, "chat-7f", "our own container shows no more than itself");
  assertEquals(inside.of(owner(3, 99n)), undefined);
});

Deno.test("Identities: the pid inside the container is told where it is another one; the memory is bounded", () => {
  const proc = new Map([...Array(50).keys()].map((pid) => [pid + 1, info(pid + 1, [POD])]));
  const found = identities({ proc, nsPid: () => 1, limit: 10 });
  assertEquals(found.of(owner(40))?.nsPid, 1);
  assertEquals(found.of(owner(1))?.nsPid, undefined);
  for (let pid = 1; pid <= 50; pid++) found.of(owner(pid));
  assertEquals(found.size, 10);
});

Deno.test("Identities: of a group alone, and of nobody", () => {
  const found = identities({ dirs: new Map([[5n, POD]]) });
  assertEquals(found.ofCgroup(POD).pod, "chat-7f");
  assertEquals(found.ofCgroup(`/kubepods/burstable/pod${UID}`), {
    cgroup: `/kubepods/burstable/pod${UID}`,
    podUid: UID,
    namespace: "shop",
    pod: "chat-7f",
    service: "chat",
  });
  assertEquals(found.of({ pid: 0, cgroupId: 0n }), undefined);
  assertEquals(found.of({ pid: 0, cgroupId: 5n })?.pod, "chat-7f", "a packet whose process is not known");
});

const listing = (
  containers: readonly [string, ContainerNames][],
  pods: readonly [string, ContainerNames][] = [],
): Listing => ({
  containers: new Map(containers),
  pods: new Map(pods),
});

Deno.test("NameDirectory: lists before files, the first list before the second, a failing list keeps what it said", async () => {
  let ms = 0;
  let kubelet: Listing | string = listing([["c1", CHAT]], [["u1", { ...CHAT, container: "" }]]);
  const files = new Map([["c2", { namespace: "shop", pod: "chat-7f", container: "side" }]]);
  let reads = 0;
  const names = new NameDirectory({
    sources: [
      { name: "kubelet", list: () => Promise.resolve(kubelet) },
      { name: "CRI", list: () => Promise.resolve(listing([["c1", { ...CHAT, service: "" }], ["c3", CHAT]])) },
    ],
    files: { find: (id) => (reads++, files.get(id ?? "")) },
    now: () => ms,
  });
  await names.refresh();
  assertEquals(names.find("c1", "u1"), CHAT);
  assertEquals(names.find("c3", undefined), CHAT);
  assertEquals(names.find("c2", "u1"), { ...CHAT, container: "side" }, "the list knows the pod, a file the container");
  assertEquals(names.find(undefined, "u1"), { ...CHAT, container: "" });
  assertEquals(reads, 1);
  for (let i = 0; i < 5; i++) assertEquals(names.find("c9", undefined), undefined);
  assertEquals(reads, 2, "a file that has nothing is not read at every event");
  assertEquals(names.unnamed, 1);

  kubelet = "nobody listens there";
  ms = 5000;
  assertEquals(names.find("c9", undefined), undefined); // asks again, behind our back
  await names.refresh();
  assertEquals([...names.answers], [["kubelet", "nobody listens there"], ["CRI", null]]);
  assertEquals(names.find("c1", undefined), CHAT);
  kubelet = listing([["c9", { ...CHAT, container: "late" }]]);
  await names.refresh();
  assertEquals(names.find("c9", undefined)?.container, "late");
  assertEquals(names.unnamed, 0);
});

Deno.test("NameDirectory: our own pod is known without anybody's help", () => {
  const names = new NameDirectory({
    sources: [],
    files: { find: () => undefined },
    own: { podUid: "u1", names: CHAT },
  });
  assertEquals(names.find("c1", "u1"), CHAT);
  assertEquals(names.find("c1", "u2"), undefined);
});

Deno.test("Identities: a name that comes later is taken; one that is known is not asked for at every event", () => {
  let asked = 0;
  const names = {
    generation: 1,
    known: undefined as ContainerNames | undefined,
    find(): ContainerNames | undefined {
      asked++;
      return this.known;
    },
  };
  const found = identities({ proc: new Map([[1, info(1, [POD])]]), dirs: new Map([[5n, POD]]), names });
  assertEquals(found.of(owner(1))?.pod, undefined);
  names.known = { namespace: "shop", pod: "chat-7f", container: "" };
  assertEquals(found.of(owner(1))?.pod, "chat-7f");
  assertEquals(asked, 2);
  for (let i = 0; i < 10; i++) found.of(owner(1));
  assertEquals(asked, 2);
  names.known = CHAT;
  names.generation = 2;
  assertEquals(found.of(owner(1))?.service, "chat");
});

Deno.test("NameDirectory: a container that nobody names is asked for ever more rarely; a new one at once", async () => {
  let ms = 0;
  const asked: number[] = [];
  let reads = 0;
  const names = new NameDirectory({
    sources: [{
      name: "kubelet",
      list: () => {
        asked.push(ms);
        return ms > 100_000 ? Promise.reject(new Error("out of order")) : Promise.resolve(listing([]));
      },
    }],
    files: { find: () => (reads++, undefined) },
    now: () => ms,
  });
  for (; ms < 60_000; ms += 100) {
    names.find("c1", "u1");
    await Promise.resolve().then(() => {}).then(() => {}).then(() => {}).then(() => {});
  }
  assertEquals([asked[0], asked[1]], [0, 2000]);
  assert(asked.length <= 6, `${asked}`);
  assert(reads <= 7, `${reads}`);
  const before = asked.length;
  names.find("c2", "u2");
  assertEquals(asked.length, before + 1, "a new container");
  await names.refresh(); // what is under way
  ms = 200_000;
  await names.refresh();
  assertEquals([...names.answers], [["kubelet", "out of order"]], "a list that breaks is a list that has no answer");
});

Deno.test("Identities: an executable is that of the program the process was then, also when it is gone", () => {
  const image = { startNs: 1e9, sinceNs: 9e9, exe: "/usr/bin/python3.11" };
  const found = identities({ proc: new Map([[1, info(1, ["/"], "bash")]]) });
  const exe = (pid: number, tsNs?: number) => found.of(owner(pid), tsNs)?.exe;
  assertEquals([exe(1), exe(2)], ["/usr/bin/bash", undefined]);
  found.images = { of: () => image, generation: 1 };
  assertEquals([exe(1, 9e9), exe(2, 9e9), exe(2)], [image.exe, image.exe, image.exe]);
  assertEquals([exe(1, 8e9), exe(2, 8e9)], [undefined, undefined]); // by then it was another, and nobody knows which
  found.images = { of: () => ({ ...image, startNs: 3e9 }), generation: 2 };
  assertEquals([exe(1, 9e9), exe(2, 9e9)], ["/usr/bin/bash", undefined]); // of whoever had the pid later
});
