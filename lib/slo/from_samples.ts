/** Raw samples and requests of spans -> SLO events: one measurement of one indicator each, judged by its objective. Pure. */
import type { RawSample } from "../model/samples.ts";
import type { SliName, SloEvent } from "../model/slo_event.ts";
import type { Slo } from "./slo.ts";

export interface Objectives {
  /** A TTFT above it is a breach; from three quarters of it on, a warning. */
  readonly ttftMs: number;
  /** The same of other indicators in ms, and of TTFT instead of `ttftMs`; of throughput, what is below it is a breach. */
  readonly limits?: Readonly<Partial<Record<SliName, number>>>;
}

/** The strictest limit an SLO file sets for each indicator. */
export function limitsOf(slos: readonly Slo[]): Partial<Record<SliName, number>> {
  const limits: Partial<Record<SliName, number>> = {};
  for (const { sli } of slos) {
    const terms = sli.kind === "events" ? sli.predicate?.terms ?? [] : [];
    for (const { kind: { sli, limit: operator }, limit: { value } } of terms) {
      if (sli === null) continue;
      limits[sli] = operator === "<=" ? Math.min(limits[sli] ?? value, value) : Math.max(limits[sli] ?? value, value);
    }
  }
  return limits;
}

/** What the measurements of one request have in common. */
export interface Subject extends
  Pick<
    SloEvent,
    "timestamp" | "cluster" | "namespace" | "workload" | "service" | "request_id" | "trace_id" | "labels"
  > {
  /** Makes event ids unique; the trace id where there is one. */
  readonly id: string;
}

const UNITS: Readonly<Partial<Record<SliName, string>>> = { token_throughput_tps: "tokens/s" };
const RATES: readonly SliName[] = ["error_rate", "provider_error_rate"];
/** Shares of what went well. */
const SUCCESSES: readonly SliName[] = ["structured_output_validity", "tool_call_success"];
const WARNING = 0.75;

/** One event per value; a value that is no finite number is left out: no data is not zero. */
export function sloEvents(
  subject: Subject,
  values: Readonly<Partial<Record<SliName, number | null>>>,
  objectives: Objectives,
): SloEvent[] {
  const { id, trace_id, labels, ...common } = subject;
  return (Object.entries(values) as [SliName, number | null][]).flatMap(([name, value]): SloEvent[] => {
    if (value === null || value === undefined || !Number.isFinite(value)) return [];
    return [{
      event_id: `${id}-${name}`,
      ...common,
      sli_name: name,
      sli_value: value,
      unit: UNITS[name] ?? ([...RATES, ...SUCCESSES].includes(name) ? "ratio" : "ms"),
      status: status(name, value, objectives),
      ...(trace_id ? { trace_id } : {}),
      ...(labels !== undefined && Object.keys(labels).length > 0 ? { labels } : {}),
    }];
  });
}

function status(name: SliName, value: number, { ttftMs, limits = {} }: Objectives): SloEvent["status"] {
  if (RATES.includes(name)) return value > 0 ? "breach" : "ok";
  if (SUCCESSES.includes(name)) return value < 1 ? "breach" : "ok";
  const limit = limits[name] ?? (name === "ttft_ms" ? ttftMs : null);
  if (limit === null) return "ok";
  if (name === "token_throughput_tps") return value < limit ? "breach" : value < limit / WARNING ? "warning" : "ok";
  return value > limit ? "breach" : value > WARNING * limit ? "warning" : "ok";
}

/** `fault_label` is ground truth and does not travel on. */
export function fromRawSample(sample: RawSample, objectives: Objectives): SloEvent[] {
  const { ttft_ms, request_latency_ms, token_throughput_tps, error_rate } = sample;
  return sloEvents(
    {
      id: sample.trace_id || sample.request_id,
      timestamp: sample.timestamp,
      cluster: sample.cluster ?? "",
      namespace: sample.namespace ?? "",
      workload: sample.workload ?? "",
      service: sample.service ?? "",
      request_id: sample.request_id,
      ...(sample.trace_id ? { trace_id: sample.trace_id } : {}),
      ...(sample.synthetic === true ? { labels: { synthetic: "true" } } : {}),
    },
    { ttft_ms, request_latency_ms, token_throughput_tps, error_rate },
    objectives,
  );
}
