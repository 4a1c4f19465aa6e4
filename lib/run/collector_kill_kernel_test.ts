/** Rounds of kill -9 with everything under way: what was acknowledged is there once, and those who watch miss nothing and see nothing twice. */
import { assert, assertEquals } from "@std/assert";
import { probeEventLog } from "../export/probe_event_log.ts";
import type { LogRecord } from "../model/log_record.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import { type Span, SPAN_KIND } from "../model/span.ts";
import { type EventItem, type LossItem, watchEvents } from "../net/watch_events.ts";
import { encodeLogs, encodeTraces } from "../otlp/mod.ts";
import { databasePath } from "../store/journal_db.ts";
import { JournalReader } from "../store/journal_reader.ts";
import { verifyJournal } from "../store/journal_verify.ts";
import type { Entry } from "../store/store.ts";
import { type CollectorProcess, distinctSpans, startCollector, take } from "../testing/collector_process.ts";
import { watchOverGrpc } from "../testing/grpc_watcher.ts";
import { madeRun } from "../testing/telemetry.ts";
import { until } from "../testing/until.ts";

/** SLOCTL_KILLS=100 kills as often. */
const KILLS = Number(Deno.env.get("SLOCTL_KILLS") ?? 3);
/** Then a new store: a start reads what it remembers of the old one, and a thousand seconds of load are not what is tried here. */
const KILLS_A_STORE = 10;
/** Requests are judged soon, so that there are SLO events before the kill. */
const ENV = { SLOCTL_CORRELATION_WINDOW_MS: "50" };
/** Of a round, before the kill. */
const ANSWERS = 20;
/** A busy machine takes its time. */
const PATIENCE_MS = 60_000;

interface Request {
  readonly path: "/v1/traces" | "/v1/logs";
  readonly body: Uint8Array<ArrayBuffer>;
  /** Idempotency key; "" for none. */
  readonly key: string;
  /** What has to be found once in the store. */
  readonly marks: readonly string[];
}

const PROBE = madeRun({ seconds: 1 }).probes[0]!;
const spanMark = (span: Pick<Span, "spanId">) => `span ${span.spanId}`;
const probeMark = (probe: ProbeEvent) => `probe ${probe.ts_unix_nano}`;

/** Requests of every kind, no two alike: spans with and without a key, judged ones, kernel events, log lines. */
function* requests(): Generator<Request, never> {
  const spans = distinctSpans();
  for (let i = 1;; i++) {
    const some = take(spans, 5);
    const marks = some.map(spanMark);
    yield { path: "/v1/traces", body: encodeTraces(some, "protobuf"), key: "", marks };
    const keyed = take(spans, 3).map((span) => ({
      ...span,
      kind: SPAN_KIND.server,
      attributes: { "llm.slo.ttft_ms": 900 },
    }));
    yield { path: "/v1/traces", body: encodeTraces(keyed, "protobuf"), key: `spans-${i}`, marks: keyed.map(spanMark) };
    const probes = [0, 1, 2].map((n) => ({ ...PROBE, ts_unix_nano: PROBE.ts_unix_nano + BigInt(i * 10 + n) }));
    const records = probes.map((probe) => probeEventLog(probe, { "service.name": "gw" }, 1n));
    yield { path: "/v1/logs", body: encodeLogs(records, "protobuf"), key: "", marks: probes.map(probeMark) };
    const line: LogRecord = { ...records[0]!, eventName: "", body: `line ${i}`, traceId: "", spanId: "" };
    yield { path: "/v1/logs", body: encodeLogs([line], "protobuf"), key: `log-${i}`, marks: [`log line ${i}`] };
  }
}

function markOf(entry: Entry): string {
  if (entry.kind === "span") return spanMark(entry.document);
  if (entry.kind === "probe") return probeMark(entry.document);
  return entry.kind === "log" ? `log ${entry.document.body}` : entry.kind;
}

/** 0 where no answer came. */
async function send({ url }: Pick<CollectorProcess, "url">, { path, body, key }: Request): Promise<number> {
  const headers = { "content-type": "application/x-protobuf", ...(key === "" ? {} : { "idempotency-key": key }) };
  try {
    const answer = await fetch(url + path, { method: "POST", headers, body });
    await answer.body?.cancel();
    return answer.status;
  } catch {
    return 0;
  }
}

function watchOverHttp(url: string) {
  const seen: (EventItem | LossItem)[] = [];
  const controller = new AbortController();
  const done = (async () => {
    for await (const item of watchEvents({ url, after: 0, retryMs: 20, signal: controller.signal })) seen.push(item);
  })();
  return {
    seen,
    end: () => {
      controller.abort();
      return done;
    },
  };
}

async function killRounds(kills: number): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "sloctl-kill-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const made = requests();
  const acked: Request[] = [];
  let unknown: Request[] = [];
  let collector = await startCollector({ dir, listenGrpc: "127.0.0.1:0", env: ENV });
  const [listen, listenGrpc] = [new URL(collector.url).host, collector.grpc];
  const http = watchOverHttp(collector.url);
  const grpc = watchOverGrpc(collector.grpc);
  stack.defer(async () => {
    await grpc.end();
    await http.end();
    await collector.end("SIGKILL");
  });
  for (let round = 0; round <= kills; round++) {
    if (round > 0) collector = await startCollector({ dir, listen, listenGrpc, env: ENV });
    // What was under way at the kill is sent again, as an exporter would; the last of what was taken too, under its key.
    for (const request of unknown) assertEquals(await send(collector, request), 200);
    acked.push(...unknown);
    unknown = [];
    const again = acked.findLast(({ key }) => key !== "");
    if (again !== undefined) {
      assertEquals(await send(collector, again), 200);
      assertEquals(await send(collector, { ...again, body: again.body.slice(0, -1) }), 409);
    }
    if (round === kills) break;
    let dead = false;
    const load = Array.from({ length: 4 }, async () => {
      while (!dead) {
        const request = made.next().value;
        if (await send(collector, request) === 200) acked.push(request);
        else unknown.push(request);
      }
    });
    const before = acked.length;
    await until(() => acked.length - before >= ANSWERS, "requests to be answered", PATIENCE_MS);
    await new Promise((resolve) => setTimeout(resolve, round % 5 * 50));
    const killed = collector.end("SIGKILL");
    await killed;
    dead = true;
    await Promise.all(load);
  }
  await until(() => http.seen.some(({ kind }) => kind === "slo"), "an SLO event", PATIENCE_MS);
  const { last_seq: last } = await collector.health();
  const hasAll = () => (http.seen.at(-1)?.commitSeq ?? 0) >= last && (grpc.seen.at(-1) ?? 0) >= last;
  await until(hasAll, "both watchers to have all", PATIENCE_MS);
  assertEquals(await collector.end(), 0);
  assertEquals(verifyJournal(databasePath(dir)).problems, []);
  using reader = new JournalReader(databasePath(dir));
  const entries = reader.after(0, 1e6);
  assertEquals(entries.map(({ commitSeq }) => commitSeq), entries.map((_, i) => i + 1));
  // Of the same kind in the same order, from the first to the last that was there when they were looked at.
  const told = http.seen.filter(({ commitSeq }) => commitSeq <= last);
  assertEquals(told.map(({ kind, commitSeq }) => `${commitSeq} ${kind}`), entries.slice(0, last).map(nameOf));
  assertEquals(grpc.seen.filter((seq) => seq <= last), entries.slice(0, last).map(({ commitSeq }) => commitSeq));
  const kinds = new Set(entries.map(({ kind }) => kind));
  assertEquals([...kinds].filter((kind) => kind !== "incident").sort(), ["log", "probe", "slo", "span"]);
  const kept = entries.filter(({ kind }) => kind !== "slo" && kind !== "incident").map(markOf);
  assertEquals(kept.sort(), acked.flatMap(({ marks }) => marks).sort());
  return acked.length;
}

const nameOf = ({ kind, commitSeq }: Entry) => `${commitSeq} ${kind}`;

Deno.test("collector --store: kill -9 with everything under way: each acknowledged once, known when it comes again, watched without a gap", async () => {
  let requests = 0;
  for (let left = KILLS; left > 0; left -= KILLS_A_STORE) requests += await killRounds(Math.min(left, KILLS_A_STORE));
  assert(requests >= ANSWERS * KILLS, `${requests} requests were taken`);
  if (KILLS > 10) await Deno.stderr.write(new TextEncoder().encode(`${KILLS} kills, ${requests} requests\n`));
});
