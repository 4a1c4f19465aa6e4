/**
 * Plain TCP by epoll: one thread that sleeps until the very microsecond something is due or readable. It blocks its thread, so it
 * runs in a worker. Linux with glibc 2.35 or later.
 */
import { monotonicNs } from "../host/clock.ts";
import {
  BROKEN,
  connectSocket,
  EAGAIN,
  Epoll,
  READABLE,
  receive,
  retransmits,
  socketError,
  transmit,
  WRITABLE,
} from "../host/epoll.ts";
import { closeFd } from "../host/libc.ts";
import { errnoName, errnoWords } from "../model/codes.ts";
import { type ConnectionEvents, type Endpoint, systemFailure, type Transport, type Wire } from "./transport.ts";

const READ_BYTES = 64 * 1024;

export class EpollTransport implements Transport, Disposable {
  readonly name = "epoll";
  readonly #endpoint: Endpoint;
  readonly #epoll = new Epoll();
  readonly #sockets = new Map<number, Socket>();
  readonly #into = new Uint8Array(READ_BYTES);
  #failed: { readonly events: ConnectionEvents; readonly errno: number }[] = [];
  #tag = 0;
  #turn: (nowNs: number) => number | null = () => null;
  /** When `#turn` wants to be called next; null: never again. */
  #dueNs: number | null = 0;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  open(events: ConnectionEvents): Wire {
    const fd = connectSocket(this.#endpoint.ip, this.#endpoint.port);
    if (fd < 0) {
      this.#failed.push({ events, errno: -fd });
      return CLOSED;
    }
    const tag = this.#tag++;
    const socket = new Socket(fd, tag, events, this.#epoll, () => this.#sockets.delete(tag));
    this.#sockets.set(tag, socket);
    return socket;
  }

  // deno-lint-ignore require-await -- it blocks; the other transport does not
  async run(turn: (nowNs: number) => number | null): Promise<void> {
    this.#turn = turn;
    const ready = (tag: number, mask: number) => this.#onReady(tag, mask);
    for (;;) {
      const nowNs = monotonicNs();
      this.#dueNs = turn(nowNs);
      if (this.#dueNs === null) return;
      this.#tellFailed();
      this.#epoll.wait(this.#failed.length > 0 ? 0 : this.#dueNs - monotonicNs(), ready);
      if (this.#dueNs === null) return;
    }
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#epoll[Symbol.dispose]();
  }

  #tellFailed(): void {
    const failed = this.#failed;
    this.#failed = [];
    for (const { events, errno } of failed) {
      events.onClose(monotonicNs(), systemFailure(errnoName(errno), errnoWords(errno)));
    }
  }

  #onReady(tag: number, mask: number): void {
    const socket = this.#sockets.get(tag); // closed since it was told: nothing
    if (socket === undefined) return;
    if (socket.opening) {
      if ((mask & (WRITABLE | BROKEN)) !== 0) socket.opened();
    } else {
      if ((mask & WRITABLE) !== 0) socket.flush();
      if ((mask & (READABLE | BROKEN)) !== 0) this.#read(socket);
    }
    // What is due does not wait for the rest of the batch.
    if (this.#dueNs !== null) {
      const nowNs = monotonicNs();
      if (nowNs >= this.#dueNs) this.#dueNs = this.#turn(nowNs);
    }
  }

  #read(socket: Socket): void {
    const n = receive(socket.fd, this.#into);
    const atNs = monotonicNs();
    if (n > 0) return socket.events.onData(this.#into, n, atNs);
    if (n === -EAGAIN) return;
    socket.close();
    socket.events.onClose(atNs, n === 0 ? null : systemFailure(errnoName(-n), errnoWords(-n)));
  }
}

class Socket implements Wire {
  opening = true;
  #closed = false;
  #pending: Uint8Array<ArrayBuffer>[] = [];
  #retransmits: number | null = null;

  constructor(
    readonly fd: number,
    readonly tag: number,
    readonly events: ConnectionEvents,
    readonly epoll: Epoll,
    readonly forget: () => void,
  ) {
    epoll.add(fd, WRITABLE, tag);
  }

  opened(): void {
    const error = socketError(this.fd);
    const tcpNs = monotonicNs();
    if (error === 0) {
      this.opening = false;
      this.epoll.change(this.fd, READABLE, this.tag);
      this.events.onOpen({ tcpNs, tlsNs: null });
    } else {
      this.close();
      this.events.onClose(tcpNs, systemFailure(errnoName(error), errnoWords(error)));
    }
  }

  write(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#closed) return;
    this.#pending.push(bytes);
    if (this.#pending.length === 1) this.flush();
  }

  /** Writes what the kernel takes. That the other side is gone is told by the next read. */
  flush(): void {
    const waited = this.#pending.length > 0;
    while (this.#pending.length > 0) {
      const [bytes] = this.#pending;
      const n = transmit(this.fd, bytes!);
      if (n < 0 && n !== -EAGAIN) this.#pending = [];
      else if (n === bytes!.length) this.#pending.shift();
      else {
        if (n > 0) this.#pending[0] = bytes!.subarray(n);
        this.epoll.change(this.fd, READABLE | WRITABLE, this.tag);
        this.#blocked = true;
        return;
      }
    }
    if (waited && this.#blocked) this.epoll.change(this.fd, READABLE, this.tag);
    this.#blocked = false;
  }

  #blocked = false;

  retransmits(): number | null {
    return this.#closed ? this.#retransmits : retransmits(this.fd);
  }

  close(): void {
    if (this.#closed) return;
    this.#retransmits = retransmits(this.fd);
    this.#closed = true;
    this.forget();
    this.epoll.remove(this.fd);
    closeFd(this.fd);
  }
}

/** A connection that could not even be begun. */
const CLOSED: Wire = { write: () => {}, close: () => {}, retransmits: () => null };
