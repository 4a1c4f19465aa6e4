/**
 * RunData -> what is claimed about it: requests split, incident found, domain named. One way for a live run and for a recording.
 * What was injected is not among the inputs.
 */
import { evidence } from "../../attribute/evidence.ts";
import { providerEvidence } from "../../attribute/provider.ts";
import { attribute, type Attribution, MODEL_VERSION } from "../../attribute/attribute.ts";
import { meanSplit } from "../../attribute/excess.ts";
import type { PeerRole } from "../../correlate/peers.ts";
import type { Incident } from "../../model/attribution.ts";
import { suspendedIn, toIso } from "../../model/clock.ts";
import { type KernelEvent, processKey } from "../../model/kernel_event.ts";
import { type Label, type RequestSplit, type Split, TIERS } from "../../model/split.ts";
import { findShift, type Shift } from "../../slo/shift.ts";
import { weaker } from "../../timeline/split.ts";
import { estimateRequests } from "../estimate.ts";
import { estimatedMark } from "../incident_fields.ts";
import { type Joined, joinRequests } from "../join.ts";
import { countKinds, keptShare } from "../watch_drops.ts";
import { watchedLabels } from "../watched_labels.ts";
import type { PhaseWindow, RunData } from "./run_data.ts";

/** The gateway, as its spans call it. */
export const SERVICE = "rag-gateway";

export interface Analysis {
  readonly joined: Joined;
  /** As spans call it; without any, after its process and port. */
  readonly service: string;
  /** No span arrived: the requests were made from sockets alone, and these are the peers they asked. */
  readonly estimated: { readonly peers: readonly PeerRole[]; readonly slept: number } | null;
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

export function analyse(run: RunData): Analysis {
  const watched = watchedLabels(run.coverage.attached);
  const { joined, service, estimated, processes } = requestsOf(run, watched);
  const [baselinePhase] = run.phases;
  // What the machine slept through waited longer than its clock says.
  const awake = joined.requests.filter((r) => !suspendedIn(run.clockBreaks ?? [], r.startNs, r.firstByteNs));
  const inside = (from: number, to: number) => awake.filter((r) => r.startNs > from && r.startNs <= to);
  const baseline = inside(baselinePhase!.startNs, baselinePhase!.endNs);

  const after = awake.filter((r) => r.startNs > baselinePhase!.startNs);
  const shift = findShift(after.map((r) => ({ atNs: r.startNs, ttftMs: r.ttftMs })), baselinePhase!.endNs);
  const slow = shift === null ? [] : inside(shift.startNs - 1, shift.endNs);
  const kept = keptShare(countKinds(run.events), run.drops);
  const told = shift === null || slow.length === 0 ? null : attribute(slow, baseline, "demo", kept);
  const own = run.events.filter((event) => event.kind === "steal" || processes.has(processKey(event.owner)));
  const incident = shift === null || told === null
    ? null
    : conclude({ run, service, own, told, shift, slow, baseline, phase: baselinePhase! });
  return {
    joined,
    service,
    estimated,
    shift,
    incident,
    told,
    slow,
    phases: run.blind ? foundPhases(run, shift) : run.phases,
    baseline,
    baselineSplit: baseline.length === 0 ? null : meanSplit(baseline),
  };
}

interface Conclusion {
  readonly run: RunData;
  readonly service: string;
  /** Events of the service the requests belong to, whatever else was watched, and of the machine. */
  readonly own: readonly KernelEvent[];
  readonly told: Attribution;
  readonly shift: Shift;
  readonly slow: readonly RequestSplit[];
  readonly baseline: readonly RequestSplit[];
  readonly phase: PhaseWindow;
}

function conclude({ run, service, own, told, shift, slow, baseline, phase }: Conclusion): Incident {
  const openedAt = toIso(run.anchor, shift.startNs);
  return {
    schema: "incident/v1",
    incident_id: `inc-${openedAt.replace(/[^0-9]/g, "")}`,
    opened_at: openedAt,
    closed_at: toIso(run.anchor, shift.endNs),
    service,
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
        own,
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
    ...estimatedMark(slow),
    ...(run.mode === "replay" ? { replay: true } : {}),
  };
}

interface Requests {
  readonly joined: Joined;
  readonly service: string;
  readonly estimated: Analysis["estimated"];
  /** Of the service. */
  readonly processes: ReadonlySet<string>;
}

/** By spans where the service sent any; else from sockets, of the service that took most time asking others. */
function requestsOf(run: RunData, watched: ReadonlySet<Label>): Requests {
  const { events, spans, anchor } = run;
  const pids = new Set(
    spans.filter((s) => s.resource["service.name"] === SERVICE).map((s) => Number(s.resource["process.pid"] ?? 0)),
  );
  const own = new Set(events.filter(({ owner }) => pids.has(owner.pid)).map(({ owner }) => processKey(owner)));
  if (pids.size > 0) {
    const joined = joinRequests({ events, spans, service: SERVICE, anchor, watched });
    return { joined, service: SERVICE, estimated: null, processes: own };
  }
  const services = estimateRequests({ events, watched, breaks: run.clockBreaks ?? [] });
  const found = services.find(({ role, asks }) => role === "server" && asks);
  const { requests = [], tiers = {}, peers = [], slept = 0 } = found ?? {};
  return {
    joined: { requests, failed: 0, spansWithoutTurn: 0, turnsWithoutSpan: 0, tiers },
    service: found?.name ?? SERVICE,
    estimated: { peers, slept },
    processes: found?.processes ?? own,
  };
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
