/** What the agent as people run it says of containers: beside them on a node, and in one that debugs it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { cgroupRoots } from "../host/cgroup_dirs.ts";
import type { DiagnosisDocument } from "../model/diagnosis.ts";
import { validate } from "../report/validate.ts";
import { noContainers, startContainer } from "../testing/container.ts";
import { kernelTest } from "../testing/kernel.ts";
import { agent } from "../testing/run_agent.ts";
import { delay } from "../testing/watched.ts";

const UID = "8f3a2c10-1111-4222-8333-444455556666";
const none = await noContainers();

function serve(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
}

/** Does it all the time: who watches begins when it is ready. */
const always = (what: string) => `while :; do ${what}; /bin/sleep 0.2; done`;

kernelTest("the agent names pod, container and service, as the kubelet does; sentences too", async () => {
  await using server = serve();
  const id = crypto.randomUUID().replaceAll("-", "").repeat(2);
  const pods = {
    kind: "PodList",
    items: [{
      metadata: { name: "talk-0", namespace: "ai", uid: UID, labels: { "app.kubernetes.io/name": "talk" } },
      status: { containerStatuses: [{ name: "model", containerID: `containerd://${id}` }] },
    }],
  };
  await using kubelet = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => new URL(request.url).pathname === "/pods" ? Response.json(pods) : new Response(null, { status: 404 }),
  );
  const closed = closedPort();
  const tries = `/bin/nc -w 1 127.0.0.1 ${closed}; /bin/wget -q -O /dev/null http://127.0.0.1:${server.addr.port}/`;
  await using _box = await startContainer({
    layout: "v2",
    cgroup: `/kubepods/burstable/pod${UID}/${id}`,
    id,
    script: always(tries),
  });
  const from = ["--kubelet", `http://127.0.0.1:${kubelet.addr.port}`];
  const running = Promise.all([
    agent(["--for", "2s", "--json", ...from]),
    agent(["--for", "2s", "--output", "stdout", "--k8s-node", "n1", ...from]),
    agent(["--for", "2s", "--output", "stdout", "--event-schema", "v1alpha1", "--pod", "mine", ...from]),
  ]);
  const [diagnosis, events, old] = await running;
  assertEquals([diagnosis.code, events.code, old.code], [0, 0, 0], diagnosis.err + events.err + old.err);
  const document = JSON.parse(diagnosis.out) as DiagnosisDocument;
  assertEquals(validate("diagnosis/v1", document), []);
  const found = document.findings.find(({ peer }) => peer?.port === closed)!;
  assertEquals([found.namespace, found.pod, found.container, found.service], ["ai", "talk-0", "model", "talk"]);
  assertStringIncludes(found.sentence, "in pod talk-0 could not connect to");
  const lines = (text: string) => text.trim().split("\n").map((line) => JSON.parse(line));
  const mine = lines(events.out).filter(({ process }) => ["nc", "wget"].includes(process?.comm));
  assert(mine.length >= 6, `${mine.length}`);
  for (const { node, namespace, pod, container, attributes } of mine) {
    assertEquals([node, namespace, pod, container, attributes.service], ["n1", "ai", "talk-0", "model", "talk"]);
    assertEquals([attributes.pod_uid, attributes.container_id], [UID, id]);
  }
  const written = lines(old.out).filter(({ namespace }) => namespace === "ai");
  assert(written.length > 0 && written.every(({ pod, container }) => pod === "mine" && container === "model"));
}, { needs: () => none });

function closedPort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

/** As in a container that debugs a node: the host's pids, mounts and control groups of our own. */
const DEBUG = `echo 0 > "$1/cgroup.procs" && shift && exec unshare -C -m sh -c '
mount --make-rprivate / && umount "$0" && mount -t cgroup2 none "$0" && exec "$@"' "$@"`;

kernelTest(
  "a container that debugs a node: the host is seen through its files; without them it is said what is missing",
  async () => {
    const { unified } = cgroupRoots();
    const folder = `${unified}/sloctl-debug-${Deno.pid}`;
    Deno.mkdirSync(`${folder}/other`, { recursive: true });
    await using server = serve();
    const url = `http://127.0.0.1:${server.addr.port}/`;
    Deno.mkdirSync(`${folder}/agent`);
    const prefix = ["sh", "-c", DEBUG, "sh", `${folder}/agent`, unified];
    try {
      const running = Promise.all([
        agent(["--for", "2s", "--output", "stdout", "--comm", "curl", "--host-root", `/proc/${Deno.pid}/root`], prefix),
        agent(["--for", "2s", "--output", "stdout", "--comm", "curl"], prefix),
      ]);
      let over = false;
      running.finally(() => over = true).catch(() => {});
      while (!over) {
        await delay(100);
        await new Deno.Command("sh", {
          args: ["-c", 'echo 0 > "$1/cgroup.procs"; exec curl -s "$2"', "sh", `${folder}/other`, url],
          stdout: "null",
        }).output();
      }
      const [seen, blind] = await running;
      assertEquals([seen.code, blind.code], [0, 0], seen.err + blind.err);
      const firsts = (out: string) =>
        out.trim().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line))
          .filter(({ signal, attributes }) => signal === "stream_ttft_ms" && attributes.role === "client");
      const cgroups = firsts(seen.out).map(({ cgroup }) => cgroup);
      assert(cgroups.length >= 3, `${cgroups.length}`);
      assertEquals([...new Set(cgroups)], [`/sloctl-debug-${Deno.pid}/other`]);
      assertEquals(firsts(blind.out).length, 0, "its own group's packets are all it sees");
      assertStringIncludes(seen.err, "we are in a cgroup namespace of our own: ");
      assert(!seen.err.includes("without identity"), seen.err);
      assertStringIncludes(blind.err, "without identity: we are in a cgroup namespace of our own");
    } finally {
      for (const dir of ["other", "agent", ""]) Deno.removeSync(`${folder}/${dir}`);
    }
  },
);
