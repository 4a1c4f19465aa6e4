/** The collector as a receiver: spans come over OTLP, kernel events from a file or a pipe; both are joined as they come. */
import { parseProbeEvent } from "../export/probe_event_json.ts";
import { sleep } from "../host/sleep.ts";
import { UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import type { Span } from "../model/span.ts";
import { plural } from "../report/format.ts";
import { serveOtlp } from "../serve/otlp.ts";
import { fromRawSample } from "../slo/from_samples.ts";
import { emptyDocuments, readDocuments } from "../source/documents.ts";
import { joinSloEvents } from "./collector_join.ts";
import type { CollectorOptions } from "./collector.ts";
import { openLines } from "./lines.ts";

/** A trace is judged when nothing has come of it for so long: its last spans arrive in another batch. */
const QUIET_MS = 2000;
const TURN_MS = 500;
/** Bounds of what is held; the oldest go first, and are counted. */
const MOST_PROBES = 100_000;
const MOST_SPANS = 100_000;

/** Until SIGINT or SIGTERM, or until `count` events were written; then everything held is judged. @throws IoError */
export async function receiveSpans(options: CollectorOptions & { readonly listen: string }, io: Io): Promise<void> {
  const { hostname, port } = address(options.listen);
  using writer = openLines(options.out, io);
  const held = new HeldTraces();
  const documents = emptyDocuments();
  const enough = new AbortController();
  const stop = AbortSignal.any([io.stop, enough.signal]);
  let failure: unknown;
  let dropped = 0;

  const write = (spans: readonly Span[]) => {
    const slo = documents.slo.splice(0);
    const raw = documents.raw.splice(0).flatMap((sample) => fromRawSample(sample, options.objectives));
    for (const event of [...slo, ...raw, ...joinSloEvents(spans, documents.probes, options)]) {
      if (options.count > 0 && writer.lines >= options.count) return enough.abort();
      writer.write(event);
    }
    writer.flush();
    if (options.count > 0 && writer.lines >= options.count) enough.abort();
  };
  const sink = { spans: (spans: readonly Span[]) => void (dropped += held.add(spans)) };
  await using receiver = await serveOtlp({ hostname, port, sink });
  io.err(`sloctl: OTLP traces at http://${receiver.hostname}:${receiver.port}/v1/traces; Ctrl-C ends it\n`);
  const feeding = feed(options.inputs, io, stop, (text, name) => readDocuments(documents, text, name, parseProbeEvent))
    .catch((error) => {
      failure = error;
      enough.abort();
    });
  while (!stop.aborted) {
    await sleep(TURN_MS, stop);
    const over = documents.probes.length - MOST_PROBES;
    if (over > 0) dropped += documents.probes.splice(0, over).length;
    documents.spans.splice(0); // spans in the input join as the received ones do
    write(held.take(performance.now() - QUIET_MS));
  }
  await receiver.shutdown();
  if (failure === undefined) write(held.take(Infinity));
  await feeding;
  writer.close();
  if (failure !== undefined) throw failure;
  const { taken: spans, duplicates } = receiver.stats.traces;
  const lost = dropped === 0 ? "" : `; ${dropped} dropped, the buffer was full`;
  io.err(
    `sloctl: ${plural(writer.lines, "SLO event")} from ${plural(spans, "span")}, ${duplicates} duplicates${lost}\n`,
  );
}

/** Spans by trace, until a trace is quiet. */
class HeldTraces {
  readonly #traces = new Map<string, { spans: Span[]; lastAt: number }>();
  #spans = 0;

  /** Returns how many had to go to make room. */
  add(spans: readonly Span[]): number {
    const now = performance.now();
    for (const span of spans) {
      const trace = this.#traces.get(span.traceId) ?? { spans: [], lastAt: now };
      trace.spans.push(span);
      trace.lastAt = now;
      this.#traces.set(span.traceId, trace);
    }
    this.#spans += spans.length;
    let gone = 0;
    for (const [id, trace] of this.#traces) {
      if (this.#spans - gone <= MOST_SPANS) break;
      gone += trace.spans.length;
      this.#traces.delete(id);
    }
    this.#spans -= gone;
    return gone;
  }

  /** The spans of every trace of which nothing came since `before`. */
  take(before: number): Span[] {
    const ready = [...this.#traces].filter(([, { lastAt }]) => lastAt <= before);
    for (const [id] of ready) this.#traces.delete(id);
    const spans = ready.flatMap(([, trace]) => trace.spans);
    this.#spans -= spans.length;
    return spans;
  }
}

/** Whole lines of each input as they come; an open pipe is followed until it ends or we are stopped. */
async function feed(
  paths: readonly string[],
  io: Io,
  stop: AbortSignal,
  take: (lines: string, name: string) => void,
): Promise<void> {
  for (const path of paths) {
    const name = path === "-" ? "standard input" : path;
    const stream = path === "-" ? io.stdin : (await Deno.open(path)).readable;
    const reader = stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
    stop.addEventListener("abort", () => void reader.cancel().catch(() => {}), { once: true });
    let tail = "";
    for (let part = await reader.read(); !part.done && !stop.aborted; part = await reader.read()) {
      const text = tail + part.value;
      const end = text.lastIndexOf("\n") + 1;
      tail = text.slice(end);
      if (end > 0) take(text.slice(0, end), name);
    }
    if (tail !== "") take(tail, name);
  }
}

/** @throws UsageError */
function address(text: string): { hostname: string; port: number } {
  const [, host, port] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) {
    throw new UsageError(`Cannot listen on "${text}": it is not HOST:PORT`, "Write --listen 127.0.0.1:4318");
  }
  return { hostname: host === "" ? "0.0.0.0" : host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
}
