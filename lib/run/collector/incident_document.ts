/** An incident that a watch found -> IncidentAttribution v1.1, from the spans and kernel events that are held of its time. */
import { attribute } from "../../attribute/attribute.ts";
import { evidence } from "../../attribute/evidence.ts";
import { toIso } from "../../model/clock.ts";
import type { AttributionEvidence, IncidentAttribution } from "../../model/incident_attribution.ts";
import type { ProbeEvent } from "../../model/probe_event.ts";
import type { Span } from "../../model/span.ts";
import type { RequestSplit } from "../../model/split.ts";
import { median } from "../../stats/describe.ts";
import { indicators, type RequestSpans, requestSpans } from "../../slo/from_spans.ts";
import type { ClosedBecause, OpenIncident } from "../../slo/incident_watch.ts";
import { kernelEvents } from "../../source/kernel_from_probes.ts";
import { watchedBy } from "../attributor_telemetry.ts";
import { decided, impact } from "../incident_fields.ts";
import { joinRequests } from "../join.ts";
import { ownEvents } from "../query/own_events.ts";
import { failuresOf, inside } from "./failures.ts";

export interface IncidentInput {
  readonly id: string;
  /** "": it has none. */
  readonly namespace: string;
  readonly service: string;
  readonly incident: OpenIncident;
  /** Absent while it is open. */
  readonly closed?: { readonly atNs: number; readonly because: ClosedBecause };
  /** Nanoseconds of the incident are counted from it, Unix nanoseconds. */
  readonly epochNs: bigint;
  /** All that is held from the baseline on, of any service, but without a service of the same name in another namespace. */
  readonly spans: readonly Span[];
  readonly probes: readonly ProbeEvent[];
  readonly cluster: string;
  /** A request slower than this spends budget. */
  readonly objectiveMs: number;
}

export function incidentDocument(input: IncidentInput): IncidentAttribution {
  const { id, namespace, service, incident, closed, epochNs, cluster } = input;
  const anchor = { monotonicNs: 0, unixNs: epochNs };
  const told = incident.sli === "ttft_ms" ? slow(input) : failing(input);
  return {
    schema: "incident_attribution/v1.1",
    incident_id: id,
    timestamp: toIso(anchor, incident.startNs),
    cluster,
    ...(namespace === "" ? {} : { namespace }),
    service,
    ...told,
    state: closed === undefined ? "open" : "closed",
    ...(closed === undefined ? {} : { closed_at: toIso(anchor, closed.atNs), closed_because: closed.because }),
    ...(input.spans.some(({ resource }) => resource.synthetic === true) ? { synthetic: true as const } : {}),
    ...(input.spans.some(({ resource }) => resource.replay === true) ? { replay: true as const } : {}),
  };
}

type Told = Omit<IncidentAttribution, "incident_id" | "timestamp" | "cluster" | "service">;

/** The time to first token moved: split what the kernel saw of both sides. */
function slow(input: IncidentInput): Told {
  const { service, incident, epochNs, probes, spans, objectiveMs } = input;
  const anchor = { monotonicNs: 0, unixNs: epochNs };
  const events = ownEvents(kernelEvents(probes, anchor), spans, service);
  const watched = watchedBy(new Set(probes.map(({ signal }) => signal)));
  const { requests } = joinRequests({ events, spans, service, anchor, watched });
  const ends = new Map(requestsOf(input).map(({ request, atNs }) => [request.entry.traceId, atNs]));
  const ended = (fromNs: number, toNs: number) =>
    requests.filter(({ traceId, firstByteNs }) => inside(ends.get(traceId) ?? firstByteNs, fromNs, toNs));
  const during = ended(incident.startNs, incident.endNs);
  const before = ended(incident.baseline.fromNs, incident.baseline.toNs);
  if (during.length === 0 || before.length === 0) return unexplained(input, during.length, before.length);
  const told = attribute(during, before, input.id);
  const seen = evidence(
    told.domain,
    events,
    span(during),
    span(before),
  );
  return {
    ...decided(told),
    evidence: [
      ...seen.flatMap(({ signal, value }): AttributionEvidence[] =>
        value === null ? [] : [{ signal, value, source: "ebpf" }]
      ),
      ...ttftEvidence(during),
    ],
    ...impact(worstFirst(during), { ...incident, p: 0, medianShiftMs: 0 }, objectiveMs),
    requests: { incident: during.length, baseline: before.length },
  };
}

/** From the first arrival to the last first byte. */
function span(requests: readonly RequestSplit[]) {
  return {
    startNs: requests.reduce((least, { startNs }) => Math.min(least, startNs), Infinity) - 1,
    endNs: requests.reduce((most, { firstByteNs }) => Math.max(most, firstByteNs), -Infinity),
    requests: requests.length,
  };
}

/** What was slow is known, why is not: nothing of the kernel joins these requests. */
function unexplained(input: IncidentInput, during: number, before: number): Told {
  const { incident, probes } = input;
  const all = requestsOf(input);
  const slow = all.filter(({ atNs }) => inside(atNs, incident.startNs, incident.endNs));
  const reason = probes.length === 0
    ? "no kernel event came: is an agent watching this service and sending here?"
    : `kernel events came, but the splits of ${during} slow requests and of ${before} before them are too few to compare`;
  const ttft = slow.flatMap(({ request }) => indicators(request).ttft_ms ?? []);
  return {
    predicted_fault_domain: "unknown",
    confidence: 0,
    unknown_reason: reason,
    evidence: ttft.length === 0 ? [] : [{ signal: "ttft_ms", value: median(ttft), source: "otel" }],
    ...impactOf(input, slow.map(({ request }) => request), ttft.filter((ms) => ms > input.objectiveMs).length),
    requests: { incident: slow.length, baseline: all.filter(({ atNs }) => atNs < incident.startNs).length },
  };
}

/** More requests fail: what their own calls answered, and what the kernel saw of those. */
function failing(input: IncidentInput): Told {
  const { incident, epochNs } = input;
  const all = requestsOf(input);
  const during = all.filter(({ atNs }) => inside(atNs, incident.startNs, incident.endNs));
  const failed = during.filter(({ request }) => indicators(request).error_rate === 1)
    .map(({ request, atNs }) => ({ request, fromNs: Number(request.entry.startNs - epochNs), toNs: atNs }));
  const { told, kernel } = failuresOf(input, failed);
  return {
    ...told,
    evidence: [
      { signal: "error_rate", value: during.length === 0 ? 0 : failed.length / during.length, source: "otel" },
      ...kernel(incident.startNs, incident.endNs),
    ],
    ...impactOf(input, failed.map(({ request }) => request), failed.length, during.length),
    requests: { incident: during.length, baseline: all.filter(({ atNs }) => atNs < incident.startNs).length },
  };
}

/** The objective lets one request in a hundred be bad. */
const BUDGET = 0.01;
const MOST_IDS = 100;

function impactOf(
  { incident }: IncidentInput,
  requests: readonly RequestSpans[],
  bad: number,
  total = requests.length,
): Pick<IncidentAttribution, "slo_impact" | "trace_ids" | "request_ids"> {
  const ids = requests.slice(0, MOST_IDS);
  return {
    slo_impact: {
      sli: incident.sli,
      burn_rate: total === 0 ? 0 : bad / total / BUDGET,
      window_minutes: Math.max(1, Math.ceil((incident.endNs - incident.startNs) / 60e9)),
    },
    trace_ids: ids.map(({ entry }) => entry.traceId),
    request_ids: ids.map(({ entry }) => entry.spanId),
  };
}

function requestsOf(
  { spans, service, epochNs }: IncidentInput,
): { readonly request: RequestSpans; readonly atNs: number }[] {
  return requestSpans(spans).filter(({ entry }) => entry.resource["service.name"] === service || service === "")
    .map((request) => ({ request, atNs: Number(request.entry.endNs - epochNs) }));
}

function ttftEvidence(requests: readonly RequestSplit[]): AttributionEvidence[] {
  return [{ signal: "stream_ttft_ms", value: median(requests.map(({ ttftMs }) => ttftMs)), source: "ebpf" }];
}

function worstFirst(requests: readonly RequestSplit[]): RequestSplit[] {
  return requests.toSorted((a, b) => b.ttftMs - a.ttftMs);
}
