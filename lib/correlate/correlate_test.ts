import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import { correlate, type Match } from "./correlate.ts";
import { enrich } from "./enrich.ts";
import { connKey, type SignalSubject, sinceNs, type SpanSubject, type Subject } from "./subject.ts";

const MS = 1e6;
const span = (who: Subject, startMs = 1000, endMs = startMs): SpanSubject => ({
  ...who,
  startNs: startMs * MS,
  endNs: endMs * MS,
});
const signal = (who: Subject, atMs = 1000): SignalSubject => ({ ...who, tsNs: atMs * MS });
const brief = (matches: readonly Match[]) => matches.map((m) => [m.span, m.signal, m.tier, m.confidence]);

const A = { traceId: "aa", pod: "p", pid: 7, conn: "10.0.0.1:5->10.0.0.2:80", service: "s", node: "n" };

Deno.test("tiers, windows and keys, one pair a row", () => {
  const podPid = { pod: "p", pid: 7 };
  const podConn = { pod: "p", conn: A.conn };
  const svcNode = { service: "s", node: "n" };
  const rows: readonly (readonly [string, Subject, Subject, number, string | null])[] = [
    ["exact wins over all", A, A, 0, "trace_id_exact"],
    ["exact at the window", A, { traceId: "aa" }, 2000, "trace_id_exact"],
    ["exact, ids in either case", A, { traceId: "AA" }, 0, "trace_id_exact"],
    ["exact beyond the window", { traceId: "aa" }, { traceId: "aa" }, 2000.001, null],
    ["known trace out of window never falls to a weaker tier", A, A, 2500, null],
    ["unknown trace falls to a weaker tier", A, { ...A, traceId: "bb" }, 30, "pod_pid_100ms"],
    ["pid at its window", podPid, podPid, 100, "pod_pid_100ms"],
    ["pid before the span", podPid, podPid, -100, "pod_pid_100ms"],
    ["pid beyond its window", podPid, podPid, 100.001, null],
    ["other pid", podPid, { pod: "p", pid: 8 }, 0, null],
    ["other pod", podPid, { pod: "q", pid: 7 }, 0, null],
    ["pid 0", { pod: "p", pid: 0 }, { pod: "p", pid: 0 }, 0, null],
    ["pid without pod", { pid: 7 }, { pid: 7 }, 0, null],
    ["empty pod", { pod: "", pid: 7 }, { pod: "", pid: 7 }, 0, null],
    ["conn at its window", podConn, podConn, 250, "pod_conn_250ms"],
    ["conn beyond its window", podConn, podConn, 250.001, null],
    ["conn, other direction", podConn, { pod: "p", conn: "10.0.0.2:80->10.0.0.1:5" }, 0, "pod_conn_250ms"],
    ["conn with protocol", podConn, { pod: "p", conn: "10.0.0.1:5->10.0.0.2:80/tcp" }, 0, "pod_conn_250ms"],
    ["other port", podConn, { pod: "p", conn: "10.0.0.1:6->10.0.0.2:80" }, 0, null],
    ["conn of another pod", podConn, { pod: "q", conn: A.conn }, 0, null],
    ["pid too late, conn in time", { ...podPid, conn: A.conn }, { ...podPid, conn: A.conn }, 150, "pod_conn_250ms"],
    ["service and node at their window", svcNode, svcNode, 500, "svc_node_500ms"],
    ["service and node beyond it", svcNode, svcNode, 500.001, null],
    ["service without node", { service: "s" }, { service: "s" }, 0, null],
    ["nothing in common", {}, {}, 0, null],
  ];
  for (const [name, one, other, offsetMs, tier] of rows) {
    const got = correlate([span(one)], [signal(other, 1000 + offsetMs)]);
    assertEquals(got[0]?.tier ?? null, tier, name);
    const worth = { trace_id_exact: 1, pod_pid_100ms: 0.9, pod_conn_250ms: 0.8, svc_node_500ms: 0.65 };
    if (got[0] !== undefined) assertEquals(got[0].confidence, worth[got[0].tier], name);
  }
});

Deno.test("a span has an interval: inside it the distance is 0", () => {
  const long = span({ pod: "p", pid: 7 }, 1000, 5000);
  const at = (ms: number) => correlate([long], [signal({ pod: "p", pid: 7 }, ms)])[0]?.distanceNs;
  assertEquals([at(1000), at(3000), at(5000), at(5100), at(900)], [0, 0, 0, 100 * MS, 100 * MS]);
  assertEquals([at(5100.001), at(899)], [undefined, undefined]);
});

Deno.test("the caller's window caps every tier", () => {
  const at = (who: Subject, ms: number) => correlate([span(who)], [signal(who, 1000 + ms)], { windowMs: 50 }).length;
  for (const who of [{ traceId: "a" }, { pod: "p", pid: 7 }, { service: "s", node: "n" }]) {
    assertEquals([at(who, 50), at(who, 50.001)], [1, 0]);
  }
  assertEquals(correlate([span(A)], [signal(A)], { windowMs: 0 }).length, 1);
  for (const windowMs of [-1, NaN]) assertThrows(() => correlate([], [], { windowMs }), UsageError);
});

Deno.test("k spans that compete share the confidence", () => {
  const who = { pod: "p", pid: 7 };
  const two = correlate([span(who, 1000), span(who, 1040)], [signal(who, 1030)]);
  assertEquals(brief(two), [[1, 0, "pod_pid_100ms", 0.45], [0, 0, "pod_pid_100ms", 0.45]]);
  assertEquals(two[0]?.reason, "same pod and pid, 10.000 ms from the span, one of 2 spans");
  const three = correlate([1, 2, 3].map((ms) => span({ traceId: "t" }, ms)), [signal({ traceId: "t" }, 2)]);
  assertAlmostEquals(three[0]!.confidence, 1 / 3);
  // A rival outside the window does not compete.
  assertEquals(correlate([span(who, 1000), span(who, 2000)], [signal(who)])[0]?.k, 1);
  // A rival at a weaker tier does not compete either.
  const mixed = correlate([span(A), span({ pod: "p", pid: 7 })], [signal(A)]);
  assertEquals(brief(mixed), [[0, 0, "trace_id_exact", 1]]);
});

Deno.test("a span id settles which span of the trace is meant", () => {
  const spans = [span({ traceId: "t", spanId: "01" }, 0, 9), span({ traceId: "t", spanId: "0b" }, 2, 5)];
  assertEquals(brief(correlate(spans, [signal({ traceId: "t", spanId: "0B" }, 3)])), [[1, 0, "trace_id_exact", 1]]);
  assertEquals(correlate(spans, [signal({ traceId: "t", spanId: "ff" }, 3)]).map((m) => m.confidence), [0.5, 0.5]);
});

Deno.test("times that are no times join nothing", () => {
  const bad: SpanSubject = { traceId: "t", startNs: NaN, endNs: 5 };
  const reversed: SpanSubject = { traceId: "t", startNs: 9, endNs: 5 };
  assertEquals(correlate([bad, reversed], [signal({ traceId: "t" }, 0)]), []);
  assertEquals(correlate([span({ traceId: "t" })], [{ traceId: "t", tsNs: NaN }]), []);
});

Deno.test("enrich: from 0.70, at most three, best then nearest", () => {
  const spans = [span({ ...A }, 1000, 1100), span({ service: "s", node: "n" }, 9000)];
  const signals = [
    signal({ pod: "p", pid: 7 }, 1150),
    signal({ traceId: "aa" }, 1300),
    signal({ pod: "p", pid: 7 }, 1050),
    signal({ pod: "p", conn: A.conn }, 1050),
    signal({ service: "s", node: "n" }, 9000),
  ];
  const got = enrich(correlate(spans, signals));
  assertEquals([...got].map(([one, list]) => [one, list.map((m) => m.signal)]), [[0, [1, 2, 0]]]);
  assertEquals(enrich(correlate(spans, signals), { threshold: 0.65 }).get(1)?.length, 1);
  assertEquals(enrich(correlate([span(A), span(A)], [signal({ pod: "p", pid: 7 })])).size, 0);
});

Deno.test("connKey has one spelling per connection", () => {
  const tuple = { srcIp: "fd00::1", srcPort: 5, dstIp: "fd00::2", dstPort: 80, protocol: "tcp" } as const;
  assertEquals(connKey(tuple), connKey("[fd00::2]:80->[fd00::1]:5".replaceAll(/[[\]]/g, "")));
  for (const none of [undefined, "", "10.0.0.1:5", "->", "10.0.0.1:5->"]) assertEquals(connKey(none), "");
});

Deno.test("the index finds what a full comparison finds", () => {
  let state = 7;
  const random = (below: number) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % below;
  const who = () => ({ pod: `p${random(3)}`, pid: random(4), service: "s", node: `n${random(2)}` });
  const spans = Array.from({ length: 300 }, () => {
    const start = random(20_000);
    return span(who(), start, start + random(10) ** 3);
  });
  const signals = Array.from({ length: 300 }, () => signal(who(), random(20_000)));
  const indexed = correlate(spans, signals);
  const oneByOne = signals.flatMap((one, s) => {
    const pairs = spans.flatMap((other, i) => correlate([other], [one]).map((m) => ({ ...m, span: i, signal: s })));
    const best = Math.max(...pairs.map((m) => m.confidence));
    return pairs.filter((m) => m.confidence === best).sort((a, b) => a.distanceNs - b.distanceNs || a.span - b.span);
  });
  assert(indexed.length > 100);
  assertEquals(indexed.map((m) => [m.signal, m.span, m.tier]), oneByOne.map((m) => [m.signal, m.span, m.tier]));
});

Deno.test("wall time keeps its nanoseconds through sinceNs", () => {
  assertEquals(sinceNs(1700000000123456789n, 1700000000223456790n), 100000001);
});
