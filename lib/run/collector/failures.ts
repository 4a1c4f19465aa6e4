/** Why requests of a service failed: what their own calls answered, and the look-ups and connects of its processes that failed near them. */
import { type FailedRequest, type FailureCause, failureCause } from "../../attribute/failures.ts";
import type { Domain } from "../../model/attribution.ts";
import type { AttributionEvidence, IncidentAttribution } from "../../model/incident_attribution.ts";
import type { ProbeEvent } from "../../model/probe_event.ts";
import type { Span } from "../../model/span.ts";
import type { RequestSpans } from "../../slo/from_spans.ts";

export interface FailuresInput {
  readonly service: string;
  /** Unix nanoseconds. */
  readonly epochNs: bigint;
  readonly spans: readonly Span[];
  readonly probes: readonly ProbeEvent[];
}

export interface FailedAt {
  readonly request: RequestSpans;
  /** Nanoseconds since the epoch of the input. */
  readonly fromNs: number;
  readonly toNs: number;
}

type Told = Pick<IncidentAttribution, "predicted_fault_domain" | "confidence" | "unknown_reason" | "fault_hypotheses">;

/** The kernel and the application stamp the same thing a little apart. */
const SLACK_NS = 50e6;

const SIGNALS = ["dns_errors_total", "connect_errors_total"] as const;
type ErrorSignal = typeof SIGNALS[number];

/** `kernel`: what it saw fail in a span of time, as rows of evidence. */
export function failuresOf({ service, epochNs, spans, probes }: FailuresInput, failed: readonly FailedAt[]) {
  const pids = pidsOf(spans, service);
  const errors = probes.filter(({ pid, signal }) =>
    (pids.size === 0 || pids.has(pid)) && (SIGNALS as readonly string[]).includes(signal)
  ).map(({ signal, ts_unix_nano }) => ({ signal, atNs: Number(ts_unix_nano - epochNs) }));
  const within = (signal: ErrorSignal, fromNs: number, toNs: number) =>
    errors.filter((one) => one.signal === signal && inside(one.atNs, fromNs, toNs)).length;
  const cause = failureCause(failed.map(({ request, fromNs, toNs }): FailedRequest => ({
    provider: request.generation.filter(isFailed).map(statusOf),
    retrieval: request.retrieval.filter(isFailed).length,
    dnsErrors: within("dns_errors_total", fromNs, toNs),
    connectErrors: within("connect_errors_total", fromNs, toNs),
  })));
  const kernel = (fromNs: number, toNs: number): AttributionEvidence[] =>
    SIGNALS.map((signal) => ({ signal, value: within(signal, fromNs, toNs), source: "ebpf" as const }))
      .filter(({ value }) => value > 0);
  return { told: told(cause), kernel };
}

function told({ domain, confidence, shares }: FailureCause): Told {
  const sorted = (Object.entries(shares) as [Domain, number][]).sort((a, b) => b[1] - a[1]);
  return {
    predicted_fault_domain: domain,
    confidence,
    ...(domain === "unknown" ? { unknown_reason: "the failed requests share no cause that their calls tell of" } : {}),
    fault_hypotheses: sorted.slice(0, 3).map(([domain, posterior]) => ({ domain, posterior, evidence: [] })),
  };
}

/** With the slack of two clocks. */
export function inside(atNs: number, fromNs: number, toNs: number): boolean {
  return atNs >= fromNs - SLACK_NS && atNs <= toNs + SLACK_NS;
}

/** What client libraries call an answer of 429 in `error.type` where they state no status: `openai.RateLimitError`, `TooManyRequests`. */
const RATIONED = /rate_?limit|too_?many_?requests/i;

/** HTTP status of a call; 0 where it states none. */
function statusOf({ attributes }: Span): number {
  const type = attributes["error.type"];
  const status = Number(attributes["http.response.status_code"] ?? type) || 0;
  return status === 0 && typeof type === "string" && RATIONED.test(type) ? 429 : status;
}

function isFailed({ statusCode, attributes }: Span): boolean {
  const status = Number(attributes["http.response.status_code"] ?? 0);
  return statusCode === 2 || attributes["error.type"] !== undefined || status === 429 || status >= 500;
}

function pidsOf(spans: readonly Span[], service: string): Set<number> {
  return new Set(
    spans.filter(({ resource }) => resource["service.name"] === service).map(({ resource }) =>
      Number(resource["process.pid"] ?? 0)
    ).filter((pid) => pid > 0),
  );
}
