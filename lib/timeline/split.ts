/**
 * One request -> where its time to first token went.
 *
 * The window runs from the request's last byte arriving at the gateway to the first byte of the answer leaving it, both seen by
 * the kernel. Waits for others (look-up, connect, sending, provider, retrieval) are intervals. What lies between them is the
 * gateway's own: there the thread that served the request was throttled, queued for a CPU, ran or slept on its own timer, each
 * by its clock. Whatever no record speaks of is unexplained. The labels sum to the TTFT by construction.
 */
import type { ConnectEvent, DnsEvent, TlsEvent } from "../model/kernel_event.ts";
import { type Label, LABELS, type PathStep, type RequestSplit, type Split, type Tier, TIERS } from "../model/split.ts";
import { backOffSteps, connectStep, exchangeSteps, handshakeStep, lookupStep, onPath, type Outgoing } from "./steps.ts";
import type { ThreadTrack } from "./thread_track.ts";

/** Everything the kernel saw of one request, already joined with it. */
export interface RequestEvidence {
  readonly traceId: string;
  readonly requestId: string;
  /** Kernel clock: the request had arrived. */
  readonly fromNs: number;
  /** Kernel clock: the first byte of its answer; null when there was none. */
  readonly toNs: number | null;
  readonly outgoing: readonly Outgoing[];
  readonly connects: readonly ConnectEvent[];
  readonly handshakes: readonly TlsEvent[];
  readonly lookups: readonly DnsEvent[];
  /** The thread that served it. */
  readonly track: ThreadTrack;
  /** Weakest tier and confidence among the joins above. */
  readonly tier: Tier;
  readonly confidence: number;
  /** Labels whose probe is attached; the others come out as null. */
  readonly watched: ReadonlySet<Label>;
  /** No span told of this request: it was made from sockets alone. */
  readonly estimated?: true;
}

/** null when the answer had not begun: there is no TTFT to split. */
export function splitRequest(evidence: RequestEvidence): RequestSplit | null {
  const { fromNs: from, toNs: to } = evidence;
  if (to === null || !(to > from)) return null;

  const steps = onPath(
    [
      ...evidence.lookups.map(lookupStep),
      ...evidence.connects.map(connectStep),
      ...evidence.handshakes.map(handshakeStep),
      ...evidence.outgoing.flatMap(exchangeSteps),
      ...backOffSteps(evidence.outgoing, [...evidence.lookups, ...evidence.connects]),
    ],
    from,
    to,
  );
  const ns = Object.fromEntries(LABELS.map((label) => [label, 0])) as Record<Label, number>;
  for (const step of steps) ns[step.label] += step.endNs - step.startNs;

  const path: PathStep[] = [...steps];
  let at = from;
  for (const step of [...steps, { startNs: to, endNs: to }]) {
    if (step.startNs > at) {
      const account = evidence.track.account(at, step.startNs);
      ns.throttled += account.throttled;
      ns.runq += account.runq;
      ns.app += account.app;
      ns.unexplained += account.unexplained;
      path.push(
        ...gapSteps(evidence.track, at, step.startNs, account.app >= account.unexplained ? "app" : "unexplained"),
      );
    }
    at = step.endNs;
  }
  return {
    traceId: evidence.traceId,
    requestId: evidence.requestId,
    startNs: from,
    firstByteNs: to,
    ttftMs: (to - from) / 1e6,
    split: toSplit(ns, evidence.watched),
    cold: evidence.lookups.length > 0 || evidence.connects.length > 0,
    tier: evidence.tier,
    confidence: evidence.confidence,
    ...(evidence.estimated === true ? { estimated: true as const } : {}),
    provider: {
      statuses: evidence.outgoing.flatMap(({ peer, status }) => peer === "provider" && status ? [status] : []),
      chunksPerSecond: chunkRate(evidence.outgoing),
      ...(evidence.estimated === true ? { askedAgain: askedAgain(evidence.outgoing) } : {}),
    },
    path: path.sort((a, b) => a.startNs - b.startNs),
  };
}

/** An answer of fewer segments was no stream of content. */
const SHORT = 4;

/** Short answers of the provider after which it was asked again; all of them where the last answer was not short. */
function askedAgain(outgoing: readonly Outgoing[]): number {
  const asked = outgoing.filter(({ peer }) => peer === "provider")
    .sort((a, b) => a.first.requestStart.ns - b.first.requestStart.ns);
  return asked.slice(0, -1).filter(({ end }, i) =>
    end !== undefined && end.chunks < SHORT && end.responseEnd !== null &&
    end.responseEnd.ns <= asked[i + 1]!.first.requestStart.ns
  ).length;
}

/** Of the provider's last answer, after its first segment, at the socket: a slow reader does not make it slower. */
function chunkRate(outgoing: readonly Outgoing[]): number | null {
  const { end } = outgoing.findLast(({ peer }) => peer === "provider") ?? {};
  if (!end?.responseStart || end.responseEnd === null || end.chunks < 3) return null;
  const seconds = (end.responseEnd.ns - end.responseStart.ns) / 1e9;
  return seconds > 0 ? (end.chunks - 1) / seconds : null;
}

/** Told waits at their places, and the rest of the gap under its larger label: for looking at, not for summing. */
function gapSteps(track: ThreadTrack, from: number, to: number, rest: Label): PathStep[] {
  const steps: PathStep[] = [];
  let at = from;
  for (const wait of track.waits(from, to)) {
    const startNs = Math.max(at, wait.startNs);
    const endNs = Math.min(to, wait.tsNs);
    if (startNs > at) steps.push({ label: rest, startNs: at, endNs: startNs });
    if (endNs > startNs) steps.push({ label: wait.kind === "runq" ? "runq" : "throttled", startNs, endNs });
    at = Math.max(at, endNs);
  }
  if (to > at) steps.push({ label: rest, startNs: at, endNs: to });
  return steps;
}

/** An unwatched label is null; time can never have been put there. */
function toSplit(ns: Readonly<Record<Label, number>>, watched: ReadonlySet<Label>): Split {
  return Object.fromEntries(LABELS.map((label) => [label, watched.has(label) ? ns[label] / 1e6 : null])) as Record<
    Label,
    number | null
  >;
}

/** The weaker of two tiers. */
export function weaker(a: Tier, b: Tier): Tier {
  return TIERS.indexOf(a) >= TIERS.indexOf(b) ? a : b;
}
