import { assert, assertEquals, assertRejects } from "@std/assert";
import { probeEventLog } from "../../export/probe_event_log.ts";
import { IoError } from "../../model/errors.ts";
import { Overload } from "../../model/overload.ts";
import type { SloEvent } from "../../model/slo_event.ts";
import type { Span } from "../../model/span.ts";
import { encodeLogs, encodeTraces } from "../../otlp/mod.ts";
import { OtlpReceiver } from "../../serve/otlp_receiver.ts";
import { otlpRoute } from "../../serve/otlp_http.ts";
import { routes } from "../../serve/routes.ts";
import { random } from "../../stats/random.ts";
import { spanEntry } from "../../store/entries.ts";
import { MemoryStore } from "../../store/memory_store.ts";
import { ask } from "../../testing/ask.ts";
import { mutate } from "../../testing/mutate.ts";
import { LOGS, METRICS, TRACES } from "../../testing/otlp_bodies.ts";
import { madeRun } from "../../testing/telemetry.ts";
import type { JudgedTrace } from "./judge.ts";
import { Pipeline, type PipelineOptions } from "./pipeline.ts";

const { spans, probes } = madeRun({ seconds: 2 });
const logs = probes.map((probe) => probeEventLog(probe, {}, 0n));

const pipelineOptions: Omit<PipelineOptions, "store"> = {
  windowMs: 2000,
  objectives: { ttftMs: 150 },
  place: { cluster: "c1", namespace: "", workload: "", service: "" },
  tracker: null,
  nowMs: () => 0,
  clockMs: () => 0,
  onTrace: () => {},
};

function start(part: Partial<PipelineOptions> = {}) {
  const traces: JudgedTrace[] = [];
  const clock = { ms: 0 };
  const store = new MemoryStore();
  const pipeline = new Pipeline({
    ...pipelineOptions,
    store,
    nowMs: () => Number(spans[0]!.startNs / 1_000_000n) + clock.ms,
    clockMs: () => clock.ms,
    onTrace: (trace) => traces.push(trace),
    ...part,
  });
  return { pipeline, traces, clock, store };
}

Deno.test("spans and kernel events in, judged traces out, everything in the store", async () => {
  const { pipeline, traces, clock, store } = start();
  await pipeline.takeSpans(spans, 20_000);
  await pipeline.takeLogs(logs, 10_000);
  await pipeline.turn();
  assertEquals(traces.length, 0, "the last spans may still be under way");
  clock.ms = 1999;
  await pipeline.turn();
  assertEquals(traces.length, 0);
  clock.ms = 2000;
  await pipeline.turn();
  assertEquals(traces.length, 10);
  const [{ evidence, events, requests }] = traces as [JudgedTrace];
  assertEquals([evidence.length, requests.length], [2, 1]);
  const ttft = events.find((event) => event.sli_name === "ttft_ms")!;
  assertEquals(ttft.labels?.ttft_source, "kernel");
  assertEquals(ttft.labels?.["llm.ebpf.dns.latency_ms"], "2");
  const { held } = store.state();
  assertEquals([held.span, held.probe, held.log], [spans.length, probes.length, 0]);
  assertEquals(held.slo, traces.flatMap((trace) => trace.events).length);
  assertEquals((await store.ofTrace(spans[0]!.traceId)).map(({ kind }) => kind).sort().at(-1), "span");
  assertEquals([pipeline.stats.heldSpans, pipeline.stats.heldBytes], [0, 0]);
});

Deno.test("a trace that never rests is judged all the same", async () => {
  const { pipeline, traces, clock } = start();
  for (let i = 0; i < 100; i++) {
    clock.ms = i * 1000;
    await pipeline.takeSpans([{ ...spans[0]!, spanId: i.toString(16).padStart(16, "1") }], 100);
    await pipeline.turn();
  }
  assertEquals(traces.map(({ evidence }) => evidence.length), [61]);
});

Deno.test("after a restart judging goes on where it was: nothing is left out, no SLO event told twice", async () => {
  const { pipeline, clock, store } = start();
  await pipeline.takeLogs(logs, 10_000);
  await pipeline.takeSpans(spans, 20_000);
  clock.ms = 2000;
  await pipeline.turn();
  const { held } = store.state();
  assert(held.slo > 0);
  // The run that ends here has noted nothing of what it judged last, and never saw what came after that.
  store.judged(0);
  const more = spans.map((span): Span => ({ ...span, traceId: "f".repeat(32) }));
  await store.append(more.map((span) => spanEntry(span, 100)));
  const again = start({ store });
  await again.pipeline.remember();
  assertEquals(again.pipeline.stats.backlog, store.state().last);
  await again.pipeline.turn();
  again.clock.ms = 2000;
  await again.pipeline.turn();
  assertEquals(again.traces.map(({ traceId }) => traceId), ["f".repeat(32)]);
  const slos = await store.newest(1000, { kinds: ["slo"] });
  assertEquals(new Set(slos.map(({ id }) => id)).size, slos.length);
  assert(slos.length > held.slo);
  assertEquals([again.pipeline.stats.backlog, store.judgedUpTo], [0, store.state().last]);
});

Deno.test("what a run had judged and not handed on safely is handed on by the next, and told once", async () => {
  const passed = { given: 0, safe: 0 };
  const send = ({ evidence }: JudgedTrace) => void (passed.given += evidence.length);
  const { pipeline, clock, store } = start({ onTrace: send, onward: () => passed });
  await pipeline.takeSpans(spans.slice(0, 10), 10_000);
  clock.ms = 2000;
  await pipeline.turn();
  assertEquals([passed.given, store.judgedUpTo], [10, 0], "judged, and the request they are sent in is still open");
  const { last } = store.state();
  passed.safe = 10;
  await pipeline.takeSpans(spans.slice(10), 10_000);
  await pipeline.turn();
  assertEquals(store.judgedUpTo, last, "the first ten are safe, the others not even judged");
  clock.ms = 4000;
  await pipeline.turn();
  const { held } = store.state();
  // Killed here.
  const known: JudgedTrace[] = [];
  const again = start({ store, onKnownTrace: (trace) => known.push(trace) });
  await again.pipeline.turn();
  again.clock.ms = 2000;
  await again.pipeline.turn();
  assertEquals(known.flatMap(({ evidence }) => evidence).length, spans.length - 10);
  assertEquals([known.flatMap(({ events }) => events).length, again.traces.length], [0, 0]);
  assertEquals([store.state().held, store.judgedUpTo], [held, store.state().last]);
});

Deno.test("too many spans waiting: the next are refused, not taken and lost", async () => {
  const { pipeline, clock, traces } = start({ mostHeld: spans.length });
  await pipeline.takeSpans(spans, 1000);
  const more = spans.map((span): Span => ({ ...span, traceId: "f".repeat(32) }));
  await assertRejects(() => pipeline.takeSpans(more, 1000), Overload, "too many spans");
  clock.ms = 5000;
  await pipeline.turn();
  await pipeline.takeSpans(more, 1000);
  clock.ms = 10_000;
  await pipeline.turn();
  assertEquals(traces.reduce((sum, trace) => sum + trace.evidence.length, 0), 2 * spans.length);
  const { pipeline: narrow } = start({ mostHeldBytes: 1500 });
  await narrow.takeSpans(spans, 9000); // one request is taken whatever its size: else it could never be
  await assertRejects(() => narrow.takeSpans(more, 1), Overload);
});

Deno.test("what the store does not take is not taken: nothing is joined, nothing counts as seen", async () => {
  const store = new MemoryStore();
  const append = store.append.bind(store);
  let full = true;
  store.append = (entries) => full ? Promise.reject(new IoError("no space")) : append(entries);
  const { pipeline } = start({ store });
  await assertRejects(() => pipeline.takeSpans(spans, 1000), IoError);
  await assertRejects(() => pipeline.takeLogs(logs, 1000), IoError);
  await assertRejects(() => pipeline.takeProbes(probes, 1000), IoError);
  assertEquals([pipeline.stats.heldSpans, pipeline.stats.join.signals], [0, 0]);
  await pipeline.storeSloEvents([{ timestamp: "2026-01-01T00:00:00Z", status: "ok" } as SloEvent]);
  assertEquals(pipeline.stats.unstored, 1, "derived, so counted and not refused to anyone");
  full = false;
  await pipeline.takeSpans(spans, 1000);
  await pipeline.takeLogs(logs, 1000);
  assertEquals([pipeline.stats.heldSpans, pipeline.stats.join.signals], [spans.length, probes.length]);
});

Deno.test("probe events that come again are taken once; other logs are logs; bad ones are counted by reason", async () => {
  const { pipeline, store } = start();
  for (let i = 0; i < 2; i++) await pipeline.takeLogs(logs, 1000);
  const [log] = logs as [typeof logs[0]];
  await pipeline.takeLogs([{ ...log!, body: "hello", eventName: "" }, { ...log!, body: '{"ts_unix_nano":1' }], 50);
  const { probes: taken, duplicateProbes, logs: plain, refusedProbes } = pipeline.stats;
  assertEquals([taken.otlp, duplicateProbes, plain], [probes.length, probes.length, 2]);
  assertEquals(Object.fromEntries(refusedProbes), { "not JSON": 1 });
  assertEquals([store.state().held.probe, store.state().held.log], [probes.length, 2]);
});

Deno.test("logs with an id of their own are taken once, those without as often as they come", async () => {
  const { pipeline, store } = start();
  const plain = { ...logs[0]!, body: "hello", eventName: "" };
  const own = { ...plain, attributes: { "log.record.uid": "01HX" } };
  const elsewhere = { ...own, resource: { "service.name": "other" } };
  for (let i = 0; i < 2; i++) await pipeline.takeLogs([plain, own, elsewhere, own], 100);
  assertEquals([store.state().held.log, pipeline.stats.logs, pipeline.stats.duplicateLogs], [4, 4, 4]);
  const again = new Pipeline({ ...pipelineOptions, store });
  await again.remember();
  await again.takeLogs([own, elsewhere], 50);
  assertEquals([store.state().held.log, again.stats.duplicateLogs], [4, 2], "also after a restart");
});

Deno.test("who sends a record again is told that it was taken when it was, and not before", async () => {
  const gate = Promise.withResolvers<never>();
  class Slow extends MemoryStore {
    override append(): Promise<never> {
      return gate.promise;
    }
  }
  await using store = new Slow();
  const { pipeline } = start({ store });
  const first = pipeline.takeLogs(logs, 100);
  const second = pipeline.takeLogs(logs, 100);
  gate.reject(new IoError("Cannot write: the disk is full"));
  await assertRejects(() => first, IoError);
  await assertRejects(() => second, IoError);
});

Deno.test("names of models: the original stays, the conventions' are added, dialects are counted", async () => {
  const { pipeline, traces, clock, store } = start();
  const vllm: Span = {
    ...spans[0]!,
    name: "llm_request",
    attributes: { "gen_ai.usage.prompt_tokens": 5, "gen_ai.latency.time_to_first_token": 0.25 },
  };
  await pipeline.takeSpans([vllm, spans[1]!], 100);
  clock.ms = 2000;
  await pipeline.turn();
  const [{ evidence }] = traces as [JudgedTrace];
  assertEquals(evidence[0]!.span.attributes, {
    ...vllm.attributes,
    "gen_ai.usage.input_tokens": 5,
    "llm.slo.server.ttft_ms": 250,
  });
  assertEquals((await store.after(0, 1))[0]?.document, evidence[0]!.span);
  assertEquals(Object.fromEntries(pipeline.stats.dialects), { vllm: 1, conventions: 1 });
});

Deno.test("damaged requests go through all of it: nothing throws, every answer is one of ours", async () => {
  const { pipeline, clock } = start();
  const faults: unknown[] = [];
  const receiver = new OtlpReceiver({ sink: pipeline.sink, onFault: (error) => faults.push(error) });
  const handler = routes([otlpRoute({ receiver })]);
  // Every round is of a trace of its own: what had come before would be left out.
  const good = (round: number, encoding: "json" | "protobuf") => {
    const traceId = (round + 1).toString(16).padStart(32, "0");
    const fresh = logs.slice(0, 3).map((log) => ({
      ...log,
      traceId,
      body: String(log.body).replace("900", `${round}`),
    }));
    return {
      "/v1/traces": encodeTraces(spans.slice(0, 2).map((span) => ({ ...span, traceId })), encoding),
      "/v1/logs": encodeLogs(fresh, encoding),
      "/v1/metrics": METRICS[encoding],
    };
  };
  const others = [TRACES, LOGS, METRICS].flatMap(({ json, protobuf }) => [json, protobuf]);
  for (let round = 0; round < 6000; round++) {
    const draw = random(`pipeline/${round}`);
    const path = (["/v1/traces", "/v1/logs", "/v1/metrics"] as const)[draw.below(3)]!;
    const encoding = draw.below(2) === 0 ? "json" : "protobuf";
    const body = mutate(good(round, encoding)[path], others, draw);
    const headers = { "content-type": encoding === "json" ? "application/json" : "application/x-protobuf" };
    const { status } = await ask(handler, { path, headers, body });
    assert([200, 400].includes(status) && faults.length === 0, `round ${round}: ${status} ${faults}`);
    clock.ms += 10;
    if (round % 500 === 0) await pipeline.turn();
  }
  await pipeline.turn(true);
  const { judgedSpans, probes: seen } = pipeline.stats;
  assert(judgedSpans > 200 && seen.otlp > 200, `${judgedSpans} spans, ${seen.otlp} probe events`);
});
