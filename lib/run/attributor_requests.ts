/** Whose requests a run holds: by spans one service's, and where no span came those that sockets show, service by service. */
import { type KernelEvent, processKey } from "../model/kernel_event.ts";
import { IoError } from "../model/errors.ts";
import type { ClockBreak } from "../model/clock.ts";
import type { Anchor } from "../model/clock.ts";
import type { NamedPeers } from "../correlate/peers.ts";
import { type Span, SPAN_KIND } from "../model/span.ts";
import type { Label, RequestSplit } from "../model/split.ts";
import { plural } from "../report/format.ts";
import { estimateRequests } from "./estimate.ts";
import { joinRequests } from "./join.ts";
import { ownEvents } from "./query/own_events.ts";

export interface TelemetryRun {
  readonly events: readonly KernelEvent[];
  readonly spans: readonly Span[];
  readonly anchor: Anchor;
  readonly watched: ReadonlySet<Label>;
  readonly breaks: readonly ClockBreak[];
  readonly peers: NamedPeers;
}

/** Requests that are compared with each other. At least one. */
export interface ServiceRequests {
  readonly service: string;
  /** By time of arrival. */
  readonly requests: readonly RequestSplit[];
  /** Whether an event is of the service. */
  readonly isOwn: (event: KernelEvent) => boolean;
}

/** @throws IoError when no request can be made of what there is. */
export function serviceRequests(run: TelemetryRun): ServiceRequests[] {
  return run.spans.length > 0 ? [bySpans(run)] : bySockets(run);
}

/** Of the service whose own sockets were watched; where spans do not say their process, the one whose requests can be split. */
function bySpans(run: TelemetryRun): ServiceRequests {
  const servers = run.spans.filter((span) => span.kind === SPAN_KIND.server);
  const watched = new Set(
    run.events.flatMap((event) => event.kind === "exchange" && event.role === "server" ? [event.owner.pid] : []),
  );
  const own = servers.filter((span) => watched.has(pidOf(span)));
  const services = new Set((own.length > 0 ? own : servers).map(serviceOf));
  let best: { requests: readonly RequestSplit[]; service: string } = { requests: [], service: "" };
  for (const service of services) {
    const { requests } = joinRequests({ ...run, events: ownEvents(run.events, run.spans, service), service });
    if (requests.length > best.requests.length) best = { requests, service };
  }
  if (best.requests.length === 0) {
    throw new IoError(
      `Cannot attribute: none of ${plural(run.spans.length, "span")} joins an exchange that the kernel saw`,
      "The agent must watch the service whose spans these are, at the same time",
    );
  }
  const pids = new Set(run.spans.filter((span) => serviceOf(span) === best.service).map(pidOf));
  return { ...best, isOwn: ({ owner }) => pids.has(owner.pid) };
}

function bySockets(run: TelemetryRun): ServiceRequests[] {
  const found = estimateRequests(run).filter(({ requests }) => requests.length > 0);
  if (found.length > 0) {
    return found.map(({ name, requests, processes }) => ({
      service: name,
      requests,
      isOwn: ({ owner }) => processes.has(processKey(owner)),
    }));
  }
  const exchanges = run.events.filter(({ kind }) => kind === "exchange").length;
  throw new IoError(
    `Cannot attribute: there are no spans, and no request can be made of ${plural(exchanges, "exchange")}`,
    "Give spans as well, or events of a service while it answers requests",
  );
}

function serviceOf(span: Span): string {
  return String(span.resource["service.name"] ?? "");
}

function pidOf(span: Span): number {
  return Number(span.resource["process.pid"] ?? 0);
}
