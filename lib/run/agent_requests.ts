/** What the agent says of requests when it is given no spans: estimated, service by service, against the quieter part of the run. */
import { attribute, type Attribution } from "../attribute/attribute.ts";
import { meanSplit } from "../attribute/excess.ts";
import type { NamedPeers } from "../correlate/peers.ts";
import { requestsSentence } from "../diagnose/requests_sentence.ts";
import { type Place, whereabouts } from "../diagnose/whereabouts.ts";
import type { ClockLine } from "../model/clock.ts";
import type { EstimatedRequests, MovedRequests, Unprobed } from "../model/diagnosis.ts";
import type { Owner } from "../model/kernel_event.ts";
import type { RequestSplit } from "../model/split.ts";
import { findMoved, type Moved } from "../slo/quieter.ts";
import { mean, quantile } from "../stats/describe.ts";
import { type EstimatedService, estimateRequests } from "./estimate.ts";
import type { RequestLog } from "./request_log.ts";
import { watchedLabels } from "./watched_labels.ts";

/** Kinds of requests in a document: those that took most time. */
const MOST_ROWS = 30;

export interface RequestsContext {
  /** Probes. */
  readonly attached: readonly string[];
  readonly peers: NamedPeers;
  readonly clocks: ClockLine;
  readonly selfPid: number;
  /** Share of the kernel's records that were not lost. */
  readonly kept: number;
  readonly place: (owner: Owner) => Place | undefined;
}

/** A service whose TTFT moved: against which part of the run, which requests, and why. */
export interface ServiceMoved {
  readonly service: EstimatedService;
  readonly found: Moved;
  readonly slow: readonly RequestSplit[];
  readonly quiet: readonly RequestSplit[];
  readonly told: Attribution;
}

/** The rows, what they cannot speak of, and what of them moved. */
export function estimatedRows(
  log: RequestLog,
  context: RequestsContext,
): {
  readonly rows: EstimatedRequests[];
  readonly unprobed: Unprobed[];
  readonly moved: ServiceMoved[];
} {
  const services = estimateRequests({
    events: log.events,
    watched: watchedLabels(context.attached),
    peers: context.peers,
    breaks: context.clocks.breaks,
    selfPid: context.selfPid,
  }).filter(({ requests }) => requests.length > 0);
  const { forgottenUntilNs } = log;
  const listed = services.slice(0, MOST_ROWS).map((service) => ({ service, moved: movedOf(service, context.kept) }));
  return {
    moved: listed.flatMap(({ moved }) => moved ?? []),
    rows: listed.map(({ service, moved }) => row(service, moved, context)),
    unprobed: [
      ...(forgottenUntilNs === null ? [] : [{
        what: `requests before ${iso(context.clocks, forgottenUntilNs)}`,
        reason: "too much happened to keep all of it; the findings cover the whole time",
      }]),
      ...(services.length <= MOST_ROWS ? [] : [{
        what: `requests of ${services.length - MOST_ROWS} more kinds`,
        reason: "only those that took most time are listed",
      }]),
    ],
  };
}

function row(service: EstimatedService, moved: ServiceMoved | null, context: RequestsContext): EstimatedRequests {
  const { role, owner, processes, local, asks, requests, slept, peers } = service;
  const place = context.place(owner);
  const ttft = requests.map(({ ttftMs }) => ttftMs);
  const [asked] = peers;
  const without: Omit<EstimatedRequests, "sentence"> = {
    estimated: true,
    role,
    process: { pid: owner.pid, comm: owner.comm },
    ...(processes.size > 1 ? { processes: processes.size } : {}),
    cgroup: place?.cgroup ?? "",
    ...whereabouts(place),
    ...(local === null ? {} : { local }),
    ...(role === "client" && asked !== undefined ? { peer: address(asked) } : {}),
    asks,
    count: requests.length,
    ...(slept === 0 ? {} : { slept }),
    ttft_p50: round(quantile(ttft, 0.5)),
    ttft_p95: round(quantile(ttft, 0.95)),
    unit: "ms",
    split: meanSplit(requests),
    confidence: context.kept * mean(requests.map(({ confidence }) => confidence)),
    peers: peers.map((peer) => ({ ...address(peer), part: peer.part, why: peer.why, calls: peer.calls })),
    moved: moved === null ? null : movedRow(moved, context.clocks),
  };
  return { ...without, sentence: requestsSentence(without) };
}

function movedOf(service: EstimatedService, kept: number): ServiceMoved | null {
  const { requests } = service;
  const found = findMoved(requests.map(({ startNs, ttftMs }) => ({ atNs: startNs, ttftMs })));
  if (found === null) return null;
  const inside = ({ startNs, endNs }: { readonly startNs: number; readonly endNs: number }) =>
    requests.filter((request) => request.startNs >= startNs && request.startNs <= endNs);
  const [slow, quiet] = [inside(found.shift), inside(found.baseline)];
  return { service, found, slow, quiet, told: attribute(slow, quiet, "agent", kept) };
}

function movedRow({ found, slow, quiet, told }: ServiceMoved, clocks: ClockLine): MovedRequests {
  const { baseline, shift } = found;
  return {
    from: iso(clocks, shift.startNs),
    to: iso(clocks, shift.endNs),
    requests: slow.length,
    quieter: { from: iso(clocks, baseline.startNs), to: iso(clocks, baseline.endNs), requests: quiet.length },
    excess_ms: told.excessMs,
    split: { moved: told.incident, quieter: told.baseline, excess: told.excess },
    domain: told.domain,
    sub_cause: told.subCause,
    confidence: told.confidence,
    shares: told.shares,
    ...(told.unknownReason === undefined ? {} : { unknown_reason: told.unknownReason }),
  };
}

function address({ ip, port, name }: { readonly ip: string; readonly port: number; readonly name?: string }) {
  return { ip, port, ...(name === undefined ? {} : { name }) };
}

export function iso(clocks: ClockLine, ns: number): string {
  return new Date(Number(clocks.toUnixNs(ns) / 1_000_000n)).toISOString();
}

/** To the microsecond: that is all the clock is good for. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
