import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import grpc from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { IoError } from "../model/errors.ts";
import { type EventItem, type LossItem, watchEvents, type WatchEventsOptions } from "../net/watch_events.ts";
import { encodeTraces } from "../otlp/mod.ts";
import { WireReader } from "../otlp/wire_reader.ts";
import { WireWriter } from "../otlp/wire_writer.ts";
import { validate } from "../report/validate.ts";
import { type RunningCollector, startCollector } from "../testing/collector.ts";
import { madeRun } from "../testing/telemetry.ts";
import { until } from "../testing/until.ts";

const { spans } = madeRun({ seconds: 20 });
let sent = 0;

/** Spans that were never sent before. */
async function send(to: RunningCollector, n: number, text = ""): Promise<void> {
  const fresh = Array.from({ length: n }, (_, i) => {
    const span = spans[i % spans.length]!;
    const id = (++sent).toString(16).padStart(16, "0");
    return { ...span, traceId: `${id}${id}`, spanId: id, parentSpanId: "", attributes: { ...span.attributes, text } };
  });
  const answer = await fetch(`${to.http}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: encodeTraces(fresh, "protobuf"),
  });
  assertEquals([answer.status, (await answer.bytes()).length], [200, 0]);
}

const gauge = async (to: RunningCollector) =>
  Number(/^watch_clients (\d+)$/m.exec(await (await fetch(to.metrics)).text())![1]);

/** Awaits until the collector says so many watch. */
async function clients(to: RunningCollector, n: number): Promise<void> {
  for (let i = 0; i < 200 && await gauge(to) !== n; i++) await new Promise((done) => setTimeout(done, 25));
  assertEquals(await gauge(to), n);
}

/** Collects what is watched until the test ends it. */
function watching(to: RunningCollector, part: Partial<WatchEventsOptions> = {}) {
  const items: (EventItem | LossItem)[] = [];
  const controller = new AbortController();
  const done = (async () => {
    const options = { url: to.http, retryMs: 20, signal: controller.signal, ...part };
    for await (const item of watchEvents(options)) items.push(item);
  })();
  done.catch(() => {});
  return {
    items,
    done,
    end: () => {
      controller.abort();
      return done;
    },
  };
}

const sequences = (items: readonly { readonly commitSeq: number }[]) => items.map(({ commitSeq }) => commitSeq);
const counting = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
/** Judged spans become SLO events some time later: only spans are counted by hand. */
const SPANS = { kinds: ["span"] };

Deno.test("a watcher sees everything committed, once and in order, from now on or from where it was", async () => {
  const to = await startCollector({ listenGrpc: "off" });
  await send(to, 5);
  const now = watching(to);
  await clients(to, 1);
  await send(to, 300);
  const early = watching(to, { after: 0 });
  const late = watching(to, { after: 100 });
  await send(to, 5);
  await until(() => now.items.some(({ kind }) => kind === "slo"), "SLO events");
  const { store: { last_seq: last } } = await (await fetch(`${to.http}/v1/health`)).json();
  for (const one of [now, early, late]) await until(() => (one.items.at(-1)?.commitSeq ?? 0) >= last, "all events");
  assertEquals(sequences(now.items), counting(6, now.items.at(-1)!.commitSeq));
  assertEquals(sequences(early.items), counting(1, early.items.at(-1)!.commitSeq));
  assertEquals(sequences(late.items), counting(101, late.items.at(-1)!.commitSeq));
  const [first] = early.items as EventItem[];
  assertEquals([first!.kind, first!.traceId.length, first!.spanId.length], ["span", 32, 16]);
  const { commitSeq, traceId, spanId, document } = first!;
  assertEquals(validate("watch-event/v1", { commit_seq: commitSeq, trace_id: traceId, span_id: spanId, document }), []);
  const [{ scopeSpans }] = document.resourceSpans as { scopeSpans: { spans: { spanId: string }[] }[] }[] as [
    { scopeSpans: { spans: { spanId: string }[] }[] },
  ];
  assertEquals(scopeSpans[0]!.spans[0]!.spanId, spanId);
  const slo = early.items.find(({ kind }) => kind === "slo") as EventItem;
  assertEquals(validate("slo-event/v1", slo.document), []);
  await Promise.all([now.end(), early.end(), late.end()]);
  await clients(to, 0);
  await to.end();
});

Deno.test("filters by kind, service and severity; what is no filter is refused", async () => {
  const to = await startCollector({ listenGrpc: "off" });
  await send(to, 20);
  await until(() => to.events().length > 0, "SLO events");
  const all = watching(to, { after: 0 });
  const services = watching(to, { after: 0, kinds: ["span", "log"], service: "gateway" });
  const errors = watching(to, { after: 0, severity: "error" });
  await until(() => all.items.some(({ kind }) => kind === "slo"), "all");
  const spansOf = (service: string) =>
    (all.items as EventItem[]).filter(({ kind, document }) =>
      kind === "span" && JSON.stringify(document).includes(`"stringValue":"${service}"`)
    ).length;
  await until(() => services.items.length === spansOf("gateway"), "those of the gateway");
  assert(services.items.every(({ kind }) => kind === "span"));
  assert(errors.items.every((item) => JSON.stringify((item as EventItem).document).match(/"breach"|"code":2|error/)));
  const rows: [string, Record<string, string>, string][] = [
    ["kind=spans", {}, "it is one of span, log"],
    ["severity=bad", {}, "it is one of ok, warning, error"],
    ["sevrity=ok", {}, "there is no such parameter"],
    ["", { "last-event-id": "x" }, "it is no commit sequence"],
  ];
  for (const [query, headers, message] of rows) {
    const answer = await fetch(`${to.http}/v1/events/stream?${query}`, { headers });
    assertEquals(answer.status, 400, query);
    assertStringIncludes((await answer.json()).message, message);
  }
  const wrong = watching(to, { kinds: ["nonsense"] });
  const refused = await wrong.done.then(() => null, (error) => error);
  assert(refused instanceof IoError && refused.message.includes("nonsense"), `${refused}`);
  const head = await fetch(`${to.http}/v1/events/stream`, { method: "HEAD" });
  assertEquals([head.status, head.headers.get("content-type")], [200, "text/event-stream"]);
  await Promise.all([all.end(), services.end(), errors.end()]);
  await to.end();
});

/** A watcher that does with its socket what a test wants. */
async function rawWatch(to: RunningCollector, headers = ""): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(to.http).port) });
  const head = `GET /v1/events/stream?kind=span HTTP/1.1\r\nhost: x\r\n${headers}\r\n`;
  await connection.write(new TextEncoder().encode(head));
  return connection;
}

async function readAll(connection: Deno.TcpConn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1 << 20);
  let text = "";
  try {
    for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
      text += decoder.decode(buffer.subarray(0, n), { stream: true });
    }
  } catch { /* cut */ }
  return text;
}

Deno.test("watch_clients is right after abrupt disconnects, of many at once", async () => {
  const to = await startCollector({ listenGrpc: "off" });
  const open = await Promise.all(Array.from({ length: 40 }, () => rawWatch(to)));
  await clients(to, 40);
  for (const connection of open.splice(0, 25)) connection.close();
  await clients(to, 15);
  await send(to, 10);
  for (const connection of open) connection.close();
  await clients(to, 0);
  assertEquals(await to.end(), 0);
});

Deno.test("a reader that does not read is closed with overflow, which names where to resume; then nothing is missing", async () => {
  const watch = { maxClients: 9, maxBehind: 50, stallMs: 1500, heartbeatMs: 300 };
  const to = await startCollector({ listenGrpc: "off", watch });
  using slow = await rawWatch(to, "last-event-id: 0\r\n");
  const quick = watching(to, { after: 0, ...SPANS });
  await clients(to, 2);
  const wide = "x".repeat(20_000);
  let total = 0;
  for (; total < 1500; total += 100) await send(to, 100, wide);
  await until(() => quick.items.length === total, "the quick one to have all");
  await clients(to, 1);
  const text = await readAll(slow);
  assertStringIncludes(text, "\nevent: overflow\n");
  const { commit_seq, reason, lost } = JSON.parse(/event: overflow\ndata: (.*)\n/.exec(text)![1]!);
  assertEquals([reason, lost], ["slow", 0]);
  const got = [...text.matchAll(/\nid: (\d+)\nevent: span\n/g)].map(([, id]) => Number(id));
  const rest = watching(to, { after: commit_seq, ...SPANS });
  await until(() => got.length + rest.items.length >= total, "the rest");
  assertEquals([...got, ...sequences(rest.items)], sequences(quick.items), "no gap, nothing twice");
  await Promise.all([quick.end(), rest.end()]);
  await to.end();
});

Deno.test("what is asked for and is no longer kept, or never was, is said and not passed over", async () => {
  const to = await startCollector({ listenGrpc: "off" });
  await send(to, 3);
  const ahead = watching(to, { after: 5000, ...SPANS });
  await until(() => ahead.items.length === 4, "the overflow, and what there is");
  assertEquals(ahead.items.map(({ kind }) => kind), ["overflow", "span", "span", "span"]);
  assertEquals((ahead.items[0] as LossItem).reason, "ahead");
  await ahead.end();
  await to.end();
});

Deno.test("gRPC: the same stream, with filters, resume and a count", async () => {
  const to = await startCollector();
  await send(to, 200);
  const client = new grpc.Client(to.grpc, grpc.credentials.createInsecure());
  const same = (bytes: Buffer) => bytes;
  const watch = (after: number, kind = "span") => {
    const w = new WireWriter();
    w.varint(1, after);
    w.string(2, kind);
    const path = "/sloctl.watch.v1.WatchService/Watch";
    const call = client.makeServerStreamRequest(path, same, same, Buffer.from(w.finish()), new grpc.Metadata());
    const seen: number[] = [];
    let code = -1;
    call.on("data", (bytes: Buffer) => {
      const r = new WireReader(new Uint8Array(bytes));
      while (r.next()) {
        const outer = r.enter();
        while (r.next()) r.field === 1 && r.wire === 0 ? seen.push(Number(r.uint64())) : r.skip();
        r.leave(outer);
      }
    });
    call.on("error", (error: grpc.ServiceError) => code = error.code);
    return { call, seen, code: () => code };
  };
  const all = watch(0);
  const rest = watch(150);
  await until(() => all.seen.length === 200 && rest.seen.length === 50, "both");
  assertEquals([all.seen, rest.seen], [counting(1, 200), counting(151, 200)]);
  await clients(to, 2);
  const bad = watch(0, "nonsense");
  await until(() => bad.code() !== -1, "the refusal");
  assertEquals(bad.code(), 3);
  const ahead = watch(9999);
  await until(() => ahead.code() !== -1, "the overflow");
  assertEquals(ahead.code(), 11);
  rest.call.cancel();
  await clients(to, 1);
  const ended = to.end();
  await until(() => all.code() !== -1, "the end");
  assertEquals(all.code(), 14);
  client.close();
  assertEquals(await ended, 0);
});

Deno.test("on a store on disk: a watcher goes on over a restart, and misses nothing", async () => {
  const dir = await Deno.makeTempDir({ prefix: "sloctl-watch-" });
  const store = { dir, retainMs: undefined, retainMb: 100 };
  let to = await startCollector({ listenGrpc: "off", metricsBind: undefined, store });
  const listen = new URL(to.http).host;
  const one = watching(to, { after: 0, ...SPANS });
  await send(to, 50);
  await until(() => one.items.length === 50, "the first");
  assertEquals(await to.end(), 0);
  to = await startCollector({ listen, listenGrpc: "off", metricsBind: undefined, store });
  await send(to, 50);
  const all = watching(to, { after: 0, ...SPANS });
  await until(() => one.items.length >= 100 && all.items.length >= 100, "the rest");
  assertEquals(sequences(one.items), sequences(all.items));
  await Promise.all([one.end(), all.end()]);
  await to.end();
  await Deno.remove(dir, { recursive: true });
});
