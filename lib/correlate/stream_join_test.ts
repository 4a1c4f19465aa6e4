import { assert, assertEquals } from "@std/assert";
import { StreamJoin } from "./stream_join.ts";
import type { SignalSubject, SpanSubject, Subject } from "./subject.ts";

const MS = 1e6;
const span = (who: Subject & { parentSpanId?: string }, startMs: number, endMs: number): SpanSubject => ({
  ...who,
  startNs: startMs * MS,
  endNs: endMs * MS,
});
const signal = (who: Subject & { childOf?: string }, atMs: number): SignalSubject => ({ ...who, tsNs: atMs * MS });
const P = { pod: "p", pid: 7 };

Deno.test("early and late: who comes first does not matter, the window does", () => {
  const join = new StreamJoin<string, string>();
  join.addSignal(signal(P, 899), "too early");
  join.addSignal(signal(P, 900), "early");
  const id = join.addSpan(span({ ...P, traceId: "t" }, 1000, 2000), "span");
  join.addSignal(signal(P, 1500), "inside");
  join.addSignal(signal(P, 2100), "late");
  join.addSignal(signal(P, 2101), "too late");
  assertEquals(join.joined(id).map((one) => one.signal), ["inside", "early", "late"]);
  assertEquals(join.joined(id)[1]?.reason, "same pod and pid, 100.000 ms from the span");
  assertEquals(join.joined(99), []);
});

Deno.test("a rival that comes later makes what was told a guess, and is counted", () => {
  const join = new StreamJoin<string, string>();
  const early = join.addSpan(span({ ...P, traceId: "a" }, 0, 100), "a");
  join.addSignal(signal(P, 50), "dns");
  const told = join.joined(early, 0.7);
  join.told(told);
  assertEquals([told.length, join.stats.lateRivals], [1, 0]);
  const late = join.addSpan(span({ ...P, traceId: "b" }, 0, 9000), "b");
  assertEquals(join.joined(late, 0.7), []);
  assertEquals(join.joined(early).map(({ k }) => k), [2]);
  const named = join.addSpan(span({ ...P, traceId: "c" }, 0, 9000), "c");
  join.addSignal(signal({ ...P, traceId: "c" }, 50), "exact");
  join.told(join.joined(named, 0.7));
  join.told(join.joined(named, 0.7));
  assertEquals(join.stats.lateRivals, 1);
});

Deno.test("of a request's spans the innermost one that was under way is meant", () => {
  const join = new StreamJoin<string, string>();
  const t = { ...P, traceId: "t" };
  const server = join.addSpan(span({ ...t, spanId: "a", parentSpanId: "" }, 0, 1000), "server");
  const retrieval = join.addSpan(span({ ...t, spanId: "b", parentSpanId: "a" }, 10, 100), "retrieval");
  const chat = join.addSpan(span({ ...t, spanId: "c", parentSpanId: "a" }, 110, 900), "chat");
  join.addSignal(signal(P, 50), "while retrieving");
  join.addSignal(signal(P, 105), "between the two");
  join.addSignal(signal(P, 115), "while chatting, shortly after retrieving");
  join.addSignal(signal(P, 1050), "after it all");
  const of = (id: number) => join.joined(id, 0.7).map((one) => one.signal);
  assertEquals(of(server), ["between the two", "after it all"]);
  assertEquals([of(retrieval), of(chat)], [["while retrieving"], ["while chatting, shortly after retrieving"]]);
});

Deno.test("what a server read off the wire names its caller: the span below it is meant", () => {
  const join = new StreamJoin<string, string>();
  const client = join.addSpan(span({ traceId: "t", spanId: "c", parentSpanId: "r" }, 0, 100), "client");
  const server = join.addSpan(span({ traceId: "t", spanId: "s", parentSpanId: "c" }, 10, 90), "server");
  join.addSignal(signal({ traceId: "t", childOf: "C" }, 50), "turn of the server");
  join.addSignal(signal({ traceId: "t", spanId: "c" }, 50), "turn of the client");
  assertEquals(join.joined(server, 0.7).map((one) => one.signal), ["turn of the server"]);
  assertEquals(join.joined(client, 0.7).map((one) => one.signal), ["turn of the client"]);
  // Without a name that is known, who serves is meant before who calls.
  const root = join.addSpan({ ...span({ traceId: "u", spanId: "a", parentSpanId: "" }, 0, 100), serves: true }, "root");
  join.addSpan({ ...span({ traceId: "u", spanId: "b", parentSpanId: "a" }, 10, 90), serves: false }, "call");
  join.addSignal({ ...signal({ traceId: "u", childOf: "f" }, 50), serves: true }, "turn of the root");
  assertEquals(join.joined(root, 0.7).map((one) => one.signal), ["turn of the root"]);
});

Deno.test("a trace through several processes: the signal's own is meant, and who serves there", () => {
  const join = new StreamJoin<string, string>();
  const at = (pid: number, id: string, parent: string, serves: boolean) => {
    const who = { traceId: "t", pod: `p${pid}`, pid, spanId: id, parentSpanId: parent };
    return join.addSpan({ ...span(who, 0, 100), serves }, id);
  };
  const ids = [at(1, "a", "", true), at(1, "b", "a", false), at(2, "c", "b", true)];
  join.addSignal({ ...signal({ traceId: "t", pod: "p1", pid: 1 }, 50), serves: true }, "a chunk left the gateway");
  join.addSignal(signal({ traceId: "t", pod: "p1", pid: 1 }, 50), "it waited for a chunk");
  join.addSignal({ ...signal({ traceId: "t", pod: "p2", pid: 2 }, 50), serves: true }, "a chunk left the provider");
  assertEquals(ids.map((id) => join.joined(id, 0.7).map((one) => one.signal)), [
    ["a chunk left the gateway"],
    ["it waited for a chunk"],
    ["a chunk left the provider"],
  ]);
});

Deno.test("memory is bounded: the oldest go, with every lane that was theirs alone", () => {
  const join = new StreamJoin<number, number>({ spans: 256, signals: 1024 });
  for (let i = 0; i < 20_000; i++) {
    const who = { traceId: `t${i}`, pod: `pod-${i % 5000}`, pid: i, conn: `10.0.0.1:${i}->10.0.0.2:1` };
    join.addSpan(span({ ...who, service: `s${i}`, node: "n" }, i, i + 5), i);
    for (let j = 0; j < 4; j++) join.addSignal(signal({ ...who, service: `s${i}`, node: "n" }, i + j), i);
  }
  const { spans, signals, evictedSpans, evictedSignals, lanes } = join.stats;
  assertEquals([spans, signals, evictedSpans, evictedSignals], [256, 1024, 20_000 - 256, 80_000 - 1024]);
  assert(lanes <= 4 * 257, `${lanes} lanes`);
  assertEquals(join.joined(0), []);
  assertEquals(join.joined(19_999).map((one) => one.signal), [19_999, 19_999, 19_999, 19_999]);
  assertEquals(join.standing(0), null);
});

Deno.test("one key for everything, times in any order: exact, and bounded in work", () => {
  const join = new StreamJoin<number, number>({ spans: 2048, signals: 2048, most: 100 });
  for (let i = 0; i < 2048; i++) join.addSignal(signal(P, (i * 7919) % 2048), i);
  for (let i = 0; i < 2048; i++) join.addSpan(span({ ...P, traceId: "t" }, 2048 - i, 2048 - i), i);
  assertEquals(join.standing(0)?.k, 100); // it lies at the edge: 100 ms to one side only
  const all = Array.from({ length: 2048 }, (_, id) => join.joined(id));
  assert(all.every((joined) => joined.length <= 100));
  assert(join.stats.cut > 1900);
});

Deno.test("times that are none join nothing", () => {
  const join = new StreamJoin<string, string>();
  const ids = [
    join.addSpan({ traceId: "t", startNs: NaN, endNs: 5 }, "NaN"),
    join.addSpan({ traceId: "t", startNs: 9, endNs: 5 }, "reversed"),
  ];
  const id = join.addSignal({ traceId: "t", tsNs: NaN }, "NaN");
  join.addSignal({ traceId: "t", tsNs: 5 }, "good");
  assertEquals([ids.map((one) => join.joined(one)), join.standing(id)], [[[], []], null]);
  const good = join.addSpan({ traceId: "t", startNs: 0, endNs: 9 }, "good");
  assertEquals(join.joined(good).map((one) => one.signal), ["good"]);
});
