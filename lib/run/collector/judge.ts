/** Traces that are complete -> what is told of them: evidence by span, and SLO events by request. */
import type { SloEvent } from "../../model/slo_event.ts";
import type { Span } from "../../model/span.ts";
import type { Objectives } from "../../slo/from_samples.ts";
import { type RequestSpans, requestSpans } from "../../slo/from_spans.ts";
import { observeRequests } from "../../slo/observe.ts";
import type { SloTracker } from "../../slo/tracker.ts";
import type { SpanEvidence } from "./evidence.ts";
import type { EvidenceJoin, Ticket } from "./evidence_join.ts";

export interface JudgeOptions {
  readonly objectives: Objectives;
  /** What is written where the data do not say. */
  readonly place: Readonly<Pick<SloEvent, "cluster" | "namespace" | "workload" | "service">>;
  /** Null: there is no SLO file. */
  readonly tracker: SloTracker | null;
}

/** One trace, judged. What is sent on, stored and counted is made of this. */
export interface JudgedTrace {
  readonly traceId: string;
  /** By span, in the order in which they came. */
  readonly evidence: readonly SpanEvidence[];
  readonly requests: readonly RequestSpans[];
  readonly events: readonly SloEvent[];
}

/** @param tickets the spans of one trace @param nowMs Unix ms */
export function judgeTrace(
  tickets: readonly Ticket[],
  join: EvidenceJoin,
  { objectives, place, tracker }: JudgeOptions,
  nowMs: number,
): JudgedTrace {
  const evidence = tickets.map((ticket) => join.evidence(ticket));
  const bySpan = new Map(evidence.map((one) => [one.span, one]));
  const requests = requestSpans(evidence.map(({ span }) => span));
  const events = observeRequests(requests, {
    objectives,
    place,
    tracker,
    nowMs,
    more: (request) => {
      const entry = bySpan.get(request.entry)!;
      const kernelMs = entry.kernelTtftMs;
      return {
        values: kernelMs === null ? {} : { ttft_ms: kernelMs },
        labels: {
          ...(kernelMs === null ? {} : { ttft_source: "kernel" }),
          ...requestLabels(request, bySpan),
          ...marks(request.entry),
        },
      };
    },
  });
  return { traceId: tickets[0]?.span.traceId ?? "", evidence, requests, events };
}

/** The evidence of a request's spans as labels; where two spans say the same thing, the surer one. Labels are text. */
function requestLabels(request: RequestSpans, bySpan: ReadonlyMap<Span, SpanEvidence>): Record<string, string> {
  const { entry, retrieval, generation, other } = request;
  const all = [entry, ...retrieval, ...generation, ...other].flatMap((span) => bySpan.get(span) ?? []);
  const sure = all.toSorted((a, b) => (a.chosen[0]?.confidence ?? 0) - (b.chosen[0]?.confidence ?? 0));
  const said = Object.assign({}, ...sure.map(({ attributes }) => attributes)) as Record<string, unknown>;
  const best = sure.at(-1)?.chosen[0];
  const labels = Object.entries(said).filter(([key]) => key !== "llm.slo.ttft_ms").map((
    [key, value],
  ) => [key, String(value)]);
  return {
    ...Object.fromEntries(labels),
    ...(best === undefined ? {} : { correlation_tier: best.tier }),
  };
}

function marks({ resource }: Span): Record<string, string> {
  return {
    ...(resource.replay === true ? { replay: "true" } : {}),
    ...(resource.synthetic === true ? { synthetic: "true" } : {}),
  };
}
