/**
 * RunData -> what is claimed about it: requests split, incident found, domain named. One way for a live run and for a recording.
 * What was injected is not among the inputs.
 */
import { evidence } from "../../attribute/evidence.ts";
import { providerEvidence } from "../../attribute/provider.ts";
import { attribute, type Attribution, MODEL_VERSION } from "../../attribute/attribute.ts";
import { meanSplit } from "../../attribute/excess.ts";
import type { Incident } from "../../model/attribution.ts";
import { toIso } from "../../model/clock.ts";
import { type Label, LABELS, type RequestSplit, type Split, TIERS } from "../../model/split.ts";
import { findShift, type Shift } from "../../slo/shift.ts";
import { weaker } from "../../timeline/split.ts";
import { type Joined, joinRequests } from "../join.ts";
import type { PhaseWindow, RunData } from "./run_data.ts";

export const SERVICE = "rag-gateway";

export interface Analysis {
  readonly joined: Joined;
  readonly shift: Shift | null;
  readonly incident: Incident | null;
  /** What the model said of it. */
  readonly told: Attribution | null;
  /** Requests of the incident. */
  readonly slow: readonly RequestSplit[];
  /** The phases of the report: as scheduled, or in a blind run as found. */
  readonly phases: readonly PhaseWindow[];
  readonly baseline: readonly RequestSplit[];
  readonly baselineSplit: Split | null;
}

/** Labels that an attached probe can fill. */
export function watchedLabels(attached: readonly string[]): Set<Label> {
  const needs: Partial<Record<Label, string>> = {
    dns: "dns_latency",
    connect: "connect_latency",
    tls: "tls_handshake",
    rtx_stall: "tcp_retransmit",
    send: "stream",
    provider: "stream",
    retrieval: "stream",
    runq: "runqueue_delay",
    throttled: "runqueue_delay",
  };
  return new Set(LABELS.filter((label) => (needs[label] === undefined || attached.includes(needs[label]))));
}

export function analyse(run: RunData): Analysis {
  const watched = watchedLabels(run.coverage.attached);
  const joined = joinRequests({ events: run.events, spans: run.spans, service: SERVICE, anchor: run.anchor, watched });
  const [baselinePhase] = run.phases;
  const inside = (from: number, to: number) => joined.requests.filter((r) => r.startNs > from && r.startNs <= to);
  const baseline = inside(baselinePhase!.startNs, baselinePhase!.endNs);

  const after = joined.requests.filter((r) => r.startNs > baselinePhase!.startNs);
  const shift = findShift(after.map((r) => ({ atNs: r.startNs, ttftMs: r.ttftMs })), baselinePhase!.endNs);
  const slow = shift === null ? [] : inside(shift.startNs - 1, shift.endNs);
  const told = shift === null || slow.length === 0 ? null : attribute(slow, baseline, "demo");
  const incident = shift === null || told === null ? null : conclude(run, told, shift, slow, baseline, baselinePhase!);
  return {
    joined,
    shift,
    incident,
    told,
    slow,
    phases: run.blind ? foundPhases(run, shift) : run.phases,
    baseline,
    baselineSplit: baseline.length === 0 ? null : meanSplit(baseline),
  };
}

function conclude(
  run: RunData,
  told: Attribution,
  shift: Shift,
  slow: readonly RequestSplit[],
  baseline: readonly RequestSplit[],
  phase: PhaseWindow,
): Incident {
  const openedAt = toIso(run.anchor, shift.startNs);
  return {
    schema: "incident/v1",
    incident_id: `inc-${openedAt.replace(/[^0-9]/g, "")}`,
    opened_at: openedAt,
    closed_at: toIso(run.anchor, shift.endNs),
    service: SERVICE,
    sli_name: "ttft_ms",
    domain: told.domain,
    sub_cause: told.subCause,
    confidence: told.confidence,
    excess_ms: told.excessMs,
    shares: told.shares,
    split: { incident: told.incident, baseline: told.baseline, excess: told.excess },
    evidence: [
      ...(told.domain.startsWith("provider") || told.subCause === "provider_slow"
        ? providerEvidence(slow, baseline)
        : []),
      ...evidence(
        told.domain,
        ownEvents(run),
        { startNs: shift.startNs, endNs: shift.endNs, requests: slow.length },
        { startNs: phase.startNs, endNs: phase.endNs, requests: baseline.length },
      ),
    ],
    coverage: told.coverage,
    drops: Object.values(run.drops).reduce((sum, n) => sum + n, 0),
    ...(told.unknownReason === undefined ? {} : { unknown_reason: told.unknownReason }),
    requests: { incident: slow.length, baseline: baseline.length },
    tier: [...slow, ...baseline].reduce((tier, r) => weaker(tier, r.tier), TIERS[0] as RequestSplit["tier"]),
    model_version: MODEL_VERSION,
    ...(run.mode === "replay" ? { replay: true } : {}),
  };
}

/** Events of the service the requests belong to, whatever else was watched, and of the machine. */
function ownEvents(run: RunData) {
  const pids = new Set(
    run.spans.filter((s) => s.resource["service.name"] === SERVICE).map((s) => Number(s.resource["process.pid"] ?? 0)),
  );
  return run.events.filter((event) => event.kind === "steal" || pids.has(event.owner.pid));
}

function foundPhases(run: RunData, shift: Shift | null): PhaseWindow[] {
  const [baseline, rest] = [run.phases[0]!, run.phases.at(-1)!];
  if (shift === null) return [baseline, { name: "rest", startNs: baseline.endNs, endNs: rest.endNs }];
  return [
    baseline,
    { name: "before", startNs: baseline.endNs, endNs: shift.startNs - 1 },
    { name: "incident", startNs: shift.startNs - 1, endNs: shift.endNs },
    { name: "after", startNs: shift.endNs, endNs: rest.endNs },
  ];
}
