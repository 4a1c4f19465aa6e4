/** How long after a span was sent a watcher of the event stream has it: a collector on disk, in a process of its own, at steady rates. */
import { quantile } from "../../lib/stats/describe.ts";
import type { Span } from "../../lib/model/span.ts";
import { encodeTraces } from "../../lib/otlp/mod.ts";
import { watchEvents } from "../../lib/net/watch_events.ts";
import { IoError } from "../../lib/model/errors.ts";

const CLI = new URL("../../cli/sloctl.ts", import.meta.url).pathname;
/** Spans a request: 500 and 3 000 a second. */
const BATCHES = [10, 60];
const EVERY_MS = 20;
/** At each rate: ten seconds. */
const REQUESTS = 500;
/** The first second warms the code up and does not count. */
const WARM = 50;

export interface WatchLag {
  readonly spans: number;
  readonly spans_per_s: number;
  /** From when the export request left to when the event was read: more than the time since the commit. */
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly max_ms: number;
  /** From when the export was answered, which is after its commit; 0 where the watcher had it before. */
  readonly answered_p95_ms: number;
}

export interface WatchResult {
  /** One a rate. */
  readonly lags: readonly WatchLag[];
}

/** Takes half a minute. @throws IoError when the collector does not start, or an event is missing */
export async function benchWatch(folder: string): Promise<WatchResult> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--quiet", CLI, "collector", "--listen", "127.0.0.1:0", "--listen-grpc", "off"],
      ...["--store", `${folder}/watched`, "--output", "jsonl", "--output-path", "/dev/null"],
    ],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  try {
    const url = await address(child.stderr);
    const lags: WatchLag[] = [];
    let sent = 0;
    for (const batch of BATCHES) {
      lags.push(await lag(url, batch, sent));
      sent += batch * REQUESTS;
    }
    return { lags };
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
}

/** At one rate. @param before spans that were sent already: each has an id of its own */
async function lag(url: string, batch: number, before: number): Promise<WatchLag> {
  const all = REQUESTS * batch;
  const health = await (await fetch(`${url}/v1/health`)).json();
  const after: number = health.store.last_seq;
  const stop = new AbortController();
  const sentMs = new Map<string, number>();
  const answeredMs = new Map<string, number>();
  const seen: { readonly spanId: string; readonly atMs: number }[] = [];
  const watching = (async () => {
    for await (const item of watchEvents({ url, kinds: ["span"], after, signal: stop.signal })) {
      if (item.kind === "overflow") throw new IoError("Cannot measure: the watcher was closed for being slow");
      seen.push({ spanId: item.spanId, atMs: performance.now() });
      if (seen.length === all) return;
    }
  })();
  try {
    const started = performance.now();
    const answers: Promise<void>[] = [];
    for (let request = 0; request < REQUESTS; request++) {
      const due = started + request * EVERY_MS;
      await new Promise((done) => setTimeout(done, Math.max(0, due - performance.now())));
      const spans = Array.from({ length: batch }, (_, i) => spanOf(before + request * batch + i + 1));
      const body = encodeTraces(spans, "protobuf");
      for (const { spanId } of spans) sentMs.set(spanId, performance.now());
      answers.push(
        post(url, body).then(() => {
          for (const { spanId } of spans) answeredMs.set(spanId, performance.now());
        }),
      );
    }
    const seconds = (performance.now() - started) / 1000;
    await Promise.all(answers);
    const late = setTimeout(() => stop.abort(), 30_000);
    await watching;
    clearTimeout(late);
    if (seen.length < all) throw new IoError(`Cannot measure: ${seen.length} events came, not all`);
    const since = (from: ReadonlyMap<string, number>) =>
      seen.slice(WARM * batch).map(({ spanId, atMs }) => Math.max(0, atMs - from.get(spanId)!)).sort((a, b) => a - b);
    const counted = since(sentMs);
    return {
      answered_p95_ms: quantile(since(answeredMs), 0.95),
      spans: counted.length,
      spans_per_s: all / seconds,
      p50_ms: quantile(counted, 0.5),
      p95_ms: quantile(counted, 0.95),
      max_ms: counted.at(-1)!,
    };
  } finally {
    stop.abort();
  }
}

async function address(stderr: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stderr.pipeThrough(new TextDecoderStream()).values({ preventCancel: true })) {
    text += chunk;
    const [, url] = /OTLP at (\S+)\/v1/.exec(text) ?? [];
    if (url !== undefined) return url;
  }
  throw new IoError(`Cannot measure: the collector did not start: ${text.trim().slice(0, 200)}`);
}

async function post(url: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const headers = { "content-type": "application/x-protobuf" };
  const answer = await fetch(`${url}/v1/traces`, { method: "POST", headers, body });
  await answer.body?.cancel();
  if (answer.status !== 200) throw new IoError(`Cannot measure: the collector answers ${answer.status}`);
}

function spanOf(n: number): Span {
  const spanId = n.toString(16).padStart(16, "0");
  const endNs = BigInt(Date.now()) * 1_000_000n;
  return {
    traceId: `${spanId}${spanId}`,
    spanId,
    parentSpanId: "",
    name: "POST /v1/chat/completions",
    kind: 2,
    startNs: endNs - 250_000_000n,
    endNs,
    attributes: { "http.request.method": "POST", "gen_ai.operation.name": "chat" },
    events: [],
    statusCode: 0,
    statusMessage: "",
    resource: { "service.name": "gateway" },
    scope: "bench",
  };
}
