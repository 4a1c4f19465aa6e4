/** Real containers: who their processes are, also those that were gone before anyone looked, in both hierarchies. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { cgroupRoots } from "../host/cgroup_dirs.ts";
import { NOBODY, type Owner } from "../model/kernel_event.ts";
import { noContainers, runContainer, startContainer } from "../testing/container.ts";
import { kernelTest } from "../testing/kernel.ts";
import { delay, only, watched } from "../testing/watched.ts";
import { openIdentity } from "./agent_identity.ts";
import { watchKernel } from "./watch.ts";

const UID = "8f3a2c10-1111-4222-8333-444455556666";
const ANNOTATIONS = {
  "io.kubernetes.cri.sandbox-name": "chat-7f",
  "io.kubernetes.cri.sandbox-namespace": "shop",
  "io.kubernetes.cri.container-name": "chat",
};
const CHAT = { namespace: "shop", pod: "chat-7f", container: "chat", podUid: UID };
const none = await noContainers();
const noV1 = () => none ?? (cgroupRoots().cpuVersion === 1 ? null : "this machine has no cgroup v1");

function serve(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
}

/** Waits for /go, then does `what` three times and stays. */
const thrice = (what: string) =>
  `while [ ! -e /go ]; do /bin/sleep 0.05; done; for i in 1 2 3; do ${what}; done; exec /bin/sleep 60`;

for (const layout of ["v1", "memory", "v2"] as const) {
  kernelTest(
    `a container in ${layout}: its processes of 20 ms are known when they are gone, by their record alone`,
    async () => {
      await using server = serve();
      const id = crypto.randomUUID().replaceAll("-", "").repeat(2);
      const cgroup = `/kubepods/burstable/pod${UID}/${id}`;
      const wget = `/bin/wget -q -O /dev/null http://127.0.0.1:${server.addr.port}/`;
      await using box = await startContainer({ layout, cgroup, id, script: thrice(wget), annotations: ANNOTATIONS });
      const seen = await watched(async () => {
        box.go();
        for (let i = 0; i < 100 && Deno.readTextFileSync(`/proc/${box.pid}/comm`) !== "sleep\n"; i++) await delay(20);
      });
      const owners: Owner[] = only(seen, "connect", ({ owner }) => owner.comm === "wget").map(({ owner }) => owner);
      assertEquals(owners.length, 3);
      for (const { pid } of owners) assert(!exists(`/proc/${pid}`), "it is gone");

      // Only now does anyone look.
      const { identities } = await openIdentity({ kubelet: "off" });
      for (const owner of owners) {
        const { cgroup: told, containerId, ...named } = identities.of(owner) ?? {};
        assertEquals({ told, containerId, ...named }, { told: cgroup, containerId: id, ...CHAT });
      }
      // Its first process, by /proc: the same, and what it is called inside.
      const { exe, nsPid, cgroup: told, containerId: _, ...named } = identities.of({ ...NOBODY, pid: box.pid }) ?? {};
      assertStringIncludes(exe ?? "", "busybox");
      assertEquals([nsPid, told, named], [1, cgroup, CHAT]);
      assert(Deno.readTextFileSync(`/proc/${box.pid}/cgroup`).includes(`:${cgroup}\n`));
    },
    { needs: () => layout === "v2" ? none : noV1() },
  );
}

for (const layout of ["v1", "memory", "v2"] as const) {
  kernelTest(`a container in ${layout} that is gone with its only request: container and pod are known`, async () => {
    await using server = serve();
    const owners: Owner[] = [];
    const identity = await openIdentity({ kubelet: "off" });
    using watch = watchKernel({ timers: false, steal: false }, (event) => {
      if (event.kind === "connect" && event.owner.comm === "wget") owners.push(event.owner);
    });
    identity.watching(watch);
    const ids = Array.from({ length: 3 }, () => crypto.randomUUID().replaceAll("-", "").repeat(2));
    const group = (id: string) => `/kubepods/burstable/pod${UID}/${id}`;
    for (const id of ids) {
      const script = `exec /bin/wget -q -O /dev/null http://127.0.0.1:${server.addr.port}/`;
      await runContainer({ layout, cgroup: group(id), id, script });
    }
    watch.flush();
    // Its processes, its directory and its runtime's files: nothing of it is left to look at.
    const known = owners.map((owner) => identity.identities.of(owner));
    const exe = "/bin/busybox";
    assertEquals(known, ids.map((id) => ({ exe, cgroup: group(id), containerId: id, podUid: UID })));
  }, { needs: () => layout === "v2" ? none : noV1() });
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
