/** How many signals a second are joined with spans, by the streaming join on one core, and whether its memory grows with time. */
import { correlate } from "../../lib/correlate/correlate.ts";
import { enrich } from "../../lib/correlate/enrich.ts";
import { StreamJoin } from "../../lib/correlate/stream_join.ts";
import type { SignalSubject } from "../../lib/correlate/subject.ts";
import { madeSignals, type MadeSpan, madeSpans } from "./join_stream.ts";
import { median } from "./numbers.ts";

const SIGNALS = 1_000_000;
const SPANS = 100_000;
const SECONDS = 200;
const ROUNDS = 3;
/** A span is judged so long after it came. */
const HOLD_NS = 2e9;
const ENRICH_FROM = 0.7;
const CHUNK = 10_000;
/** For all at once: they are in memory together. */
const BATCH_SIGNALS = 200_000;
const BATCH_SPANS = 20_000;

export interface JoinResult {
  readonly signals: number;
  readonly spans: number;
  readonly per_second: number;
  readonly rounds_per_second: readonly number[];
  /** Signals joined with exactly one span, as told when the spans were judged. */
  readonly enriching: number;
  readonly held_signals: number;
  readonly held_spans: number;
  /** Heap in use at each quarter of the stream, in MB, the stream's own spans taken out by measuring before. */
  readonly heap_mb: readonly number[];
  readonly batch_per_second: number;
}

export function benchJoin(): JoinResult {
  const rounds = Array.from({ length: ROUNDS }, (_, i) => stream(`round ${i}`));
  const last = rounds.at(-1)!;
  return {
    signals: SIGNALS,
    spans: SPANS,
    per_second: median(rounds.map((round) => round.perSecond)),
    rounds_per_second: rounds.map((round) => round.perSecond),
    enriching: last.enriching,
    held_signals: last.signals,
    held_spans: last.spans,
    heap_mb: last.heapMb,
    batch_per_second: batch(),
  };
}

/** Only the join is timed: the stream is made beside the clock. */
function stream(seed: string) {
  const spans = madeSpans(SPANS, SECONDS, seed);
  const signals = madeSignals(SIGNALS, SECONDS, spans, seed);
  const join = new StreamJoin<MadeSpan, SignalSubject>();
  const before = Deno.memoryUsage().heapUsed;
  const heapMb: number[] = [];
  let [at, judged, enriching, ms] = [0, 0, 0, 0];
  for (let chunk: SignalSubject[] = [], done = 0; done < SIGNALS; chunk = []) {
    while (chunk.length < CHUNK && done + chunk.length < SIGNALS) chunk.push(signals.next().value!);
    const started = performance.now();
    for (const signal of chunk) {
      for (; at < spans.length && spans[at]!.endNs <= signal.tsNs; at++) join.addSpan(spans[at]!, spans[at]!);
      join.addSignal(signal, signal);
      for (; judged < at && spans[judged]!.endNs + HOLD_NS <= signal.tsNs; judged++) {
        const sure = join.joined(judged, ENRICH_FROM);
        join.told(sure);
        enriching += sure.length;
      }
    }
    ms += performance.now() - started;
    done += chunk.length;
    if (done % (SIGNALS / 4) === 0) heapMb.push((Deno.memoryUsage().heapUsed - before) / 1e6);
  }
  return { perSecond: SIGNALS / ms * 1000, enriching, ...join.stats, heapMb };
}

function batch(): number {
  const spans = madeSpans(BATCH_SPANS, SECONDS, "batch");
  const signals = [...madeSignals(BATCH_SIGNALS, SECONDS, spans, "batch")];
  const times = Array.from({ length: ROUNDS }, () => {
    const started = performance.now();
    enrich(correlate(spans, signals));
    return performance.now() - started;
  });
  return BATCH_SIGNALS / median(times) * 1000;
}
