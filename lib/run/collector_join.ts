/** Spans and probe events that are all at hand -> SLO events. The kernel's own TTFT stands before the application's. */
import type { ProbeEvent } from "../model/probe_event.ts";
import type { SloEvent } from "../model/slo_event.ts";
import type { Span } from "../model/span.ts";
import { withGenAiNames } from "../otlp/genai.ts";
import { EvidenceJoin } from "./collector/evidence_join.ts";
import { type JudgeOptions, judgeTrace } from "./collector/judge.ts";
import { enrichedSpan } from "./enriched_span.ts";

export interface JoinOptions extends JudgeOptions {
  readonly windowMs: number;
}

/** What became of spans: SLO events, and the spans with what the kernel adds to them. */
export interface JoinedSpans {
  readonly events: SloEvent[];
  readonly spans: Span[];
}

/** @param nowMs Unix ms */
export function joinSpans(
  spans: readonly Span[],
  probes: readonly ProbeEvent[],
  options: JoinOptions,
  nowMs: number,
): JoinedSpans {
  const epochNs = spans[0]?.startNs ?? 0n;
  const join = new EvidenceJoin({ epochNs, windowMs: options.windowMs, spans: spans.length, signals: probes.length });
  for (const probe of probes) join.addProbe(probe);
  const tickets = spans.map((span) => join.addSpan(withGenAiNames(span)));
  const traces = Map.groupBy(tickets, ({ span }) => span.traceId);
  const judged = [...traces.values()].map((trace) => judgeTrace(trace, join, options, nowMs));
  return {
    events: judged.flatMap(({ events }) => events),
    spans: judged.flatMap(({ evidence }) => evidence.map(({ span, attributes }) => enrichedSpan(span, attributes))),
  };
}
