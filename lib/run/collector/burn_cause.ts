/**
 * Why an objective burns. No moment shows it, so the requests that broke it are compared with those of the same time that kept it: what
 * failed by what its calls answered, what was slow by where its time to first token went. Named only where that stands out.
 */
import { attribute, type Attribution } from "../../attribute/attribute.ts";
import type { AttributionEvidence, IncidentAttribution } from "../../model/incident_attribution.ts";
import type { ProbeEvent } from "../../model/probe_event.ts";
import type { Span } from "../../model/span.ts";
import { type Label, LABELS } from "../../model/split.ts";
import { indicators, type RequestSpans, requestSpans } from "../../slo/from_spans.ts";
import { noticeableMs } from "../../slo/shift.ts";
import type { Slo } from "../../slo/slo.ts";
import { kernelEvents } from "../../source/kernel_from_probes.ts";
import { median } from "../../stats/describe.ts";
import { watchedBy } from "../attributor_telemetry.ts";
import { decided } from "../incident_fields.ts";
import { joinRequests } from "../join.ts";
import { ownEvents } from "../query/own_events.ts";
import { failuresOf } from "./failures.ts";

export interface BurnCauseInput {
  readonly slo: Slo;
  /** Trace ids of requests that broke it. */
  readonly broken: ReadonlySet<string>;
  /** Before this, Unix nanoseconds, not every request that broke it is among those. */
  readonly sinceNs: bigint;
  /** Nanoseconds are counted from it, Unix nanoseconds. */
  readonly epochNs: bigint;
  /** What is held of that time, of any service. */
  readonly spans: readonly Span[];
  readonly probes: readonly ProbeEvent[];
}

type Told =
  & Pick<IncidentAttribution, "predicted_fault_domain" | "confidence" | "evidence">
  & Partial<IncidentAttribution>;

/** Fewer are no sample. */
const LEAST_BROKEN = 6;
const LEAST_KEPT = 30;
export function burnCause(input: BurnCauseInput): Told {
  const { slo, spans, epochNs, sinceNs } = input;
  const requests = requestSpans(spans).filter(({ entry }) =>
    entry.resource["service.name"] === slo.service && entry.endNs >= sinceNs
  );
  const broken = requests.filter(({ entry }) => input.broken.has(entry.traceId));
  if (broken.length === 0) return unknown("none of the requests that broke it is held any more");
  const failed = broken.filter((request) => indicators(request).error_rate === 1).map((request) => ({
    request,
    fromNs: Number(request.entry.startNs - epochNs),
    toNs: Number(request.entry.endNs - epochNs),
  }));
  if (failed.length * 2 <= broken.length) return slow(input, broken, requests);
  const { told, kernel } = failuresOf({ ...input, service: slo.service }, failed);
  return {
    ...told,
    evidence: kernel(Math.min(...failed.map(({ fromNs }) => fromNs)), Math.max(...failed.map(({ toNs }) => toNs))),
    requests: { incident: failed.length, baseline: requests.length - broken.length },
  };
}

function slow(input: BurnCauseInput, broken: readonly RequestSpans[], all: readonly RequestSpans[]): Told {
  const { slo: { name, service }, epochNs, probes, spans } = input;
  if (probes.length === 0) return unknown("no kernel event came: is an agent watching this service and sending here?");
  const anchor = { monotonicNs: 0, unixNs: epochNs };
  const events = ownEvents(kernelEvents(probes, anchor), spans, service);
  const watched = watchedBy(new Set(probes.map(({ signal }) => signal)));
  const held = new Set(all.map(({ entry }) => entry.traceId));
  const { requests } = joinRequests({ events, spans, service, anchor, watched });
  const [slow = [], kept = []] = [true, false].map((isBroken) =>
    requests.filter(({ traceId }) => held.has(traceId) && input.broken.has(traceId) === isBroken)
  );
  if (slow.length < LEAST_BROKEN || kept.length < LEAST_KEPT) {
    return unknown(
      `the kernel saw ${slow.length} requests that broke it and ${kept.length} that kept it: too few to compare`,
    );
  }
  const [ms, usual] = [slow, kept].map((group) => group.map(({ ttftMs }) => ttftMs)) as [number[], number[]];
  const excess = median(ms) - median(usual);
  const compared = `${median(ms).toFixed(0)} ms in the median against ${median(usual).toFixed(0)} ms`;
  if (excess < noticeableMs(usual)) {
    return unknown(`the requests that broke it had their first token no later than those that kept it: ${compared}`);
  }
  const whole = wholeExcess(broken, all, input.broken);
  if (!asksForFirstToken(input.slo) && excess * 2 < whole) {
    return unknown(
      `the requests that broke it took ${whole.toFixed(0)} ms longer, most of it after their first token (${compared})`,
    );
  }
  const told = attribute(slow, kept, `${service} ${name}`);
  return {
    ...decided(told),
    evidence: [...seen(told), { signal: "stream_ttft_ms", value: median(ms), source: "ebpf" }],
    requests: { incident: slow.length, baseline: kept.length },
  };
}

/** Milliseconds by which they took longer in all. */
function wholeExcess(
  broken: readonly RequestSpans[],
  all: readonly RequestSpans[],
  ids: ReadonlySet<string>,
): number {
  const whole = (list: readonly RequestSpans[]) =>
    median(list.map(({ entry }) => Number(entry.endNs - entry.startNs) / 1e6));
  return whole(broken) - whole(all.filter(({ entry }) => !ids.has(entry.traceId)));
}

function asksForFirstToken({ sli }: Slo): boolean {
  return sli.kind === "events" && (sli.predicate?.terms ?? []).some(({ kind }) => kind.sli === "ttft_ms");
}

/** The kernel's signal behind a label. What other requests did at the same time is in none of these: they are of joined events alone. */
const SIGNAL_OF: Readonly<Partial<Record<Label, string>>> = {
  dns: "dns_latency_ms",
  connect: "connect_latency_ms",
  tls: "tls_handshake_ms",
  runq: "runqueue_delay_ms",
  throttled: "cfs_throttled_ms",
};

/** Milliseconds per request that broke it, what differs most from the others first. */
function seen({ incident, excess }: Attribution): AttributionEvidence[] {
  const rows = LABELS.flatMap((label) => {
    const [signal, value] = [SIGNAL_OF[label], incident[label]];
    return signal === undefined || value === null ? [] : [{ signal, value, more: excess[label] ?? 0 }];
  });
  return rows.sort((a, b) => b.more - a.more).map(({ signal, value }) => ({ signal, value, source: "ebpf" }));
}

function unknown(reason: string): Told {
  return { predicted_fault_domain: "unknown", confidence: 0, unknown_reason: reason, evidence: [] };
}
