/** The agent as people run it: what it prints, and what it refuses. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createSocket } from "node:dgram";
import { tryExec } from "../host/exec.ts";
import type { DiagnosisDocument } from "../model/diagnosis.ts";
import { quoteLongIntegers } from "../model/json.ts";
import { validate } from "../report/validate.ts";
import { PROBES } from "../kernel/probes.ts";
import { kernelTest } from "../testing/kernel.ts";
import { agent, type Ran } from "../testing/run_agent.ts";
import { ownCurl } from "../testing/own_curl.ts";
import { delay } from "../testing/watched.ts";

/** A port of this machine that nobody listens on. */
function closedPort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

/** The agent says there when it is ready. */
const asked = (port: number) => ["--metrics-bind", `127.0.0.1:${port}`];

/** Resolves when all of them have attached their probes, however long that takes on a busy machine. */
async function ready(...ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    for (let i = 0; i < 200; i++) {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
      await answer?.body?.cancel();
      if (answer?.status === 200) break;
      await delay(50);
    }
  }
}

/** A resolver that takes 60 ms and knows no name. */
async function badResolver(address: string): Promise<AsyncDisposable> {
  const socket = createSocket("udp4");
  socket.on("message", (query, asker) => {
    query[2] = 0x84;
    query[3] = 3;
    setTimeout(() => socket.send(query, asker.port, asker.address), 60);
  });
  await new Promise<void>((done, failed) => socket.once("error", failed).bind(53, address, done));
  return { [Symbol.asyncDispose]: () => new Promise<void>((done) => socket.close(() => done())) };
}

kernelTest("the diagnosis names what was slow and what failed, for scripts and for people", async () => {
  const resolver = "127.53.53.2";
  await using _dns = await badResolver(resolver);
  const port = closedPort();
  const [one, other] = [closedPort(), closedPort()];
  const running = Promise.all([
    agent(["--for", "5s", "--json", ...asked(one)]),
    agent(["--for", "5s", "--comm", "curl", ...asked(other)]),
  ]);
  await ready(one, other);
  for (let i = 0; i < 3; i++) await tryExec("curl", "-s", `http://127.0.0.1:${port}/`);
  for (let i = 0; i < 3; i++) await tryExec("dig", "+tries=1", `@${resolver}`, "nowhere.example.test");
  const [script, person] = await running;

  assertEquals([script.code, person.code], [0, 0], script.err + person.err);
  const document = JSON.parse(script.out) as DiagnosisDocument;
  assertEquals(validate("diagnosis/v1", document), []);
  const counts = (kind: string, peer: string) =>
    document.findings.filter((finding) => finding.kind === kind && finding.peer?.ip === peer)
      .reduce((sum, { count }) => sum + count, 0);
  assertEquals(document.findings.filter((f) => f.peer?.port === port).reduce((sum, f) => sum + f.count, 0), 3);
  assertEquals(counts("dns_latency_ms", resolver), 3);
  assertEquals(counts("dns_errors_total", resolver), 3);
  assertEquals(document.drops, 0);
  // System calls are of a target or of nobody; stolen time is told where the hypervisor tells it.
  const attached = document.coverage.attached.filter((probe) => probe !== "cpu_steal");
  assertEquals(attached, PROBES.map(({ probe }) => probe).filter((probe) => probe !== "syscall_latency"));
  const calls = document.coverage.missing.find(({ probe }) => probe === "syscall_latency_ms");
  assert(calls?.by_choice && /no target was named/.test(calls.reason));
  assert(document.cost.cpu_pct !== null && document.cost.bpf_ns_per_event !== null);
  assert(document.window.seconds >= 5 && document.window.seconds < 8, `${document.window.seconds}`);

  assertStringIncludes(person.out, `could not connect to 127.0.0.1:${port}`);
  assertStringIncludes(person.out, "ECONNREFUSED");
  assert(!person.out.includes(resolver), "--comm narrows it to curl");
});

kernelTest("every line of --output is a valid ProbeEvent of the version asked for", async () => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
  const folder = await Deno.makeTempDir({ prefix: "sloctl-agent-" });
  const file = `${folder}/events.jsonl`;
  await using curl = await ownCurl();
  try {
    const place = ["--node", "n1", "--namespace", "ns1", "--pod", "p1", "--container", "c1"];
    const ports = [closedPort(), closedPort(), closedPort()] as const;
    const running = Promise.all([
      agent(["--for", "5s", "--output", "stdout", "--event-schema", "v1alpha1", ...place, ...asked(ports[0])]),
      agent(["--for", "5s", "--output", "jsonl", "--output-path", file, ...asked(ports[1])]),
      agent(["--for", "5s", "--output-path", "-", "--event-kind", "both", "--comm", curl.comm, ...asked(ports[2])]),
    ]);
    await ready(...ports);
    for (let i = 0; i < 5; i++) await tryExec(curl.path, "-s", `http://127.0.0.1:${server.addr.port}/`);
    await tryExec(curl.path, "-s", `http://127.0.0.1:${closedPort()}/`);
    const [old, written, both] = await running;
    assertEquals([old.code, written.code, both.code], [0, 0, 0], old.err + written.err + both.err);

    const documents = (text: string) => text.trim().split("\n").map((line) => JSON.parse(line));
    const first = documents(old.out);
    for (const document of first) assertEquals(validate("probe-event/v1alpha1", document), []);
    assertEquals([first[0].node, first[0].namespace, first[0].pod, first[0].container], ["n1", "ns1", "p1", "c1"]);

    const lines = await Deno.readTextFile(file);
    assertEquals(written.out, "");
    for (const document of documents(lines)) assertEquals(validate("probe-event/v1alpha2", document), []);
    const ours = documents(lines).filter(({ process }) => process?.comm === curl.comm);
    const signals = (name: string) => ours.filter(({ signal }) => signal === name).length;
    assertEquals([signals("connect_latency_ms"), signals("stream_ttft_ms"), signals("connect_errors_total")], [
      5,
      5,
      1,
    ]);
    // To the nanosecond, and now.
    const stamp = /"ts_unix_nano":"(\d{19})"/.exec(quoteLongIntegers(lines))?.[1];
    assert(Math.abs(Number(stamp) / 1e6 - Date.now()) < 60_000, `${stamp}`);

    for (const { kind, payload } of documents(both.out)) {
      assertEquals(kind, "probe");
      assertEquals(validate("probe-event/v1alpha2", payload), []);
      assertEquals(payload.process.comm, curl.comm);
    }
    assertStringIncludes(both.err, "no SLO events will come");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const DISABLED =
  "runqueue_delay_ms,cfs_throttled_ms,tls_handshake_ms,tls_handshake_fail_total,cpu_steal_pct,syscall_latency_ms";

kernelTest("--count ends the stream, --disable-signals leaves out, --probe-smoke says what attaches", async () => {
  const [counted, without, smoke] = await Promise.all([
    agent(["--count", "4"]),
    agent(["--for", "1s", "--json", "--disable-signals", DISABLED]),
    agent(["--probe-smoke"]),
  ]);
  assertEquals(counted.code, 0, counted.err);
  assertEquals(counted.out.trim().split("\n").length, 4);
  const { coverage } = JSON.parse(without.out) as DiagnosisDocument;
  assertEquals(
    coverage.attached,
    ["dns_latency", "connect_latency", "stream", "tcp_retransmit", "mem_reclaim", "disk_io"],
  );
  assertEquals(coverage.missing.map(({ probe, reason }) => [probe, reason]), [
    ["tls_handshake", "switched off by --disable-signals"],
    ["runqueue_delay", "switched off by --disable-signals"],
    ["syscall_latency", "switched off by --disable-signals"],
  ]);
  assertEquals(smoke.code, 0, smoke.err);
  for (const { probe } of PROBES) assertMatch(smoke.out, new RegExp(`^ *${probe} +attached`, "m"));
});

kernelTest("without the rights, and with what cannot be, one line says so and nothing is written", async () => {
  const noCaps = ["setpriv", "--bounding-set", "-bpf,-perfmon,-sys_admin,-net_admin"];
  const table: [Promise<Ran>, number, string][] = [
    [agent(["--for", "1s"], noCaps), 3, "this process lacks CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN"],
    [agent(["--for", "1s", "--cgroup", "/no/such"]), 2, 'Cannot watch cgroup "/no/such": there is none of that name'],
    [agent(["--for", "1s", "--output-path", "/no/such/file"]), 4, "the folder does not exist"],
    [agent(["--for", "1s", "--pid", "x"]), 2, 'Cannot watch pid "x"'],
    [agent(["--source", "replay"]), 2, "no recording is named"],
    [agent(["--event-kind", "slo"]), 3, "made from spans"],
  ];
  for (const [running, code, message] of table) {
    const { code: got, out, err } = await running;
    assertEquals([got, out], [code, ""], err);
    assertStringIncludes(err, message);
  }
  // Half of the rights: the half that works is attached, the other half is named.
  const half = await agent(["--for", "1s", "--json"], ["setpriv", "--bounding-set", "-net_admin,-sys_admin"]);
  assertEquals(half.code, 0, half.err);
  const { coverage } = JSON.parse(half.out) as DiagnosisDocument;
  const refused = coverage.missing.filter(({ by_choice }) => !by_choice).map(({ probe }) => probe);
  const packets = ["dns_latency", "connect_latency", "tls_handshake", "stream"];
  assertEquals(refused.filter((probe) => probe !== "cpu_steal_pct"), packets);
  assertMatch(coverage.missing[0]!.reason, /EPERM/);
});
