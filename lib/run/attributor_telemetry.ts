/** Events with spans or without, or a recording -> the incident in them, if there is one: split, shift, excess over the baseline. */
import { attribute } from "../attribute/attribute.ts";
import { evidence } from "../attribute/evidence.ts";
import { BAYES_VERSION, bayesVerdict, RULE_VERSION, ruleVerdict } from "../attribute/signals.ts";
import type { Evidence } from "../model/attribution.ts";
import { suspendedIn, toIso } from "../model/clock.ts";
import { IoError } from "../model/errors.ts";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import type { Io } from "../model/io.ts";
import type { Label, RequestSplit } from "../model/split.ts";
import { findShift } from "../slo/shift.ts";
import type { Documents } from "../source/documents.ts";
import { kernelEvents } from "../source/kernel_from_probes.ts";
import type { Attributed, AttributedInput, AttributionMode, AttributorOptions } from "./attributor.ts";
import { type ServiceRequests, serviceRequests, type TelemetryRun } from "./attributor_requests.ts";
import { replay } from "./demo/recorded.ts";
import { decided, type Decision, estimatedMark, impact } from "./incident_fields.ts";
import { countKinds, keptShare } from "./watch_drops.ts";
import { watchedLabels } from "./watched_labels.ts";

/** What is attributed, from wherever it came. */
interface Run extends TelemetryRun {
  readonly source: string;
  /** Share of the kernel's records that were not lost. */
  readonly kept: number;
  readonly refused: number;
  readonly synthetic: boolean;
  readonly replay: boolean;
}

/** @throws IoError when it cannot be read, or its wire format is another one. */
export async function attributeRecording(
  path: string,
  options: AttributorOptions,
  io: Pick<Io, "err">,
): Promise<AttributedInput> {
  const { data } = await replay(path);
  const { events, spans, anchor, clockBreaks = [], drops } = data;
  if (spans.length === 0) io.err(ESTIMATED);
  return attributeRun({
    events,
    spans,
    anchor,
    watched: watchedLabels(data.coverage.attached),
    breaks: clockBreaks,
    peers: options.peers,
    source: "recording",
    kept: keptShare(countKinds(events), drops),
    refused: 0,
    synthetic: false,
    replay: true,
  }, options);
}

const ESTIMATED = "sloctl: the input holds no spans: requests are estimated from sockets alone\n";

/** @throws IoError when there are no events: spans alone say when a request was slow, not why. */
export function attributeTelemetry(
  documents: Documents,
  options: AttributorOptions,
  io: Pick<Io, "err">,
): AttributedInput {
  const { probes, spans } = documents;
  if (probes.length === 0) {
    throw new IoError(
      "Cannot attribute: the input holds no probe events",
      "Give events, and spans where there are any: --input events.jsonl --input spans.jsonl",
    );
  }
  if (spans.length === 0) io.err(ESTIMATED);
  const anchor = {
    monotonicNs: 0,
    unixNs: probes.reduce((t, p) => p.ts_unix_nano < t ? p.ts_unix_nano : t, probes[0]!.ts_unix_nano),
  };
  const run = {
    events: kernelEvents(probes, anchor),
    spans,
    anchor,
    watched: watchedBy(new Set(probes.map((probe) => probe.signal))),
    breaks: [],
    peers: options.peers,
    source: spans.length === 0 ? "events" : "events_and_spans",
    kept: 1,
    refused: documents.refused,
    synthetic: documents.synthetic,
    replay: documents.replay,
  };
  io.err("sloctl: probe events carry no thread clocks: an application's own time is part of unexplained\n");
  return attributeRun(run, options);
}

/** A label counts as watched when its signal was seen at least once. */
export function watchedBy(signals: ReadonlySet<string>): Set<Label> {
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
  return {
    cases: serviceRequests(run).flatMap((service) => incidentOf(run, service, options) ?? []),
    source: run.source,
    mode: options.mode,
    refused: run.refused,
    synthetic: run.synthetic,
    replay: run.replay,
  };
}

/** null where the service's TTFT did not move. */
function incidentOf(
  run: Run,
  { service, requests: all, isOwn }: ServiceRequests,
  options: AttributorOptions,
): Attributed | null {
  // What the machine slept through waited longer than its clock says.
  const requests = all.filter(({ startNs, firstByteNs }) => !suspendedIn(run.breaks, startNs, firstByteNs));
  if (requests.length === 0) return null;
  const startNs = requests[0]!.startNs;
  const baselineEndNs = startNs + options.baselineMs * 1e6;
  const shift = findShift(requests.map((r) => ({ atNs: r.startNs, ttftMs: r.ttftMs })), baselineEndNs);
  if (shift === null) return null;
  const slow = requests.filter((r) => r.startNs >= shift.startNs && r.startNs <= shift.endNs);
  const baseline = requests.filter((r) => r.startNs <= baselineEndNs);
  const told = options.mode === "model" ? attribute(slow, baseline, "attributor", run.kept) : null;
  const seen = evidence(
    told?.domain ?? "unknown",
    run.events.filter((event) => event.kind === "steal" || isOwn(event)),
    { startNs: shift.startNs - 1, endNs: shift.endNs, requests: slow.length },
    { startNs: startNs - 1, endNs: baselineEndNs, requests: baseline.length },
  );
  const openedAt = toIso(run.anchor, shift.startNs);
  const answer: IncidentAttribution = {
    incident_id: incidentId(openedAt, service, slow),
    timestamp: openedAt,
    cluster: "",
    service,
    ...(told === null ? fromSignals(options.mode, seen) : decided(told)),
    evidence: seen.flatMap(({ signal, value }) => value === null ? [] : [{ signal, value, source: "ebpf" as const }]),
    ...impact(slow, shift, options.objectiveMs),
    schema: "incident_attribution/v1.1",
    ...estimatedMark(slow),
    ...(run.synthetic ? { synthetic: true as const } : {}),
    ...(run.replay ? { replay: true as const } : {}),
  };
  return { incidentId: answer.incident_id, timestamp: openedAt, answer, expected: null };
}

/** Without spans several services may have moved in the same millisecond. */
function incidentId(openedAt: string, service: string, slow: readonly RequestSplit[]): string {
  const id = `inc-${openedAt.replace(/[^0-9]/g, "")}`;
  return slow[0]?.estimated === true ? `${id}-${service.replace(/[^A-Za-z0-9]+/g, "-")}` : id;
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
