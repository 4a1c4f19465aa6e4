/** The events of a run by what they are asked for, and what spans say of their turns. */
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
import type { Span } from "../model/span.ts";
import type { Outgoing, Peer } from "../timeline/steps.ts";
import { type Reading, ThreadTrack } from "../timeline/thread_track.ts";

export class EventIndex {
  readonly turns: ExchangeEvent[] = [];
  readonly lookups: DnsEvent[] = [];
  /** Traces that arrived at a server's socket, answered or not. */
  readonly serverTraces = new Set<string>();
  readonly ends = new Map<string, ExchangeEvent>();
  readonly connects = new Map<string, [ConnectEvent]>();
  readonly handshakes = new Map<string, [TlsEvent]>();
  readonly retransmits = new Map<string, RetransmitEvent[]>();
  readonly #readings = new Map<number, Reading[]>();
  readonly #waits = new Map<number, WaitEvent[]>();
  /** By process. */
  readonly #allWaits = new Map<number, WaitEvent[]>();
  readonly #processes = new Map<number, number>();
  readonly #timers = new Map<number, TimerEvent[]>();
  readonly #tracks = new Map<number, ThreadTrack>();
  readonly #cgroups = new Map<number, string>();

  constructor(events: readonly KernelEvent[]) {
    for (const event of events) {
      this.#processes.set(event.owner.tid, event.owner.pid);
      if (event.owner.cgroupId !== 0n) this.#cgroups.set(event.owner.pid, `cgroup:${event.owner.cgroupId}`);
      if (event.kind === "exchange") {
        if (event.role === "server" && event.traceId !== null) this.serverTraces.add(event.traceId);
        if (event.phase === "first" && !event.shared) this.turns.push(event);
        else this.ends.set(`${event.cookie}/${event.turn}`, event);
        const { requestStart, requestEnd, responseStart, responseEnd, firstRead } = event;
        for (const stamp of [requestStart, requestEnd, responseStart, responseEnd, firstRead]) {
          if (stamp !== null) this.#read(event.owner.tid, stamp.ns, stamp.clock);
        }
      } else if (event.kind === "connect") {
        if (event.errno === 0) this.connects.set(event.cookie, [event]);
        this.#read(event.owner.tid, event.startNs, event.startClock);
        this.#read(event.owner.tid, event.tsNs, event.endClock);
      } else if (event.kind === "tls") {
        if (event.role === "client") this.handshakes.set(event.cookie, [event]);
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
        push(this.#allWaits, event.owner.pid, event);
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
      const waits = this.#waits.get(tid) ?? [];
      const process = this.#allWaits.get(this.#processes.get(tid) ?? tid) ?? [];
      const others = process.filter(({ owner }) => owner.tid !== tid);
      track = new ThreadTrack(this.#readings.get(tid) ?? [], waits, this.#timers.get(tid) ?? [], others);
      this.#tracks.set(tid, track);
    }
    return track;
  }

  /** A turn with all that is known of it and of the span that made it. */
  outgoing(first: ExchangeEvent, span: Span): Outgoing & { readonly spanId: string } {
    const end = this.ends.get(`${first.cookie}/${first.turn}`);
    const retransmits = this.retransmits.get(first.cookie) ?? [];
    const known = { first, peer: peerOf(span), status: statusOf(span), retransmits, spanId: span.spanId };
    return end === undefined ? known : { ...known, end };
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

/** Process the span came from; 0 where it does not say. */
export const pid = (span: Span): number => Number(span.resource["process.pid"] ?? 0);

/** HTTP status the span carries, or null. */
export function statusOf(span: Span): number | null {
  const status = span.attributes["http.response.status_code"];
  return status === undefined ? null : Number(status);
}

function peerOf(span: Span): Peer {
  const operation = span.attributes["gen_ai.operation.name"];
  if (operation === "retrieval") return "retrieval";
  return operation === undefined ? "other" : "provider";
}
