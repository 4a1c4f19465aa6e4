import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { ProbeEvent } from "../../model/probe_event.ts";
import { type Attributes, type Span, SPAN_KIND } from "../../model/span.ts";
import { EvidenceJoin } from "./evidence_join.ts";

const T0 = 1_767_225_600_000_000_000n;
const ns = (ms: number) => T0 + BigInt(Math.round(ms * 1e6));
const GATEWAY = { "service.name": "gw", "process.pid": 900, "host.name": "n1" };
const TRACE = "0af7651916cd43dd8448eb211c80319c";

function span(id: string, parent: string, ms: [number, number], more: Partial<Span> = {}): Span {
  return {
    traceId: TRACE,
    spanId: id.repeat(16),
    parentSpanId: parent.repeat(16),
    name: id,
    kind: SPAN_KIND.client,
    startNs: ns(ms[0]),
    endNs: ns(ms[1]),
    attributes: {},
    events: [],
    statusCode: 0,
    statusMessage: "",
    resource: GATEWAY,
    scope: "",
    ...more,
  };
}

function probe(signal: string, endMs: number, value: number, more: Partial<Record<string, unknown>> = {}): ProbeEvent {
  return {
    schema: "probe_event/v1alpha2",
    ts_unix_nano: ns(endMs),
    signal,
    node: "n1",
    namespace: "",
    pod: "",
    container: "",
    pid: 900,
    tid: 900,
    value,
    unit: "ms",
    status: "ok",
    cgroup: "/gateway",
    ...more,
  } as ProbeEvent;
}

const conn = (port: number, to = "10.0.0.9", toPort = 443) => ({
  conn_tuple: { src_ip: "10.0.0.2", dst_ip: to, src_port: port, dst_port: toPort, protocol: "tcp" },
});
const wire = (id: string, role: string) => ({ trace_id: TRACE, span_id: id.repeat(16), attributes: { role } });

/** A request: it asks retrieval on a new connection, then the provider, which refuses it once. */
const entry = span("a", "", [0, 1000], { kind: SPAN_KIND.server, parentSpanId: "f".repeat(16) });
const retrieval = span("b", "a", [10, 70], { attributes: { "gen_ai.operation.name": "retrieval" } });
const chat = span("c", "a", [100, 990], { attributes: { "gen_ai.operation.name": "chat" } });
const probes = [
  probe("dns_latency_ms", 30, 18),
  probe("dns_latency_ms", 28, 16),
  probe("connect_latency_ms", 32, 2, conn(1, "10.0.0.7", 6333)),
  probe("tls_handshake_ms", 40, 8, conn(1, "10.0.0.7", 6333)),
  probe("stream_ttft_ms", 65, 24, { ...conn(1, "10.0.0.7", 6333), ...wire("b", "client") }),
  probe("connect_latency_ms", 112, 2, conn(2)),
  probe("stream_ttft_ms", 140, 20, { ...conn(2), ...wire("c", "client") }),
  probe("stream_ttft_ms", 700, 50, { ...conn(2), ...wire("c", "client") }),
  probe("runqueue_delay_ms", 300, 12),
  probe("stream_ttft_ms", 710, 705, wire("f", "server")),
];

function joined(spans: readonly Span[], signals: readonly ProbeEvent[]) {
  const join = new EvidenceJoin({ epochNs: T0 });
  const tickets = spans.map((one) => join.addSpan(one));
  for (const one of signals) assert(join.addProbe(one));
  return { join, evidence: tickets.map((ticket) => join.evidence(ticket)) };
}

Deno.test("each span of a request gets what happened in it, and no other does", () => {
  const { join, evidence: [server, ask, call] } = joined([entry, retrieval, chat], probes);
  assertEquals(server!.attributes, { "llm.slo.ttft_ms": 705 });
  assertEquals(server!.kernelTtftMs, 705);
  assertEquals(ask!.attributes, {
    "llm.ebpf.dns.latency_ms": 16,
    "llm.ebpf.net.connect_latency_ms": 2,
    "llm.ebpf.tls.handshake_ms": 8,
    "llm.ebpf.correlation_confidence": 0.9,
    "llm.ebpf.retrieval.kernel_attributed_ms": 28, // 12..30, 30..32, 32..40
    "llm.slo.retrieval.dns_ms": 18,
    "llm.slo.retrieval.network_ms": 10,
    "llm.slo.retrieval.vectordb_ms": 32,
  });
  assertEquals(ask!.chosen.length, 3);
  assertEquals(call!.attributes, {
    "llm.ebpf.net.connect_latency_ms": 2,
    "llm.ebpf.sched.runqueue_delay_ms": 12,
    "llm.ebpf.correlation_confidence": 0.9,
    "llm.ebpf.retry.attempts": 2,
    "llm.ebpf.retry.backoff_ms": 510, // answered at 140, asked again at 650
    "llm.ebpf.retry.outcome": "recovered",
  });
  assertEquals(Object.fromEntries(join.stats.sure), { trace_id_exact: 4, pod_pid_100ms: 6 });
  assertEquals(join.stats.unsure.size, 0);
});

Deno.test("the order in which everything comes makes no difference", () => {
  const expected = joined([entry, retrieval, chat], probes).evidence.map(({ attributes }) => attributes);
  const join = new EvidenceJoin({ epochNs: T0 });
  for (const one of probes.toReversed()) join.addProbe(one);
  const tickets = [chat, retrieval, entry].map((one) => join.addSpan(one));
  assertEquals(tickets.map((ticket) => join.evidence(ticket).attributes).reverse(), expected);
});

Deno.test("two requests at once in one process: a look-up without a trace is a guess, and enriches neither", () => {
  const other = { ...chat, traceId: "b".repeat(32), parentSpanId: "" };
  const { join, evidence } = joined([chat, other], [probe("dns_latency_ms", 300, 18)]);
  assertEquals(evidence.map(({ attributes }) => attributes), [{}, {}]);
  assertEquals(Object.fromEntries(join.stats.unsure), { pod_pid_100ms: 2 });
  const [ticket] = [join.addSpan(chat)];
  assertAlmostEquals(join.joins(ticket!)[0]!.confidence, 0.9 / join.joins(ticket!)[0]!.k);
});

Deno.test("a retry storm is told by every span of its pod that was under way", () => {
  const resent = [0, 2500, 5000, 7500, 9999].map((ms) =>
    probe("tcp_retransmits_total", ms, 1, { pid: 0, unit: "count" })
  );
  const learned = probe("runqueue_delay_ms", 0, 5);
  const late = { ...chat, traceId: "b".repeat(32), startNs: ns(20_000), endNs: ns(21_000) };
  // They have no process; the control group says whose they are.
  const signals = [learned, ...resent.map((one) => ({ ...one, pid: 900 }))];
  const { evidence: [during, after], join } = joined([entry, late], signals);
  assertEquals(during!.attributes["llm.ebpf.tcp.retry_storm"], true);
  assertEquals(after!.attributes["llm.ebpf.tcp.retry_storm"], undefined);
  assertEquals(join.stats.stormy, 1);
});

Deno.test("where a process is: pod before node, the only node for who does not say, nothing between two", () => {
  const rows: readonly (readonly [string, Attributes, Partial<Record<string, unknown>>, boolean])[] = [
    ["same node and pid", { "host.name": "n1" }, {}, true],
    ["another node", { "host.name": "n2" }, {}, false],
    ["says no node: there is only one", {}, {}, true],
    ["same pod", { "k8s.pod.name": "p", "host.name": "p" }, { pod: "p" }, true],
    ["its host name is its pod's", { "host.name": "p" }, { pod: "p" }, true],
    ["another pod", { "k8s.pod.name": "q" }, { pod: "p" }, false],
    ["a pod that the event does not know", { "k8s.pod.name": "q" }, {}, false],
  ];
  for (const [name, resource, where, hit] of rows) {
    const one = span("a", "", [0, 100], { resource: { "process.pid": 900, ...resource } });
    for (const order of ["event first", "span first"]) {
      const join = new EvidenceJoin({ epochNs: T0 });
      if (order === "event first") join.addProbe(probe("dns_latency_ms", 50, 5, where));
      else if (name.startsWith("its host name")) continue; // a pod is known by its events
      const ticket = join.addSpan(one);
      if (order === "span first") join.addProbe(probe("dns_latency_ms", 50, 5, where));
      assertEquals(join.evidence(ticket).joined.length, hit ? 1 : 0, `${name}, ${order}`);
    }
  }
  const join = new EvidenceJoin({ epochNs: T0 });
  for (const node of ["n1", "n2"]) join.addProbe(probe("dns_latency_ms", 50, 5, { node }));
  const nowhere = join.addSpan(span("a", "", [0, 100], { resource: { "process.pid": 900 } }));
  assertEquals(join.evidence(nowhere).joined, []);
});

Deno.test("a connection named by the span joins where the process does not", () => {
  const attributes = {
    "network.local.address": "10.0.0.2",
    "network.local.port": 5,
    "network.peer.address": "10.0.0.9",
    "network.peer.port": 443,
  };
  const resource = { "k8s.pod.name": "p", "process.pid": 1 }; // a pid of its own namespace
  const one = span("a", "", [0, 100], { attributes, resource });
  const { evidence: [got] } = joined([one], [probe("connect_latency_ms", 50, 3, { pod: "p", ...conn(5) })]);
  assertEquals(got!.joined.map(({ tier }) => tier), ["pod_conn_250ms"]);
});

Deno.test("documents that are out of all proportion are refused, or lose what cannot be kept", () => {
  const join = new EvidenceJoin({ epochNs: T0 });
  const long = "x".repeat(1_000_000);
  for (const key of ["signal", "node", "pod", "namespace", "container"]) {
    assertEquals(join.addProbe({ ...probe("dns_latency_ms", 5, 1), [key]: long } as ProbeEvent), false, key);
  }
  const odd = [
    { conn_tuple: { src_ip: long, dst_ip: {}, src_port: "x", dst_port: null, protocol: 5 } },
    { trace_id: long, span_id: long },
    { ts_unix_nano: -(10n ** 30n) },
    { ts_unix_nano: 10n ** 30n },
    { value: 1e300, pid: -5 },
    { attributes: [], cgroup: long },
  ];
  for (const change of odd) assert(join.addProbe({ ...probe("connect_latency_ms", 5, 1), ...change } as ProbeEvent));
  const ticket = join.addSpan(span("a", "", [0, 100], { startNs: 0n, endNs: 2n ** 64n - 1n }));
  assert(join.evidence(ticket).joined.length > 0);
});

const POD = { pod: "chat-7f", namespace: "shop", container: "chat" };
const inPod = (nsPid: number, more: Readonly<Record<string, unknown>> = {}) => ({
  ...POD,
  ...more,
  pid: 41_000 + nsPid,
  tid: 41_000 + nsPid,
  attributes: { ns_pid: nsPid, container_id: "c1", pod_uid: "u1", service: "chat" },
});

Deno.test("in a pod a process is known by the pid it has inside, as its spans say it", () => {
  const rows: [string, Attributes][] = [
    ["by the pod's name", { "k8s.pod.name": "chat-7f" }],
    ["by the host name, which is the pod's", { "host.name": "chat-7f" }],
    ["by the container's id", { "container.id": "c1" }],
    ["by the pod's uid", { "k8s.pod.uid": "u1" }],
  ];
  for (const [what, resource] of rows) {
    const mine = span("a", "", [0, 1000], { resource: { "service.name": "chat", "process.pid": 7, ...resource } });
    const join = new EvidenceJoin({ epochNs: T0 });
    assert(join.addProbe(probe("runqueue_delay_ms", 300, 12, inPod(7))));
    assert(join.addProbe(probe("runqueue_delay_ms", 400, 40, inPod(8))));
    const { attributes } = join.evidence(join.addSpan(mine));
    assertEquals(attributes["llm.ebpf.sched.runqueue_delay_ms"], 12, what);
    assertEquals(attributes["llm.ebpf.correlation_confidence"], 0.9, what);
  }
});

Deno.test("two containers of a pod that have a process of one number: neither is taken for the other", () => {
  const resource = { "service.name": "chat", "process.pid": 1, "k8s.pod.name": "chat-7f", "k8s.node.name": "n1" };
  const { join, evidence } = joined([span("a", "", [0, 1000], { resource })], [
    probe("stream_gap_ms", 100, 20, inPod(1, { container: "proxy" })),
    probe("runqueue_delay_ms", 300, 12, inPod(1)),
    probe("runqueue_delay_ms", 400, 40, inPod(1, { container: "proxy" })),
  ]);
  assertEquals(evidence[0]!.attributes["llm.ebpf.sched.runqueue_delay_ms"], undefined);
  assertEquals(join.stats.unsure.get("svc_node_500ms"), 2, "the same service on the same node is a guess");
});
