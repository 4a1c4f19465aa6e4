/** One connection of the pool, from the attempt to its end: a line of connections.jsonl. */
import type { Exchange } from "./exchange.ts";
import type { Failure } from "./reply.ts";
import type { ConnectionEvents, Opened, Transport, Wire } from "./transport.ts";

/** Instants on the kernel's monotonic clock. `tcp_ns` - `open_ns` is the connect time, `tls_ns` - `tcp_ns` the handshake. */
export interface ConnectionRecord {
  readonly conn: number;
  readonly open_ns: number;
  readonly tcp_ns: number | null;
  readonly tls_ns: number | null;
  readonly close_ns: number | null;
  /** The request it was opened for; null: opened before one was due. */
  readonly for_request: number | null;
  readonly requests: number;
  /** Segments we sent again; null where nobody can say. */
  readonly retransmits: number | null;
  readonly error_type: string | null;
  readonly error_detail: string | null;
}

export interface ConnectionOwner {
  readonly now: () => number;
  opened(connection: Connection): void;
  /** The answer in `exchange` is over. */
  finished(connection: Connection, exchange: Exchange, atNs: number): void;
  /** Told once; `connection.exchange` is null by then. */
  closed(connection: Connection, failure: Failure | null): void;
}

export class Connection implements ConnectionEvents {
  readonly #owner: ConnectionOwner;
  readonly #wire: Wire;
  readonly openNs: number;
  #opened: Opened | null = null;
  #closeNs: number | null = null;
  #failure: Failure | null = null;
  requests = 0;
  exchange: Exchange | null = null;

  /** @param opener waits for this very attempt: its failure is the request's */
  constructor(readonly id: number, readonly opener: Exchange | null, transport: Transport, owner: ConnectionOwner) {
    this.#owner = owner;
    this.openNs = owner.now();
    this.#wire = transport.open(this);
  }

  get opening(): boolean {
    return this.#opened === null && this.#closeNs === null;
  }

  get closed(): boolean {
    return this.#closeNs !== null;
  }

  /** Sends; the stamp is taken just before the first byte is handed over. */
  send(exchange: Exchange): void {
    exchange.conn = this.id;
    exchange.reused = this.requests++ > 0;
    this.exchange = exchange;
    exchange.sNs = exchange.activeNs = this.#owner.now();
    this.#wire.write(exchange.request.bytes);
  }

  onOpen(opened: Opened): void {
    this.#opened = opened;
    this.#owner.opened(this);
  }

  onData(bytes: Uint8Array, length: number, atNs: number): void {
    const { exchange } = this;
    if (exchange === null) return this.close({ type: "unasked", detail: "the server spoke without being asked" });
    exchange.activeNs = atNs;
    exchange.reply.read(bytes, length, atNs);
    if (exchange.reply.over) this.#finish(exchange, atNs);
  }

  onClose(atNs: number, failure: Failure | null): void {
    const { exchange } = this;
    this.#ended(failure);
    if (exchange !== null) {
      this.exchange = null;
      exchange.reply.end(failure);
      this.#owner.finished(this, exchange, atNs);
    }
    this.#owner.closed(this, failure);
  }

  /** Hangs up, with what was going on. */
  close(failure: Failure | null): void {
    if (this.closed) return;
    this.#wire.close();
    const { exchange } = this;
    this.#ended(failure);
    if (exchange !== null) {
      this.exchange = null;
      if (failure !== null) exchange.reply.fail(failure.type, failure.detail);
      this.#owner.finished(this, exchange, this.#closeNs!);
    }
    this.#owner.closed(this, failure);
  }

  record(): ConnectionRecord {
    return {
      conn: this.id,
      open_ns: this.openNs,
      tcp_ns: this.#opened?.tcpNs ?? null,
      tls_ns: this.#opened?.tlsNs ?? null,
      close_ns: this.#closeNs,
      for_request: this.opener?.arrival.id ?? null,
      requests: this.requests,
      retransmits: this.#wire.retransmits(),
      error_type: this.#failure?.type ?? null,
      error_detail: this.#failure?.detail ?? null,
    };
  }

  #ended(failure: Failure | null): void {
    this.#failure = failure;
    this.#closeNs = this.#owner.now();
  }

  #finish(exchange: Exchange, atNs: number): void {
    this.exchange = null;
    const reusable = exchange.reply.reusable;
    if (!reusable) {
      this.#wire.close();
      this.#ended(null);
    }
    this.#owner.finished(this, exchange, atNs);
    if (!reusable) this.#owner.closed(this, null);
  }
}
