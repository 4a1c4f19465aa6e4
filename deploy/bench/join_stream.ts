/**
 * A made-up stream for the join: every thread of evidence there is. Of a thousand processes one in ten serves 32 requests at a time, so
 * that what its kernel events belong to is mostly a guess; four signals in ten carry their trace. Signals come at once, spans when they
 * have ended.
 */
import type { SignalSubject, SpanSubject } from "../../lib/correlate/subject.ts";
import { random } from "../../lib/stats/random.ts";

export const PIDS = 1000;
const BUSY_PIDS = PIDS / 10;
const AT_ONCE = 32;
/** Shares of the spans. */
const BUSY_SHARE = 0.8;
const MS = 1e6;

export interface MadeSpan extends SpanSubject {
  readonly pid: number;
}

/** `count` spans over `seconds`, in the order in which they end. */
export function madeSpans(count: number, seconds: number, seed: string): MadeSpan[] {
  const draw = random(`${seed}/spans`);
  const busy = Math.round(count * BUSY_SHARE);
  // So long that 32 of them are under way at any time.
  const busyMs = AT_ONCE * seconds * 1000 / (busy / BUSY_PIDS);
  const spans = Array.from({ length: count }, (_, i): MadeSpan => {
    const isBusy = i < busy;
    const pid = isBusy ? 1 + i % BUSY_PIDS : 1 + BUSY_PIDS + i % (PIDS - BUSY_PIDS);
    const length = (isBusy ? busyMs : 500) * (0.5 + draw.float());
    const startNs = Math.floor((draw.float() * seconds * 1000 - length / 2) * MS);
    const id = (i + 1).toString(16);
    return {
      ...place(pid),
      traceId: id.padStart(32, "0"),
      spanId: id.padStart(16, "0"),
      service: `service-${pid % 20}`,
      startNs,
      endNs: startNs + Math.floor(length * MS),
    };
  });
  return spans.sort((a, b) => a.endNs - b.endNs);
}

/** `count` signals over `seconds`, in the order of time, made one by one: a million of them need not be in memory together. */
export function* madeSignals(
  count: number,
  seconds: number,
  spans: readonly MadeSpan[],
  seed: string,
): Generator<SignalSubject> {
  const draw = random(`${seed}/signals`);
  const step = seconds * 1e9 / count;
  for (let i = 0; i < count; i++) {
    const tsNs = Math.floor((i + draw.float()) * step);
    // A span that is about to end soon: it began before this signal.
    const of = spans[Math.min(spans.length - 1, Math.floor((i + 1) / count * spans.length))]!;
    const traced = draw.below(10) < 4;
    const pid = traced ? of.pid : 1 + draw.below(PIDS);
    yield {
      ...place(pid),
      ...(traced ? { traceId: of.traceId, spanId: of.spanId } : {}),
      conn: `10.0.${pid >> 8}.${pid & 255}:${20_000 + draw.below(10_000)}->10.9.0.1:443`,
      tsNs,
      signal: "dns_latency_ms",
      value: 1,
    };
  }
}

function place(pid: number) {
  return { pid, pod: `pod-${pid % 250}`, node: `node-${pid % 10}` };
}
