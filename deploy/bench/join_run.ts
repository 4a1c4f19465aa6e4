/** How many signals a second are joined with spans on one core, as they come and all at once, and whether memory grows with time. */
import { correlate } from "../../lib/correlate/correlate.ts";
import { enrich } from "../../lib/correlate/enrich.ts";
import { StreamJoin } from "../../lib/correlate/stream_join.ts";
import type { SignalSubject } from "../../lib/correlate/subject.ts";
import { madeSignals, type MadeSpan, madeSpans } from "./join_stream.ts";
import { median } from "./numbers.ts";

const SIGNALS = 1_000_000;
const SPANS = 100_000;
const SECONDS = 200;
const ROUNDS = 5;
/** A span is judged so long after it came, and told what is at least so sure. */
const HOLD_NS = 2e9;
const ENRICH_FROM = 0.7;
const CHUNK = 10_000;

export interface JoinResult {
  readonly signals: number;
  readonly spans: number;
  readonly per_second: number;
  readonly rounds_per_second: readonly number[];
  /** By the time this thread was really on a CPU: others may have been at work. null where the kernel does not tell. */
  readonly per_cpu_second: number | null;
  /** Signals joined with exactly one span, as told when the spans were judged. */
  readonly enriching: number;
  readonly held_signals: number;
  readonly held_spans: number;
  /** Heap in use after each fifth of the stream, collected before it was read, without what was there before the stream. */
  readonly heap_mb: readonly number[];
  /** The same signals and spans all at once, in memory together. */
  readonly batch_per_second: number;
}

const collect = (globalThis as unknown as { gc(): void }).gc;

/** Nanoseconds this thread has been on a CPU; NaN where the kernel does not tell. */
function onCpuNs(): number {
  try {
    return Number(Deno.readTextFileSync("/proc/thread-self/schedstat").split(" ", 1)[0]);
  } catch {
    return NaN;
  }
}

/** Only the join is timed: the stream is made beside the clock. */
function stream(seed: string) {
  const spans = madeSpans(SPANS, SECONDS, seed);
  const signals = madeSignals(SIGNALS, SECONDS, spans, seed);
  const join = new StreamJoin<MadeSpan, SignalSubject>();
  collect();
  const before = Deno.memoryUsage().heapUsed;
  const heapMb: number[] = [];
  let [at, judged, enriching, ms, cpuNs] = [0, 0, 0, 0, 0];
  for (let chunk: SignalSubject[] = [], done = 0; done < SIGNALS; chunk = []) {
    while (chunk.length < CHUNK && done + chunk.length < SIGNALS) chunk.push(signals.next().value!);
    const started = performance.now();
    const cpuBefore = onCpuNs();
    for (const signal of chunk) {
      for (; at < spans.length && spans[at]!.endNs <= signal.tsNs; at++) join.addSpan(spans[at]!, spans[at]!);
      join.addSignal(signal, signal);
      for (; judged < at && spans[judged]!.endNs + HOLD_NS <= signal.tsNs; judged++) {
        const sure = join.joined(judged, ENRICH_FROM);
        join.told(sure);
        enriching += sure.length;
      }
    }
    cpuNs += onCpuNs() - cpuBefore;
    ms += performance.now() - started;
    done += chunk.length;
    if (done % (SIGNALS / 5) === 0) {
      collect();
      heapMb.push((Deno.memoryUsage().heapUsed - before) / 1e6);
    }
  }
  return { perSecond: SIGNALS / ms * 1000, perCpuSecond: SIGNALS / cpuNs * 1e9, enriching, heapMb, ...join.stats };
}

function batch(): number {
  const spans = madeSpans(SPANS, SECONDS, "batch");
  const signals = [...madeSignals(SIGNALS, SECONDS, spans, "batch")];
  const times = Array.from({ length: 3 }, () => {
    const started = performance.now();
    enrich(correlate(spans, signals));
    return performance.now() - started;
  });
  return SIGNALS / median(times) * 1000;
}

const rounds = Array.from({ length: ROUNDS }, (_, i) => stream(`round ${i}`));
const last = rounds.at(-1)!;
const perCpuSecond = median(rounds.map((round) => round.perCpuSecond));
const result: JoinResult = {
  signals: SIGNALS,
  spans: SPANS,
  per_second: median(rounds.map((round) => round.perSecond)),
  rounds_per_second: rounds.map((round) => round.perSecond),
  per_cpu_second: Number.isNaN(perCpuSecond) ? null : perCpuSecond,
  enriching: last.enriching,
  held_signals: last.signals,
  held_spans: last.spans,
  heap_mb: last.heapMb,
  batch_per_second: batch(),
};
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(result)));
