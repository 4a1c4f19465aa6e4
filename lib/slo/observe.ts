/**
 * What a collector does with requests as they end: one SLO event per indicator, and the request counted in every SLO it has to do
 * with. Pure: time is an argument.
 */
import type { SliName, SloEvent } from "../model/slo_event.ts";
import type { Span } from "../model/span.ts";
import { type Objectives, sloEvents } from "./from_samples.ts";
import { indicators, requestFacts, requestLabels, type RequestSpans } from "./from_spans.ts";
import type { SloTracker, Verdict } from "./tracker.ts";

export interface ObserveOptions {
  readonly objectives: Objectives;
  /** What is written where the spans do not say. */
  readonly place: Readonly<Pick<SloEvent, "cluster" | "namespace" | "workload" | "service">>;
  /** Null: there is no SLO file, and nothing is counted. */
  readonly tracker: SloTracker | null;
  /** Unix ms; never before that of an earlier call. */
  readonly nowMs: number;
  /** What is known of a request beside its spans: values that stand before theirs (the kernel's TTFT), and labels. */
  readonly more?: (request: RequestSpans, index: number) => {
    readonly values?: Readonly<Partial<Record<SliName, number>>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

/** In the order of `requests`. A request whose promise was broken says so in its labels: `slo_bad`, `slo_stage`. */
export function observeRequests(requests: readonly RequestSpans[], options: ObserveOptions): SloEvent[] {
  const { objectives, place, tracker, nowMs, more } = options;
  const events = requests.flatMap((request, i) => {
    const { values = {}, labels = {} } = more?.(request, i) ?? {};
    const facts = requestFacts(request, values);
    const service = facts.service || place.service;
    const verdicts = tracker?.observe({ ...facts, service }, nowMs) ?? [];
    const { entry } = request;
    return sloEvents(
      {
        id: `${entry.traceId}-${entry.spanId}`,
        timestamp: new Date(Number(entry.endNs / 1_000_000n)).toISOString(),
        cluster: text(entry, "k8s.cluster.name") || place.cluster,
        namespace: text(entry, "k8s.namespace.name") || place.namespace,
        workload: text(entry, "k8s.deployment.name") || place.workload,
        service,
        request_id: entry.spanId,
        trace_id: entry.traceId,
        labels: { ...requestLabels(request), ...labels, ...broken(verdicts) },
      },
      { ...indicators(request), ...values },
      objectives,
    );
  });
  tracker?.advance(nowMs);
  return events;
}

function broken(verdicts: readonly Verdict[]): Record<string, string> {
  const bad = verdicts.filter(({ good }) => !good);
  const stage = bad.find(({ stage }) => stage !== null)?.stage;
  return {
    ...(bad.length === 0 ? {} : { slo_bad: bad.map(({ slo }) => slo.name).join(",") }),
    ...(stage === undefined || stage === null ? {} : { slo_stage: stage }),
  };
}

function text({ resource }: Span, key: string): string {
  const value = resource[key];
  return typeof value === "string" ? value : "";
}
