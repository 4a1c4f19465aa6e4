/**
 * Kernel events and spans -> requests with their evidence, joined by the four tiers, then split.
 *
 * A request is a turn on the gateway's server socket whose trace, read off the wire, is that of a SERVER span. What the gateway sent
 * on is joined by the span id on the wire; a connect by the socket it opened; a look-up, which carries no trace, by process and
 * time, with its confidence divided by the requests it could belong to. A process without a pod is known by its cgroup.
 */
import { correlate } from "../correlate/correlate.ts";
import type { SignalSubject, SpanSubject } from "../correlate/subject.ts";
import { type Anchor, toMonotonicNs } from "../model/clock.ts";
import type {
  ConnectEvent,
  DnsEvent,
  ExchangeEvent,
  KernelEvent,
  RetransmitEvent,
  TimerEvent,
  TlsEvent,
  WaitEvent,
} from "../model/kernel_event.ts";
import { type Span, SPAN_KIND } from "../model/span.ts";
import type { Label, RequestSplit, Tier } from "../model/split.ts";
import { splitRequest, weaker } from "../timeline/split.ts";
import type { Outgoing, Peer } from "../timeline/steps.ts";
import { type Reading, ThreadTrack } from "../timeline/thread_track.ts";

export interface JoinInput {
  readonly events: readonly KernelEvent[];
  readonly spans: readonly Span[];
  /** `service.name` of the service whose requests are split. */
  readonly service: string;
  readonly anchor: Anchor;
  readonly watched: ReadonlySet<Label>;
}

export interface Joined {
  readonly requests: readonly RequestSplit[];
  /** SERVER spans for which the kernel saw no turn: no split, and no guess. */
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
  for (const match of correlate(clientSubjects, sent.map(turnSubject))) {
    const span = clients[match.span]!;
    const part = parts.get(span.traceId);
    if (match.tier !== "trace_id_exact" || part === undefined) continue;
    const first = sent[match.signal]!;
    const end = index.ends.get(`${first.cookie}/${first.turn}`);
    const retransmits = index.retransmits.get(first.cookie) ?? [];
    part.outgoing.push({ first, peer: peerOf(span), retransmits, ...(end === undefined ? {} : { end }) });
    part.lower(match.tier, match.confidence);
    count(match.tier, match.k);
    const connect = first.turn === 0 ? index.connects.get(first.cookie) : undefined;
    if (connect !== undefined) part.connects.push(connect);
    const handshake = first.turn === 0 ? index.handshakes.get(first.cookie) : undefined;
    if (handshake !== undefined) part.handshakes.push(handshake);
  }
  const lookups = index.lookups;
  // A look-up comes before the connect: a span that has already connected is no candidate, however near in time.
  const unconnected = clientSubjects.map((subject, i) => ({
    ...subject,
    endNs: parts.get(clients[i]!.traceId)?.opened(subject) ?? subject.endNs,
  }));
  const slack = { windowMs: SPAN_CLOCK_SLACK_MS };
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

  const requests = [...serverOf].flatMap(([traceId, server]) => {
    const part = parts.get(traceId)!;
    const track = index.track(server.owner.tid);
    const evidence = { traceId, requestId: traceId, server, track, watched: input.watched, ...part.evidence() };
    return splitRequest(evidence) ?? [];
  });
  return {
    requests: requests.sort((a, b) => a.startNs - b.startNs),
    spansWithoutTurn: serverSpans.length - serverOf.size,
    turnsWithoutSpan: turns.filter((t) => index.pidOf(servers) === t.owner.pid && !servers.has(t.traceId!)).length,
    tiers,
  };
}

/** The evidence of one request as it is gathered. */
class Parts {
  /** When the span's own request opened its connection, or was sent on an open one; undefined when it never was. */
  opened(span: SpanSubject): number | undefined {
    const first = this.outgoing.find((turn) => turn.first.spanId === span.spanId)?.first;
    if (first === undefined) return undefined;
    const connect = this.connects.find((event) => event.cookie === first.cookie);
    return Math.max(span.startNs, connect?.startNs ?? first.requestStart.ns);
  }

  readonly outgoing: Outgoing[] = [];
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

/** The events by what they are asked for. */
class EventIndex {
  readonly turns: ExchangeEvent[] = [];
  readonly lookups: DnsEvent[] = [];
  readonly ends = new Map<string, ExchangeEvent>();
  readonly connects = new Map<string, ConnectEvent>();
  readonly handshakes = new Map<string, TlsEvent>();
  readonly retransmits = new Map<string, RetransmitEvent[]>();
  readonly #readings = new Map<number, Reading[]>();
  readonly #waits = new Map<number, WaitEvent[]>();
  readonly #timers = new Map<number, TimerEvent[]>();
  readonly #tracks = new Map<number, ThreadTrack>();
  readonly #cgroups = new Map<number, string>();

  constructor(events: readonly KernelEvent[]) {
    for (const event of events) {
      if (event.owner.cgroupId !== 0n) this.#cgroups.set(event.owner.pid, `cgroup:${event.owner.cgroupId}`);
      if (event.kind === "exchange") {
        if (event.phase === "first") this.turns.push(event);
        else this.ends.set(`${event.cookie}/${event.turn}`, event);
        const { requestStart, requestEnd, responseStart, responseEnd, firstRead } = event;
        for (const stamp of [requestStart, requestEnd, responseStart, responseEnd, firstRead]) {
          if (stamp !== null) this.#read(event.owner.tid, stamp.ns, stamp.clock);
        }
      } else if (event.kind === "connect") {
        if (event.errno === 0) this.connects.set(event.cookie, event);
        this.#read(event.owner.tid, event.startNs, event.startClock);
        this.#read(event.owner.tid, event.tsNs, event.endClock);
      } else if (event.kind === "tls") {
        if (event.role === "client") this.handshakes.set(event.cookie, event);
        this.#read(event.owner.tid, event.startNs, event.startClock);
        this.#read(event.owner.tid, event.tsNs, event.endClock);
      } else if (event.kind === "retransmit") {
        push(this.retransmits, event.cookie, event);
      } else if (event.kind === "dns") {
        this.lookups.push(event);
        this.#read(event.owner.pid, event.startNs, event.startClock);
        this.#read(event.owner.pid, event.tsNs, event.endClock);
      } else if (event.kind === "runq" || event.kind === "throttled") {
        push(this.#waits, event.owner.tid, event);
      } else if (event.kind === "timer") {
        push(this.#timers, event.owner.tid, event);
      }
    }
  }

  #read(tid: number, ns: number, clock: Reading["clock"] | null): void {
    if (clock !== null) push(this.#readings, tid, { ns, clock });
  }

  track(tid: number): ThreadTrack {
    let track = this.#tracks.get(tid);
    if (track === undefined) {
      track = new ThreadTrack(this.#readings.get(tid) ?? [], this.#waits.get(tid) ?? [], this.#timers.get(tid) ?? []);
      this.#tracks.set(tid, track);
    }
    return track;
  }

  pod(pid: number): string {
    return this.#cgroups.get(pid) ?? "";
  }

  pidOf(servers: ReadonlyMap<string, Span>): number {
    const [span] = servers.values();
    return span === undefined ? 0 : pid(span);
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

const pid = (span: Span) => Number(span.resource["process.pid"] ?? 0);

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

function lookupSubject(event: DnsEvent): SignalSubject {
  return { pid: event.owner.pid, pod: `cgroup:${event.owner.cgroupId}`, conn: event.tuple, tsNs: event.tsNs };
}

function peerOf(span: Span): Peer {
  const operation = span.attributes["gen_ai.operation.name"];
  if (operation === "retrieval") return "retrieval";
  return operation === undefined ? "other" : "provider";
}

/** How long after the answer this request connected; Infinity when it did not in time. */
function gapToConnect(event: DnsEvent, connects: readonly ConnectEvent[]): number {
  const gaps = connects.map((connect) => connect.startNs - event.tsNs).filter((ns) =>
    ns >= 0 && ns <= LOOKUP_TO_CONNECT_NS
  );
  return Math.min(Infinity, ...gaps);
}
