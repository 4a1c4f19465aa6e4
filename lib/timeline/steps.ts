/** What a request waited for outside its own process, as intervals; and which of several parallel ones was on its path. */
import type { ConnectEvent, DnsEvent, ExchangeEvent, RetransmitEvent, TlsEvent } from "../model/kernel_event.ts";
import type { Label, PathStep } from "../model/split.ts";

/** Whom an exchange was with, as the span that made it says. */
export type Peer = "provider" | "retrieval" | "other";

export interface Outgoing {
  readonly first: ExchangeEvent;
  /** The end of the same turn, where it has been told by now. */
  readonly end?: ExchangeEvent;
  readonly peer: Peer;
  /** HTTP status of the answer, as the span says; null where it does not. */
  readonly status?: number | null;
  /** Segments of this socket that were sent again, in any order. */
  readonly retransmits?: readonly RetransmitEvent[];
}

export function lookupStep(event: DnsEvent): PathStep {
  return { label: "dns", startNs: event.startNs, endNs: event.tsNs, note: event.queryName };
}

export function connectStep(event: ConnectEvent): PathStep {
  return {
    label: "connect",
    startNs: event.startNs,
    endNs: event.tsNs,
    note: `${event.tuple.dstIp}:${event.tuple.dstPort}`,
  };
}

export function handshakeStep(event: TlsEvent): PathStep {
  return {
    label: "tls",
    startNs: event.startNs,
    endNs: event.tsNs,
    note: `${event.tuple.dstIp}:${event.tuple.dstPort}`,
  };
}

/**
 * Sending, then waiting. A wait begins when the request has been sent for good: until its last segment was sent again for the last
 * time before the answer, the path was at fault, not the peer. The provider's wait ends with its first byte: that is the first token. Another service's answer is of
 * use when it is complete, so its wait ends with the last byte where that is known.
 */
export function exchangeSteps({ first, end, peer, retransmits = [] }: Outgoing): PathStep[] {
  const { dstIp, dstPort } = first.tuple;
  const note = `${dstIp}:${dstPort}`;
  const answered = peer === "provider" ? first.responseStart : end?.responseEnd ?? first.responseStart;
  const label: Label = peer === "other" ? "unexplained" : peer;
  const sent = first.requestEnd.ns;
  const steps: PathStep[] = [{ label: "send", startNs: first.requestStart.ns, endNs: sent, note }];
  const again = retransmits.filter((event) => event.of === "data" && event.tsNs > first.requestStart.ns)
    .map((event) => event.tsNs).filter((ns) => answered === null || ns < answered.ns);
  const delivered = Math.max(sent, ...again);
  if (delivered > sent) steps.push({ label: "rtx_stall", startNs: sent, endNs: delivered, note });
  // Closed without an answer: waited for until then.
  const until = answered?.ns ?? end?.tsNs;
  if (until !== undefined) steps.push({ label, startNs: delivered, endNs: until, note });
  return steps;
}

/** The provider sent this attempt away: 429 and 529 are rationing, other 5xx errors. What is waited after it, is waited because of it. */
export const sentAway = (status: number | null | undefined): boolean => status === 429 || (status ?? 0) >= 500;

/**
 * After an attempt that the provider sent away, the wait until the next attempt begins belongs to it, although it is the caller's own
 * timer that is waited for. An attempt begins with its look-up or connect where it has one of its own.
 */
export function backOffSteps(
  outgoing: readonly Outgoing[],
  opened: readonly { readonly startNs: number }[],
): PathStep[] {
  const attempts = outgoing.filter(({ peer }) => peer === "provider")
    .sort((a, b) => a.first.requestStart.ns - b.first.requestStart.ns);
  return attempts.flatMap(({ first, status }, i) => {
    const next = attempts[i + 1]?.first.requestStart.ns;
    const answered = first.responseStart?.ns;
    if (next === undefined || answered === undefined || !sentAway(status)) return [];
    const begins = Math.min(next, ...opened.map(({ startNs }) => startNs).filter((ns) => ns > answered));
    return [{ label: "provider" as const, startNs: answered, endNs: begins, note: `after ${status}` }];
  });
}

/**
 * Cuts steps to [from, to] and resolves overlaps: of parallel waits the one that ends last is what the request waited for,
 * the others had slack. The result is sorted and free of overlaps; what it leaves uncovered are the gaps.
 */
export function onPath(steps: readonly PathStep[], from: number, to: number): PathStep[] {
  const clipped = steps
    .map((step) => ({ ...step, startNs: Math.max(step.startNs, from), endNs: Math.min(step.endNs, to) }))
    .filter((step) => step.endNs > step.startNs);
  const edges = [...new Set(clipped.flatMap((step) => [step.startNs, step.endNs]))].sort((a, b) => a - b);
  const path: PathStep[] = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    const [startNs, endNs] = [edges[i]!, edges[i + 1]!];
    let last: PathStep | undefined;
    for (const step of clipped) {
      if (step.startNs <= startNs && step.endNs >= endNs && (last === undefined || step.endNs > last.endNs)) {
        last = step;
      }
    }
    if (last === undefined) continue;
    const previous = path.at(-1);
    if (previous?.label === last.label && previous.note === last.note && previous.endNs === startNs) {
      path[path.length - 1] = { ...previous, endNs };
    } else {
      path.push({ ...last, startNs, endNs });
    }
  }
  return path;
}
