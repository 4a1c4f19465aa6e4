/**
 * What a process did to get one answer from one peer, as one thing: look-ups, connect, TLS handshake, and the turn on the socket. The
 * socket's cookie ties connect, handshake and turn.
 */
import type { ConnectEvent, DnsEvent, ExchangeEvent, KernelEvent, TlsEvent } from "../model/kernel_event.ts";
import { FreeLookups, rivalsOf } from "./free_lookups.ts";

export interface Call {
  /** When its first part began. */
  readonly startNs: number;
  /** When the process turned to it for certain: the connect, else the request; a look-up only where there is neither. */
  readonly anchorNs: number;
  /** First byte of the answer; null when none came. */
  readonly firstByteNs: number | null;
  /** When it was over, as far as is known. */
  readonly overNs: number;
  /** Null when it did not get that far: the connect failed, or the name did not resolve. */
  readonly turn: ExchangeEvent | null;
  /** The end of the same turn, where it has been told. */
  readonly end: ExchangeEvent | null;
  readonly connects: readonly ConnectEvent[];
  readonly handshakes: readonly TlsEvent[];
  readonly lookups: readonly DnsEvent[];
  /** Pauses between segments of its answer that were told one by one (10 ms or more). */
  readonly pauses: number;
  /** Connects that its look-ups could just as well have been for, its own included; 1 without look-ups. */
  readonly rivals: number;
}

/** The goodbye of TLS is this short; it asks nothing, and nobody answers it. */
const GOODBYE_BYTES = 64;
/** Look-ups over TCP are events of their own, not calls. */
const DNS_PORT = 53;

/** The calls of one process, by when it turned to them. Shared connections are no calls: nobody knows whose their bytes are. */
export function callsOf(events: readonly KernelEvent[]): Call[] {
  const sockets = new Sockets(events);
  const opened = sockets.openings.filter(({ connects }) => connects.length > 0)
    .sort((a, b) => a.connects[0]!.startNs - b.connects[0]!.startNs);
  const starts = opened.map(({ connects }) => connects[0]!.startNs);
  const lookups = new FreeLookups(events.filter((event) => event.kind === "dns"));
  const calls = [
    ...sockets.openings.filter(({ connects }) => connects.length === 0).map((opening) => toCall(opening, [], 1)),
    ...opened.map((opening) => {
      const taken = lookups.take(opening.connects[0]!.startNs);
      return taken === null
        ? toCall(opening, [], 1)
        : toCall(opening, taken.lookups, Math.max(1, rivalsOf(taken.answeredNs, starts)));
    }),
  ];
  return [...calls, ...lookups.left.map((queries) => toCall(NOTHING, queries, 1))].sort((a, b) =>
    a.anchorNs - b.anchorNs
  );
}

/** Whom it went to, as far as it got. */
export function addressOf({ turn, connects, lookups }: Call): string {
  const tuple = turn?.tuple ?? connects[0]?.tuple;
  return tuple === undefined ? `${lookups[0]?.queryName}` : `${tuple.dstIp}:${tuple.dstPort}`;
}

export function turnKey({ cookie, turn }: ExchangeEvent): string {
  return `${cookie}/${turn}`;
}

/** What a cookie ties. */
interface Opening {
  readonly connects: readonly ConnectEvent[];
  readonly handshakes: readonly TlsEvent[];
  readonly turn: ExchangeEvent | null;
  readonly end: ExchangeEvent | null;
  readonly pauses: number;
}

const NOTHING: Opening = { connects: [], handshakes: [], turn: null, end: null, pauses: 0 };

class Sockets {
  /** Turns, connects that failed, and connects on which nothing was asked. */
  readonly openings: readonly Opening[];
  readonly #turns = new Map<string, ExchangeEvent>();
  readonly #ends = new Map<string, ExchangeEvent>();
  readonly #connects = new Map<string, ConnectEvent>();
  readonly #handshakes = new Map<string, TlsEvent>();
  /** When each pause began, by cookie. */
  readonly #pauses = new Map<string, number[]>();

  constructor(events: readonly KernelEvent[]) {
    const failed: ConnectEvent[] = [];
    for (const event of events) {
      if (event.kind === "exchange" && isCall(event)) this.#exchange(event);
      else if (event.kind === "tls" && event.role === "client") this.#handshakes.set(event.cookie, event);
      else if (event.kind === "gap") this.#pause(event.cookie, event.startNs);
      else if (event.kind === "connect" && event.tuple.dstPort !== DNS_PORT) {
        if (event.errno === 0) this.#connects.set(event.cookie, event);
        else failed.push(event);
      }
    }
    const used = [...this.#turns.values()].map((turn) => this.#turn(turn)); // takes the connects it uses
    const unused = [...this.#connects.values()].map((connect) => ({
      ...NOTHING,
      connects: [connect],
      handshakes: this.#handshakesOf(connect.cookie),
    }));
    this.openings = [...used, ...unused, ...failed.map((connect) => ({ ...NOTHING, connects: [connect] }))];
  }

  #exchange(event: ExchangeEvent): void {
    const key = turnKey(event);
    if (event.phase === "end") this.#ends.set(key, event);
    // A turn that ended without an answer was never told as begun.
    if (event.phase === "first" || !this.#turns.has(key)) this.#turns.set(key, event);
  }

  #pause(cookie: string, ns: number): void {
    const own = this.#pauses.get(cookie);
    if (own === undefined) this.#pauses.set(cookie, [ns]);
    else own.push(ns);
  }

  #turn(turn: ExchangeEvent): Opening {
    const { cookie } = turn;
    const connect = turn.turn === 0 ? this.#connects.get(cookie) : undefined;
    if (connect !== undefined) this.#connects.delete(cookie);
    const fromNs = turn.responseStart?.ns ?? Infinity;
    const nextNs = this.#turns.get(turnKey({ ...turn, turn: turn.turn + 1 }))?.requestStart.ns ?? Infinity;
    return {
      connects: connect === undefined ? [] : [connect],
      handshakes: turn.turn === 0 ? this.#handshakesOf(cookie) : [],
      turn,
      end: this.#ends.get(turnKey(turn)) ?? null,
      pauses: (this.#pauses.get(cookie) ?? []).filter((ns) => ns >= fromNs && ns < nextNs).length,
    };
  }

  #handshakesOf(cookie: string): TlsEvent[] {
    const handshake = this.#handshakes.get(cookie);
    return handshake === undefined ? [] : [handshake];
  }
}

function isCall(event: ExchangeEvent): boolean {
  if (event.role !== "client" || event.shared || event.tuple.dstPort === DNS_PORT) return false;
  return event.responseStart !== null || event.turn === 0 || event.bytesOut > GOODBYE_BYTES;
}

function toCall(opening: Opening, lookups: readonly DnsEvent[], rivals: number): Call {
  const { connects, handshakes, turn, end } = opening;
  const anchorNs = connects[0]?.startNs ?? turn?.requestStart.ns ?? lookups[0]!.startNs;
  const parts = [...connects, ...handshakes, ...lookups];
  const over = end?.responseEnd?.ns ?? turn?.responseEnd?.ns ?? turn?.responseStart?.ns ?? turn?.tsNs;
  return {
    ...opening,
    lookups,
    rivals,
    anchorNs,
    startNs: Math.min(anchorNs, ...parts.map(({ startNs }) => startNs)),
    firstByteNs: turn?.responseStart?.ns ?? null,
    overNs: over ?? Math.max(anchorNs, ...parts.map(({ tsNs }) => tsNs)),
  };
}
