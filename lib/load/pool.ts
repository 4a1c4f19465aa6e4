/**
 * The connections: a declared number of them, opened before the first arrival is due, or, without one, a few to spare at all times
 * and never more than a bound. A connection carries one request at a time. An arrival that finds none free waits in order.
 */
import { Connection, type ConnectionOwner, type ConnectionRecord } from "./connection.ts";
import type { Exchange } from "./exchange.ts";
import type { Failure } from "./reply.ts";
import type { Transport } from "./transport.ts";

export interface PoolSize {
  /** Never more connections than this. */
  readonly bound: number;
  /** Held free ahead of need; a declared pool holds all of `bound` open instead. */
  readonly spare: number;
  readonly declared: boolean;
}

export interface PoolEvents {
  readonly now: () => number;
  /** The request goes out now: its place in the queue, if it had one, is gone. */
  sending(exchange: Exchange): void;
  finished(exchange: Exchange, atNs: number): void;
}

/** After an attempt that nobody waited for has failed, none is made for so long. */
const SPARE_PAUSE_NS = 1e9;
const MOST_RECORDS = 100_000;

export class Pool implements ConnectionOwner {
  readonly #transport: Transport;
  readonly #size: PoolSize;
  readonly #events: PoolEvents;
  readonly #all = new Set<Connection>();
  readonly #free: Connection[] = [];
  /** In order; what was given up is skipped. */
  #waiting: Exchange[] = [];
  #opening = 0;
  #ids = 0;
  #pauseUntilNs = 0;
  #closing = false;
  readonly #ended: ConnectionRecord[] = [];
  /** Connections at most at one time; and ended ones that no longer fit into the records. */
  most = 0;
  unrecorded = 0;

  constructor(transport: Transport, size: PoolSize, events: PoolEvents) {
    this.#transport = transport;
    this.#size = size;
    this.#events = events;
  }

  get now(): () => number {
    return this.#events.now;
  }

  get size(): number {
    return this.#all.size;
  }

  get opening(): number {
    return this.#opening;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Opens what should be open. */
  fill(): void {
    if (this.#closing || this.now() < this.#pauseUntilNs) return;
    const { bound, spare, declared } = this.#size;
    const busy = this.#all.size - this.#free.length - this.#opening;
    const wanted = Math.min(bound, declared ? bound : busy + this.#waiting.length + spare);
    while (this.#all.size < wanted) this.#open(null);
  }

  /** Sends at once over a free connection, else waits for one, for which an attempt of its own is begun where there is room. */
  submit(exchange: Exchange): void {
    const connection = this.#free.shift();
    if (connection !== undefined) return this.#send(connection, exchange);
    this.#waiting.push(exchange);
    if (this.#all.size < this.#size.bound) this.#open(exchange);
  }

  /** Gives up a request that waits for a connection; its reply is failed by the caller. */
  giveUp(exchange: Exchange): void {
    const at = this.#waiting.indexOf(exchange);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  /** Ends attempts that take longer than `limitNs`. */
  sweep(nowNs: number, limitNs: number): void {
    if (this.#opening === 0) return;
    for (const connection of [...this.#all]) {
      if (!connection.opening || nowNs - connection.openNs < limitNs) continue;
      connection.close({ type: "connect_timeout", detail: `no connection after ${Math.round(limitNs / 1e6)} ms` });
    }
  }

  /** Every request that is on a connection. */
  *busy(): Generator<[Connection, Exchange]> {
    for (const connection of this.#all) if (connection.exchange !== null) yield [connection, connection.exchange];
  }

  queue(): readonly Exchange[] {
    return this.#waiting;
  }

  closeAll(): void {
    this.#closing = true;
    for (const connection of [...this.#all]) connection.close(null);
  }

  records(): ConnectionRecord[] {
    return [...this.#ended, ...[...this.#all].map((connection) => connection.record())].sort((a, b) => a.conn - b.conn);
  }

  opened(connection: Connection): void {
    this.#opening--;
    this.#pauseUntilNs = 0;
    this.#next(connection);
  }

  finished(connection: Connection, exchange: Exchange, atNs: number): void {
    this.#events.finished(exchange, atNs);
    if (!connection.closed) this.#next(connection);
  }

  closed(connection: Connection, failure: Failure | null): void {
    const record = connection.record();
    const wasOpening = record.tcp_ns === null;
    this.#all.delete(connection);
    const free = this.#free.indexOf(connection);
    if (free >= 0) this.#free.splice(free, 1);
    if (this.#ended.length < MOST_RECORDS) this.#ended.push(record);
    else this.unrecorded++;
    if (wasOpening) this.#attemptFailed(connection, failure);
    if (this.#closing) return;
    // Those who wait without an attempt of their own get the room that is free now.
    const missing = Math.min(this.#waiting.length - this.#opening, this.#size.bound - this.#all.size);
    for (let i = 0; i < missing; i++) this.#open(this.#waiting[this.#opening] ?? null);
    this.fill();
  }

  #attemptFailed(connection: Connection, failure: Failure | null): void {
    this.#opening--;
    this.#pauseUntilNs = this.now() + SPARE_PAUSE_NS;
    const { opener } = connection;
    if (opener === null || !this.#waiting.includes(opener)) return;
    this.giveUp(opener);
    const { type, detail } = failure ?? { type: "connection", detail: "the server closed while connecting" };
    opener.reply.fail(type, detail);
    this.#events.finished(opener, this.now());
  }

  #open(opener: Exchange | null): void {
    const connection = new Connection(this.#ids++, opener, this.#transport, this);
    this.#all.add(connection);
    this.#opening++;
    this.most = Math.max(this.most, this.#all.size);
  }

  #next(connection: Connection): void {
    const exchange = this.#waiting.shift();
    if (exchange === undefined) this.#free.push(connection);
    else this.#send(connection, exchange);
  }

  #send(connection: Connection, exchange: Exchange): void {
    this.#events.sending(exchange);
    connection.send(exchange);
    if (!this.#size.declared) this.fill();
  }
}
