import { assert, assertEquals } from "@std/assert";
import type { ConnectEvent, DnsEvent, ExchangeEvent, KernelEvent } from "../model/kernel_event.ts";
import type { ProbeEventV1Alpha2 } from "../model/probe_event.ts";
import { parseProbeEvent, serializeProbeEvent } from "./probe_event_json.ts";
import { type ProbeEventContext, toProbeEvents } from "./probe_event.ts";

const owner = { pid: 10, tid: 11, comm: "curl", cgroupId: 5n, netns: 4026531840 };
const tuple = { srcIp: "10.0.0.2", srcPort: 40000, dstIp: "10.0.0.1", dstPort: 80, protocol: "tcp" } as const;
const MS = 1e6;
const stamp = (ms: number) => ({ ns: ms * MS, clock: null });

const dns = (rcode: number | null): DnsEvent => ({
  kind: "dns",
  tsNs: 152 * MS,
  startNs: 0,
  owner,
  tuple: { ...tuple, dstPort: 53, protocol: "udp" },
  queryName: "api.example.com",
  queryType: 28,
  queryId: 7,
  cookie: "5",
  packets: 1,
  rcode,
  answers: rcode === 0 ? 1 : 0,
  truncated: false,
  abandoned: false,
  errno: 0,
  resolution: "12.0",
  startClock: null,
  endClock: null,
});
const connect = (errno: number): ConnectEvent => ({
  kind: "connect",
  tsNs: 2 * MS,
  startNs: MS,
  owner,
  tuple,
  cookie: errno === 0 ? "99" : "0",
  errno,
  startClock: null,
  endClock: null,
});
const exchange = (change: Partial<ExchangeEvent> = {}): ExchangeEvent => ({
  kind: "exchange",
  phase: "first",
  role: "client",
  tsNs: 900 * MS,
  owner,
  tuple,
  cookie: "99",
  turn: 2,
  preexisting: false,
  shared: false,
  requestStart: stamp(1),
  requestEnd: stamp(2),
  responseStart: stamp(852.5),
  responseEnd: null,
  firstRead: stamp(853),
  bytesOut: 10,
  bytesIn: 20,
  chunks: 1,
  maxGapNs: 0,
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  ...change,
});

const BASE = 1_790_000_000_123_456_789n;
const context: ProbeEventContext = {
  node: "n1",
  namespace: "",
  pod: "",
  container: "",
  toUnixNs: (ns) => BASE + BigInt(Math.round(ns)),
  process: () => ({ exe: "/usr/bin/curl", cgroup: "/x" }),
  schemaVersion: "v1alpha2",
};
const told = (event: KernelEvent) =>
  toProbeEvents(event, context).map((e) => `${e.signal} ${e.value} ${e.status} ${e.ts_unix_nano - BASE}`);

Deno.test("each occurrence is told once, by the contract", () => {
  const gap: KernelEvent = {
    kind: "gap",
    tsNs: 50 * MS,
    startNs: 30 * MS,
    owner,
    role: "server",
    tuple,
    cookie: "9",
    traceId: null,
  };
  const sum: KernelEvent = {
    kind: "wait_sum",
    tsNs: 7,
    owner,
    runqNs: 3 * MS,
    runqCount: 40,
    throttledNs: 0,
    throttledCount: 0,
    runqCounts: [0, 30, 10, 0, 0, 0, 0, 0],
  };
  const rows: [string, KernelEvent, string[]][] = [
    ["answered", dns(0), ["dns_latency_ms 152 warning 152000000"]],
    ["NXDOMAIN", dns(3), ["dns_latency_ms 152 warning 152000000", "dns_errors_total 1 error 152000000"]],
    ["unanswered", dns(null), ["dns_errors_total 1 error 152000000"]],
    ["connected", connect(0), ["connect_latency_ms 1 ok 2000000"]],
    ["refused", connect(111), ["connect_errors_total 1 error 2000000"]],
    ["first byte", exchange(), ["stream_ttft_ms 850.5 warning 852500000"]],
    ["read late", { ...gap, kind: "unread" }, ["socket_wait_ms 20 warning 50000000"]],
    ["end of the turn", exchange({ phase: "end" }), []],
    ["a shared connection is no request", exchange({ shared: true, firstRead: stamp(900) }), []],
    ["no answer", exchange({ responseStart: null, firstRead: null }), []],
    ["gap", gap, ["stream_gap_ms 20 ok 50000000"]],
    ["run queue", { kind: "runq", tsNs: 12 * MS, startNs: MS, owner }, ["runqueue_delay_ms 11 warning 12000000"]],
    ["throttled", { kind: "throttled", tsNs: 3 * MS, startNs: MS, owner }, ["cfs_throttled_ms 2 ok 3000000"]],
    ["sum", sum, ["runqueue_delay_ms 3 ok 7"]],
  ];
  for (const [name, event, expected] of rows) assertEquals(told(event), expected, name);
});

Deno.test("a connect that failed and nobody knows why has no errno", () => {
  const [unknown] = toProbeEvents(connect(4095), context) as ProbeEventV1Alpha2[];
  assertEquals(unknown!.errno, undefined);
  assertEquals(unknown!.attributes, { cause: "unknown", reason: "other", duration_ms: 1 });
});

Deno.test("a v1alpha2 document has all that is known, and leaves out what is not", () => {
  assertEquals(toProbeEvents(connect(111), context), [{
    ts_unix_nano: BASE + 2_000_000n,
    signal: "connect_errors_total",
    node: "n1",
    namespace: "",
    pod: "",
    container: "",
    pid: 10,
    tid: 11,
    value: 1,
    unit: "count",
    status: "error",
    conn_tuple: { src_ip: "10.0.0.2", dst_ip: "10.0.0.1", src_port: 40000, dst_port: 80, protocol: "tcp" },
    errno: 111,
    schema: "probe_event/v1alpha2",
    process: { comm: "curl", exe: "/usr/bin/curl" },
    cgroup: "/x",
    netns: 4026531840,
    attributes: { cause: "ECONNREFUSED", reason: "refused", duration_ms: 1 },
  }]);
  const [answer] = toProbeEvents(dns(0), { ...context, process: () => undefined }) as ProbeEventV1Alpha2[];
  const asked = { query_name: "api.example.com", query_type: "AAAA", query_id: 7, cookie: "5", resolution: "12.0" };
  assertEquals(answer?.attributes, { ...asked, rcode: 0, answers: 1 });
  const told = (change: Partial<DnsEvent>) => {
    const [document] = toProbeEvents({ ...dns(null), ...change }, context) as ProbeEventV1Alpha2[];
    return [document?.signal, document?.errno, document?.attributes];
  };
  const failed = (cause: string) => ({ ...asked, cause, duration_ms: 152 });
  assertEquals(told({}), ["dns_errors_total", undefined, failed("timeout")]);
  assertEquals(told({ abandoned: true }), ["dns_errors_total", undefined, failed("abandoned")]);
  assertEquals(told({ errno: 111, packets: 2 }), [
    "dns_errors_total",
    111,
    { ...failed("ECONNREFUSED"), packets: 2 },
  ]);
  assertEquals([answer?.process, answer !== undefined && "cgroup" in answer], [{ comm: "curl" }, false]);
  const [first] = toProbeEvents(exchange(), context);
  assertEquals([first?.trace_id, first?.span_id], ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"]);
});

Deno.test("v1alpha1 is v1alpha2 without the added keys", () => {
  const old = { ...context, schemaVersion: "v1alpha1" } as const;
  for (const event of [dns(3), connect(0), connect(111), exchange()]) {
    const stripped = toProbeEvents(event, context).map((document) => {
      const { schema: _1, process: _2, cgroup: _3, netns: _4, attributes: _5, histogram: _6, ...rest } =
        document as ProbeEventV1Alpha2;
      return rest;
    });
    assertEquals(toProbeEvents(event, old) as unknown[], stripped);
  }
});

Deno.test("a line keeps every digit of its time, both ways and in both versions", () => {
  for (const schemaVersion of ["v1alpha1", "v1alpha2"] as const) {
    for (const event of toProbeEvents(dns(3), { ...context, schemaVersion })) {
      const line = serializeProbeEvent(event);
      assert(line.startsWith(`{"ts_unix_nano":${event.ts_unix_nano},"`), line);
      assertEquals(parseProbeEvent(line), { ok: true, event });
      assertEquals(parseProbeEvent(`{"kind":"probe","payload":${line}}`), { ok: true, event });
    }
  }
});

Deno.test("a line that is no ProbeEvent is refused with its reason", () => {
  const good = serializeProbeEvent(toProbeEvents(connect(0), context)[0]!);
  const rows: [string, string][] = [
    ["{", "not JSON"],
    ["[]", "not an object"],
    [good.replace(/"ts_unix_nano":\d+/, '"ts_unix_nano":1.79e18'), "ts_unix_nano is not an integer"],
    [good.replace(/"ts_unix_nano":\d+/, '"ts_unix_nano":"1"'), "ts_unix_nano is not an integer"],
    [good.replace('"node":"n1",', ""), "node is not a string"],
    [good.replace('"pid":10', '"pid":1.5'), "pid is not an integer"],
    [good.replace('"status":"ok"', '"status":"fine"'), "status is none of ok, warning, error"],
    [good.replace(/"conn_tuple":\{[^}]*\}/, '"conn_tuple":"a->b"'), "conn_tuple is not an object"],
  ];
  for (const [line, reason] of rows) assertEquals(parseProbeEvent(line), { ok: false, reason }, line);
});
