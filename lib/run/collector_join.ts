/** Spans and probe events that are all at hand -> SLO events. The kernel's own TTFT stands before the application's. */
import type { ProbeEvent } from "../model/probe_event.ts";
import type { SloEvent } from "../model/slo_event.ts";
import type { Span } from "../model/span.ts";
import { withGenAiNames } from "../otlp/genai.ts";
import { EvidenceJoin } from "./collector/evidence_join.ts";
import { type JudgeOptions, judgeTrace } from "./collector/judge.ts";

export interface JoinOptions extends JudgeOptions {
  readonly windowMs: number;
}

/** @param nowMs Unix ms */
export function joinSloEvents(
  spans: readonly Span[],
  probes: readonly ProbeEvent[],
  options: JoinOptions,
  nowMs: number,
): SloEvent[] {
  const epochNs = spans[0]?.startNs ?? 0n;
  const join = new EvidenceJoin({ epochNs, windowMs: options.windowMs, spans: spans.length, signals: probes.length });
  for (const probe of probes) join.addProbe(probe);
  const tickets = spans.map((span) => join.addSpan(withGenAiNames(span)));
  const traces = Map.groupBy(tickets, ({ span }) => span.traceId);
  return [...traces.values()].flatMap((trace) => judgeTrace(trace, join, options, nowMs).events);
}
