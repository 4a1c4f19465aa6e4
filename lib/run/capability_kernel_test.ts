/** Without the kernel's type information (BTF): what is left, against the same instruments; and how it is said. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { exec } from "../host/exec.ts";
import { PROBES } from "../kernel/probes.ts";
import { kernelTest } from "../testing/kernel.ts";
import { nameServer } from "../testing/name_server.ts";
import { Link, Namespace } from "../testing/netns.ts";
import { ownCurl } from "../testing/own_curl.ts";
import { agent, changedMounts, withoutCapabilities } from "../testing/run_agent.ts";
import { missingTool } from "../testing/unless.ts";
import { delay, median, only, watched } from "../testing/watched.ts";

const noDig = await missingTool("dig", "apt-get install bind9-dnsutils");
const noUnshare = await missingTool("unshare", "apt-get install util-linux");
/** Other tests may run beside this one. */
const OWN = `plain-${Deno.pid}.test`;
const DEGRADED = { mode: "bcc_degraded" } as const;
const PLAIN = ["dns_latency", "stream", "tcp_retransmit"];
const BTF_HIDDEN = changedMounts("mount -t tmpfs none /sys/kernel/btf; ! [ -e /sys/kernel/btf/vmlinux ]");

kernelTest("without BTF: DNS queries and answers as dig has them", async () => {
  await using namespace = await Namespace.make();
  await using _server = await nameServer(namespace.name, ["127.0.0.53", "::1"]);
  const seen = await watched(async () => {
    for (const label of ["ok", "nx", "late", "vers"]) {
      await namespace.tryRun("dig", "+tries=1", "+time=2", "@127.0.0.53", `${label}.${OWN}`, "A");
      await namespace.tryRun("dig", "+tries=1", "+time=2", "@::1", `${label}.${OWN}`, "AAAA");
      await namespace.tryRun("dig", "+tries=1", "+time=2", "+tcp", "@127.0.0.53", `${label}.${OWN}`, "MX");
    }
  }, DEGRADED);
  assertEquals(seen.lost, 0);
  const told = only(seen, "dns", ({ queryName }) => queryName.endsWith(OWN));
  assertEquals(
    told.map(({ queryName, queryType, rcode, tuple }) => `${queryName} ${queryType} ${rcode} ${tuple.dstIp}`),
    Object.entries({ ok: 0, nx: 3, late: 0, vers: 16 }).flatMap(([label, rcode]) => [
      `${label}.${OWN} 1 ${rcode} 127.0.0.53`,
      `${label}.${OWN} 28 ${rcode} ::1`,
      `${label}.${OWN} 15 ${rcode} 127.0.0.53`,
    ]),
  );
  for (const { owner, queryName, startNs, tsNs } of told) {
    assert(owner.pid > 0 && /^(dig|isc-net-0000)$/.test(owner.comm), `${owner.pid} ${owner.comm}`);
    assert(queryName !== `late.${OWN}` || tsNs - startNs >= 49.5e6);
  }
}, { needs: () => noDig });

kernelTest("without BTF: first bytes as curl has them, on both ends, by whom, and narrowed by name", async () => {
  await using curl = await ownCurl();
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async () => {
    await delay(40);
    return new Response("ok");
  });
  const { port } = server.addr;
  const theirs: number[] = [];
  const body = async () => {
    for (let i = 0; i < 9; i++) {
      const wanted = ["-w", "%{time_pretransfer} %{time_starttransfer}", `http://127.0.0.1:${port}/`];
      const [sent = NaN, first = NaN] = (await exec(curl.path, "-s", "-o", "/dev/null", ...wanted)).split(" ").map(
        Number,
      );
      theirs.push((first - sent) * 1000);
    }
  };
  const seen = await watched(body, DEGRADED);
  const turns = (role: string, from = seen) =>
    only(
      from,
      "exchange",
      ({ phase, role: is, tuple }) =>
        phase === "first" && is === role && (role === "client" ? tuple.dstPort : tuple.srcPort) === port,
    );
  const asked = turns("client");
  assertEquals(asked.length, 9);
  assert(asked.every(({ owner }) => owner.comm === curl.comm && owner.cgroupId !== 0n));
  const ours = asked.map(({ requestEnd, responseStart }) => (responseStart!.ns - requestEnd.ns) / 1e6);
  assert(Math.abs(median(ours) - median(theirs)) < 5, `${median(ours)} ms, curl ${median(theirs)} ms`);
  // The listener is older than the watch, so its side is nobody's; one that is made meanwhile is told on its own end too.
  assertEquals(turns("server").length, 0);
  const own = await watched(async () => {
    await using late = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
    for (let i = 0; i < 5; i++) await exec(curl.path, "-s", "-o", "/dev/null", `http://127.0.0.1:${late.addr.port}/`);
  }, { ...DEGRADED, pids: [Deno.pid] });
  const served = only(own, "exchange", ({ role, phase }) => role === "server" && phase === "end");
  assertEquals(served.length, 5);
  assert(served.every(({ owner, responseStart }) => owner.pid === Deno.pid && responseStart !== null));
  const narrowed = await watched(body, { ...DEGRADED, comm: curl.comm });
  assertEquals([turns("client", narrowed).length, narrowed.events.filter(({ owner }) => owner.comm !== curl.comm)], [
    9,
    [],
  ]);
});

const SERVE =
  `const held = []; for await (const one of Deno.listen({ hostname: "${Link.FAR}", port: 80 })) held.push(one);`;
const CLIENT = `const conn = await Deno.connect({ hostname: "${Link.FAR}", port: 80 });
  console.log("connected");
  await Deno.stdin.read(new Uint8Array(1));
  await conn.write(new Uint8Array(100));
  await new Promise(() => setTimeout(() => {}, 60_000));`;

kernelTest("without BTF: retransmissions as the namespace counts them, and whose they are", async () => {
  await using link = await Link.make();
  const server = link.far.command([Deno.execPath(), "eval", SERVE]).spawn();
  await link.far.listens(80);
  let client: Deno.ChildProcess | undefined;
  try {
    let counted = 0;
    const seen = await watched(async () => {
      client = link.near.command([Deno.execPath(), "eval", CLIENT], { stdin: "piped", stdout: "piped" }).spawn();
      await client.stdout.getReader().read();
      await link.far.rules(
        "add table ip dead",
        "add chain ip dead in { type filter hook input priority 0; }",
        "add rule ip dead in tcp dport 80 drop",
      );
      const before = await link.near.counter("Tcp", "RetransSegs");
      const writer = client.stdin.getWriter();
      await writer.write(new Uint8Array(1));
      await delay(2500);
      counted = await link.near.counter("Tcp", "RetransSegs") - before;
      writer.releaseLock();
    }, DEGRADED);
    const again = only(seen, "retransmit", ({ owner }) => owner.pid === client!.pid);
    assert(counted >= 3, `${counted}`);
    // One more may be sent between the reading of the counter and the end of the watch.
    assert(again.length === counted || again.length === counted + 1, `${again.length}, the kernel counted ${counted}`);
    assert(again.every(({ tuple }) => tuple.dstIp === Link.FAR && tuple.dstPort === 80));
  } finally {
    for (const child of [server, client]) {
      child?.kill("SIGKILL");
      await child?.status;
    }
  }
});

interface Smoke {
  readonly capability_mode: string;
  readonly attached: readonly string[];
  readonly missing: readonly { readonly probe: string; readonly reason: string }[];
}

kernelTest("the mode: found by itself where BTF is hidden, forced by --capability-mode, and said", async () => {
  const read = (text: string) => JSON.parse(text) as Smoke;
  const ask = ["--probe-smoke", "--json", "--disable-signals", "cpu_steal_pct"];
  const [hidden, powerless, forced, refused, usual] = await Promise.all([
    agent(ask, BTF_HIDDEN),
    agent(ask, [...BTF_HIDDEN, ...withoutCapabilities("sys_admin")]),
    agent([...ask, "--capability-mode", "bcc_degraded"]),
    agent(["--for", "1s", "--capability-mode", "core_full"], BTF_HIDDEN),
    agent(ask),
  ]);
  assertEquals([hidden.code, forced.code, refused.code, usual.code], [3, 0, 3, 0], hidden.err + forced.err);
  assertEquals(read(usual.out).capability_mode, "core_full");
  for (const { out } of [hidden, forced]) {
    const { capability_mode, attached, missing } = read(out);
    assertEquals([capability_mode, attached.filter((name) => name !== "cpu_steal")], ["bcc_degraded", PLAIN]);
    for (const { probe, reason } of missing.filter(({ probe }) => PROBES.some((spec) => spec.probe === probe))) {
      assertMatch(reason, /BTF/, probe);
    }
  }
  assertMatch(refused.err, /no BTF/);
  // Where tracefs is mounted this one has retransmissions too.
  const { attached, missing } = read(powerless.out);
  assertEquals(PLAIN.slice(0, 2).filter((probe) => !attached.includes(probe)), []);
  if (!attached.includes("tcp_retransmit")) {
    assertMatch(
      missing.find(({ probe }) => probe === "tcp_retransmit")!.reason,
      /tracefs (is not mounted|cannot be read)/,
    );
  }
}, { needs: () => noUnshare });
