/**
 * Kernel events and spans -> requests with their evidence, joined by the four tiers, then split.
 *
 * A request is a turn on the gateway's server socket whose trace, read off the wire, is that of a SERVER span. What the gateway sent
 * on is joined by the span id on the wire; a connect by the socket it opened; a look-up, which carries no trace, by process and
 * time, with its confidence divided by the requests it could belong to. A process without a pod is known by its cgroup.
 */
import { correlate, type Match } from "../correlate/correlate.ts";
import type { SignalSubject, SpanSubject } from "../correlate/subject.ts";
import { type Anchor, toMonotonicNs } from "../model/clock.ts";
import type { ConnectEvent, DnsEvent, ExchangeEvent, KernelEvent, TlsEvent } from "../model/kernel_event.ts";
import { type Span, SPAN_KIND } from "../model/span.ts";
import type { Label, RequestSplit, Tier } from "../model/split.ts";
import { firstChunkS } from "../slo/genai.ts";
import { splitRequest, weaker } from "../timeline/split.ts";
import type { Outgoing } from "../timeline/steps.ts";
import { EventIndex, pid, statusOf } from "./event_index.ts";

export interface JoinInput {
  readonly events: readonly KernelEvent[];
  readonly spans: readonly Span[];
  /** `service.name` of the service whose requests are split. */
  readonly service: string;
  readonly anchor: Anchor;
  readonly watched: ReadonlySet<Label>;
  /** The one trace whose requests are split; the others are only joined. Default: all of them. */
  readonly only?: string;
}

export interface Joined {
  readonly requests: readonly RequestSplit[];
  /** Requests that were answered with an error: they have no first token, and are not split. */
  readonly failed: number;
  /** SERVER spans whose request the kernel did not see: no split, and no guess. */
  readonly spansWithoutTurn: number;
  /** Turns with a trace on the wire whose SERVER span never came. */
  readonly turnsWithoutSpan: number;
  /** Joins per tier, and how many of them had no rival. */
  readonly tiers: Readonly<Partial<Record<Tier, { joins: number; alone: number }>>>;
}

/** Spans are stamped by the application in wall time: their edges may be this far off the kernel's clock. */
const SPAN_CLOCK_SLACK_MS = 5;

/** A look-up is followed by the connect it was for within this; it is also the window of the tier that joins them. */
const LOOKUP_TO_CONNECT_NS = 100e6;

export function joinRequests(input: JoinInput): Joined {
  const index = new EventIndex(input.events);
  const ours = input.spans.filter((span) => span.resource["service.name"] === input.service);
  const servers = new Map(ours.filter((s) => s.kind === SPAN_KIND.server).map((s) => [s.traceId, s]));
  const clients = ours.filter((s) => s.kind === SPAN_KIND.client && servers.has(s.traceId));
  const turns = index.turns.filter((turn) => turn.role === "server" && turn.traceId !== null);
  const tiers: Partial<Record<Tier, { joins: number; alone: number }>> = {};
  const count = (tier: Tier, k: number) => {
    const row = tiers[tier] ??= { joins: 0, alone: 0 };
    row.joins++;
    if (k === 1) row.alone++;
  };

  // Which turn is which request.
  const serverSpans = [...servers.values()];
  const serverOf = new Map<string, ExchangeEvent>();
  for (const match of correlate(serverSpans.map((s) => spanSubject(s, input.anchor, index)), turns.map(turnSubject))) {
    if (match.tier !== "trace_id_exact") continue;
    serverOf.set(serverSpans[match.span]!.traceId, turns[match.signal]!);
    count(match.tier, match.k);
  }

  // What each request sent, opened and looked up.
  const parts = new Map([...serverOf.keys()].map((traceId) => [traceId, new Parts()]));
  const sent = index.turns.filter((turn) => turn.role === "client" && turn.traceId !== null);
  const clientSubjects = clients.map((span) => spanSubject(span, input.anchor, index));
  const give = (first: ExchangeEvent, match: Match) => {
    const span = clients[match.span]!;
    const part = parts.get(span.traceId);
    if (part === undefined) return;
    part.outgoing.push(index.outgoing(first, span));
    part.lower(match.tier, match.confidence);
    count(match.tier, match.k);
    if (first.turn > 0) return;
    part.connects.push(...index.connects.get(first.cookie) ?? []);
    part.handshakes.push(...index.handshakes.get(first.cookie) ?? []);
  };
  for (const match of correlate(clientSubjects, sent.map(turnSubject))) {
    if (match.tier === "trace_id_exact") give(sent[match.signal]!, match);
  }
  // Over TLS no trace is on the wire: a turn belongs to a span of its process, to its peer's port, that waited for its first chunk then.
  const hidden = index.turns.filter((turn) =>
    turn.role === "client" && turn.traceId === null && turn.responseStart !== null
  );
  const waiting = clients.map((span) => waitingSubject(span, input.anchor, index));
  const slack = { windowMs: SPAN_CLOCK_SLACK_MS };
  const hiddenMatches = correlate(waiting, hidden.map((turn) => hiddenSubject(turn)), slack);
  // One turn a span and one span a turn, the pairs first whose first chunk and first byte lie closest together.
  const late = ({ span, signal }: Match) => Math.abs(waiting[span]!.endNs - hidden[signal]!.responseStart!.ns);
  const taken = { spans: new Set<number>(), turns: new Set<number>() };
  for (const match of hiddenMatches.toSorted((x, y) => late(x) - late(y))) {
    if (taken.spans.has(match.span) || taken.turns.has(match.signal)) continue;
    taken.spans.add(match.span);
    taken.turns.add(match.signal);
    give(hidden[match.signal]!, match);
  }
  const lookups = index.lookups;
  // A look-up comes before the connect: a span that has already connected is no candidate, however near in time.
  const unconnected = clientSubjects.map((subject, i) => ({
    ...subject,
    endNs: parts.get(clients[i]!.traceId)?.opened(subject) ?? subject.endNs,
  }));
  const bySignal = Map.groupBy(correlate(unconnected, lookups.map(lookupSubject), slack), (match) => match.signal);
  for (const [signal, matches] of bySignal) {
    const event = lookups[signal]!;
    // Of the requests it could belong to, the one that connects next after it; its own process's order, not a proof: hence 1/k.
    const wait = (traceId: string) => gapToConnect(event, parts.get(traceId)?.connects ?? []);
    const best = matches.map((match) => ({ match, traceId: clients[match.span]!.traceId }))
      .filter(({ traceId }) => parts.has(traceId))
      .sort((a, b) => wait(a.traceId) - wait(b.traceId))[0];
    if (best === undefined) continue;
    const part = parts.get(best.traceId)!;
    part.lookups.push(event);
    part.lower(best.match.tier, best.match.confidence);
    count(best.match.tier, best.match.k);
  }

  const failed = [...serverOf.keys()].filter((traceId) => (statusOf(servers.get(traceId)!) ?? 0) >= 400);
  failed.forEach((traceId) => serverOf.delete(traceId));
  const requests = [...serverOf].flatMap(([traceId, server]) => {
    if (input.only !== undefined && traceId !== input.only) return [];
    const part = parts.get(traceId)!;
    const track = index.track(server.owner.tid);
    const window = { fromNs: server.requestEnd.ns, toNs: server.responseStart?.ns ?? null };
    const evidence = { traceId, requestId: traceId, ...window, track, watched: input.watched, ...part.evidence() };
    return splitRequest(evidence) ?? [];
  });
  return {
    requests: requests.sort((a, b) => a.startNs - b.startNs),
    failed: failed.length,
    spansWithoutTurn: serverSpans.filter((span) => !index.serverTraces.has(span.traceId)).length,
    turnsWithoutSpan: turns.filter((t) => index.pidOf(servers) === t.owner.pid && !servers.has(t.traceId!)).length,
    tiers,
  };
}

/** The evidence of one request as it is gathered. */
class Parts {
  /** When the span's own request opened its connection, or was sent on an open one; undefined when it never was. */
  opened(span: SpanSubject): number | undefined {
    const first = this.outgoing.find((turn) => turn.spanId === span.spanId)?.first;
    if (first === undefined) return undefined;
    const connect = this.connects.find((event) => event.cookie === first.cookie);
    return Math.max(span.startNs, connect?.startNs ?? first.requestStart.ns);
  }

  readonly outgoing: (Outgoing & { readonly spanId: string })[] = [];
  readonly connects: ConnectEvent[] = [];
  readonly handshakes: TlsEvent[] = [];
  readonly lookups: DnsEvent[] = [];
  #tier: Tier = "trace_id_exact";
  #confidence = 1;

  lower(tier: Tier, confidence: number): void {
    this.#tier = weaker(this.#tier, tier);
    this.#confidence = Math.min(this.#confidence, confidence);
  }

  evidence() {
    const { outgoing, connects, handshakes, lookups } = this;
    return { outgoing, connects, handshakes, lookups, tier: this.#tier, confidence: this.#confidence };
  }
}

function spanSubject(span: Span, anchor: Anchor, index: EventIndex): SpanSubject {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    pid: pid(span),
    pod: index.pod(pid(span)),
    startNs: toMonotonicNs(anchor, span.startNs),
    endNs: toMonotonicNs(anchor, span.endNs),
  };
}

function turnSubject(turn: ExchangeEvent): SignalSubject {
  return {
    traceId: turn.traceId ?? "",
    // On a server's socket the id is that of the caller's span.
    spanId: turn.role === "client" ? turn.spanId ?? "" : "",
    pid: turn.owner.pid,
    conn: turn.tuple,
    tsNs: turn.requestEnd.ns,
  };
}

/** A span until its first chunk came, as the span says; known by its process and its peer's port. */
function waitingSubject(span: Span, anchor: Anchor, index: EventIndex): SpanSubject {
  const subject = spanSubject(span, anchor, index);
  const chunkS = firstChunkS(span);
  const endNs = chunkS === null ? subject.endNs : subject.startNs + chunkS * 1e9;
  return {
    pid: subject.pid ?? 0,
    pod: `${subject.pod}:${span.attributes["server.port"]}`,
    startNs: subject.startNs,
    endNs,
  };
}

function hiddenSubject(turn: ExchangeEvent): SignalSubject {
  return {
    pid: turn.owner.pid,
    pod: `cgroup:${turn.owner.cgroupId}:${turn.tuple.dstPort}`,
    tsNs: turn.responseStart!.ns,
  };
}

function lookupSubject(event: DnsEvent): SignalSubject {
  return { pid: event.owner.pid, pod: `cgroup:${event.owner.cgroupId}`, conn: event.tuple, tsNs: event.tsNs };
}

/** How long after the answer this request connected; Infinity when it did not in time. */
function gapToConnect(event: DnsEvent, connects: readonly ConnectEvent[]): number {
  const gaps = connects.map((connect) => connect.startNs - event.tsNs).filter((ns) =>
    ns >= 0 && ns <= LOOKUP_TO_CONNECT_NS
  );
  return Math.min(Infinity, ...gaps);
}
