/** Events and spans, or a recording -> the incident in them, if there is one: split, shift, excess over the baseline. */
import { attribute } from "../attribute/attribute.ts";
import { evidence } from "../attribute/evidence.ts";
import { BAYES_VERSION, bayesVerdict, RULE_VERSION, ruleVerdict } from "../attribute/signals.ts";
import type { Evidence } from "../model/attribution.ts";
import { type Anchor, toIso } from "../model/clock.ts";
import { IoError } from "../model/errors.ts";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import type { Io } from "../model/io.ts";
import type { KernelEvent } from "../model/kernel_event.ts";
import type { Span } from "../model/span.ts";
import { SPAN_KIND } from "../model/span.ts";
import type { Label, RequestSplit } from "../model/split.ts";
import { plural } from "../report/format.ts";
import { findShift } from "../slo/shift.ts";
import type { Documents } from "../source/documents.ts";
import { kernelEvents } from "../source/kernel_from_probes.ts";
import type { AttributedInput, AttributionMode, AttributorOptions } from "./attributor.ts";
import { watchedLabels } from "./demo/analyse.ts";
import { replay } from "./demo/recorded.ts";
import { decided, type Decision, impact } from "./incident_fields.ts";
import { joinRequests } from "./join.ts";

/** What is attributed, from wherever it came. */
interface Run {
  readonly events: readonly KernelEvent[];
  readonly spans: readonly Span[];
  readonly anchor: Anchor;
  readonly watched: ReadonlySet<Label>;
  readonly source: string;
  readonly refused: number;
  readonly synthetic: boolean;
  readonly replay: boolean;
}

/** @throws IoError when it cannot be read, or its wire format is another one. */
export async function attributeRecording(path: string, options: AttributorOptions): Promise<AttributedInput> {
  const { data } = await replay(path);
  const watched = watchedLabels(data.coverage.attached);
  const { events, spans, anchor } = data;
  return attributeRun(
    { events, spans, anchor, watched, source: "recording", refused: 0, synthetic: false, replay: true },
    options,
  );
}

/** @throws IoError when there are no spans or no events: one without the other explains no request. */
export function attributeTelemetry(
  documents: Documents,
  options: AttributorOptions,
  io: Pick<Io, "err">,
): AttributedInput {
  const { probes, spans } = documents;
  if (probes.length === 0 || spans.length === 0) {
    const missing = probes.length === 0 ? "probe events" : "spans";
    throw new IoError(
      `Cannot attribute: the input holds no ${missing}`,
      "Give both: --input events.jsonl --input spans.jsonl",
    );
  }
  const anchor = {
    monotonicNs: 0,
    unixNs: probes.reduce((t, p) => p.ts_unix_nano < t ? p.ts_unix_nano : t, spans[0]!.startNs),
  };
  const run = {
    events: kernelEvents(probes, anchor),
    spans,
    anchor,
    watched: watchedBy(new Set(probes.map((probe) => probe.signal))),
    source: "events_and_spans",
    refused: documents.refused,
    synthetic: documents.synthetic,
    replay: documents.replay,
  };
  io.err("sloctl: probe events carry no thread clocks: an application's own time is part of unexplained\n");
  return attributeRun(run, options);
}

/** A label counts as watched when its signal was seen at least once. */
function watchedBy(signals: ReadonlySet<string>): Set<Label> {
  const needs: readonly [Label, string][] = [
    ["dns", "dns_latency_ms"],
    ["connect", "connect_latency_ms"],
    ["tls", "tls_handshake_ms"],
    ["rtx_stall", "tcp_retransmits_total"],
    ["send", "stream_ttft_ms"],
    ["provider", "stream_ttft_ms"],
    ["retrieval", "stream_ttft_ms"],
    ["runq", "runqueue_delay_ms"],
    ["throttled", "runqueue_delay_ms"], // one probe yields both; throttling that never came was still watched
  ];
  return new Set<Label>(["unexplained", ...needs.filter(([, signal]) => signals.has(signal)).map(([label]) => label)]);
}

function attributeRun(run: Run, options: AttributorOptions): AttributedInput {
  const { requests, service } = requestsOf(run);
  const base = {
    source: run.source,
    mode: options.mode,
    refused: run.refused,
    synthetic: run.synthetic,
    replay: run.replay,
  };
  const startNs = requests[0]!.startNs;
  const baselineEndNs = startNs + options.baselineMs * 1e6;
  const shift = findShift(requests.map((r) => ({ atNs: r.startNs, ttftMs: r.ttftMs })), baselineEndNs);
  if (shift === null) return { ...base, cases: [] };
  const slow = requests.filter((r) => r.startNs >= shift.startNs && r.startNs <= shift.endNs);
  const baseline = requests.filter((r) => r.startNs <= baselineEndNs);
  const own = new Set(ownPids(run.spans, service));
  const told = options.mode === "model" ? attribute(slow, baseline, "attributor") : null;
  const seen = evidence(
    told?.domain ?? "unknown",
    run.events.filter((event) => event.kind === "steal" || own.has(event.owner.pid)),
    { startNs: shift.startNs - 1, endNs: shift.endNs, requests: slow.length },
    { startNs: startNs - 1, endNs: baselineEndNs, requests: baseline.length },
  );
  const openedAt = toIso(run.anchor, shift.startNs);
  const answer: IncidentAttribution = {
    incident_id: `inc-${openedAt.replace(/[^0-9]/g, "")}`,
    timestamp: openedAt,
    cluster: "",
    service,
    ...(told === null ? fromSignals(options.mode, seen) : decided(told)),
    evidence: seen.flatMap(({ signal, value }) => value === null ? [] : [{ signal, value, source: "ebpf" as const }]),
    ...impact(slow, shift, options.objectiveMs),
    schema: "incident_attribution/v1.1",
    ...(run.synthetic ? { synthetic: true as const } : {}),
    ...(run.replay ? { replay: true as const } : {}),
  };
  return { ...base, cases: [{ incidentId: answer.incident_id, timestamp: openedAt, answer, expected: null }] };
}

function fromSignals(mode: AttributionMode, seen: readonly Evidence[]): Decision & Partial<IncidentAttribution> {
  const signals = Object.fromEntries(seen.flatMap(({ signal, value }) => value === null ? [] : [[signal, value]]));
  const verdict = mode === "bayes" ? bayesVerdict(signals) : ruleVerdict(signals);
  return {
    predicted_fault_domain: verdict.domain,
    confidence: verdict.confidence,
    fault_hypotheses: verdict.hypotheses.slice(0, 3),
    attribution_mode: mode,
    model_version: mode === "bayes" ? BAYES_VERSION : RULE_VERSION,
  };
}

/** Of the service whose own sockets were watched; where spans do not say their process, the one whose requests can be split. */
function requestsOf(run: Run): { requests: readonly RequestSplit[]; service: string } {
  const servers = run.spans.filter((span) => span.kind === SPAN_KIND.server);
  const watched = new Set(
    run.events.flatMap((event) => event.kind === "exchange" && event.role === "server" ? [event.owner.pid] : []),
  );
  const own = servers.filter((span) => watched.has(Number(span.resource["process.pid"] ?? 0)));
  const services = new Set((own.length > 0 ? own : servers).map((span) => String(span.resource["service.name"] ?? "")));
  let best: { requests: readonly RequestSplit[]; service: string } = { requests: [], service: "" };
  for (const service of services) {
    const { requests } = joinRequests({ ...run, service });
    if (requests.length > best.requests.length) best = { requests, service };
  }
  if (best.requests.length > 0) return best;
  throw new IoError(
    `Cannot attribute: none of ${plural(run.spans.length, "span")} joins an exchange that the kernel saw`,
    "The agent must watch the service whose spans these are, at the same time",
  );
}

function ownPids(spans: readonly Span[], service: string): number[] {
  return spans.filter((span) => span.resource["service.name"] === service).map((span) =>
    Number(span.resource["process.pid"] ?? 0)
  );
}
