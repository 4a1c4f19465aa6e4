/**
 * Many TCP sockets on one thread, waited for to the nanosecond: epoll and non-blocking sockets through the C library. Linux only.
 *
 * Calls block the thread they are made on: this belongs into a worker. Every buffer is used again; nothing is kept.
 */
import { closeFd, errno, socketLibc } from "./libc.ts";
import { sockaddr } from "./sockaddr.ts";

export const READABLE = 0x001;
export const WRITABLE = 0x004;
/** Error or hang-up: told whether asked for or not. */
export const BROKEN = 0x008 | 0x010;

const SOCK_STREAM = 1;
const SOCK_FLAGS = 0o4000 | 0o2000000; // non-blocking, close on exec
const IPPROTO_TCP = 6;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const TCP_NODELAY = 1;
const TCP_INFO = 11;
/** Offset of tcpi_total_retrans in struct tcp_info. */
const TOTAL_RETRANS = 100;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL = { add: 1, remove: 2, change: 3 } as const;
const MSG = 0x40 | 0x4000; // DONTWAIT, NOSIGNAL
const EINTR = 4;
const EAGAIN = 11;
const EINPROGRESS = 115;
const PR_SET_TIMERSLACK = 29;

/** struct epoll_event is packed on x86-64 alone. */
const EVENT_BYTES = Deno.build.arch === "x86_64" ? 12 : 16;
const DATA_AT = EVENT_BYTES - 8;
/** Events taken by one call. */
const BATCH = 64;

export class Epoll implements Disposable {
  readonly #libc = socketLibc()!;
  readonly #fd: number;
  readonly #events = new Uint8Array(BATCH * EVENT_BYTES);
  readonly #view = new DataView(this.#events.buffer);
  readonly #one = new Uint8Array(EVENT_BYTES);
  readonly #oneView = new DataView(this.#one.buffer);
  /** struct timespec in halves: no bigint for every wait. */
  readonly #timeout = new Uint32Array(4);

  /** Where `socketLibc()` is null there is none. Timers of the calling thread become exact to the microsecond. */
  constructor() {
    this.#fd = this.#libc.epoll_create1(EPOLL_CLOEXEC);
    if (this.#fd < 0) throw new Error(`epoll_create1: errno ${errno()}`);
    this.#libc.prctl(PR_SET_TIMERSLACK, 1n, 0n, 0n, 0n);
  }

  /** `tag` comes back with every event: descriptors are used again, tags need not be. */
  add(fd: number, mask: number, tag: number): void {
    this.#control(EPOLL_CTL.add, fd, mask, tag);
  }

  change(fd: number, mask: number, tag: number): void {
    this.#control(EPOLL_CTL.change, fd, mask, tag);
  }

  /** Before its descriptor is closed. */
  remove(fd: number): void {
    this.#control(EPOLL_CTL.remove, fd, 0, 0);
  }

  /** Waits until something is ready or `ns` have passed; tells the tag of each, and what it is ready for. */
  wait(ns: number, onReady: (tag: number, mask: number) => void): void {
    const left = Math.max(0, Math.round(ns));
    this.#timeout[0] = Math.floor(left / 1e9);
    this.#timeout[2] = left % 1e9;
    const n = this.#libc.epoll_pwait2(this.#fd, this.#events, BATCH, this.#timeout, null);
    for (let i = 0; i < n; i++) {
      const at = i * EVENT_BYTES;
      onReady(this.#view.getInt32(at + DATA_AT, true), this.#view.getUint32(at, true));
    }
  }

  [Symbol.dispose](): void {
    closeFd(this.#fd);
  }

  #control(op: number, fd: number, mask: number, tag: number): void {
    this.#oneView.setUint32(0, mask, true);
    this.#oneView.setInt32(DATA_AT, tag, true);
    this.#libc.epoll_ctl(this.#fd, op, fd, this.#one);
  }
}

/** A non-blocking TCP socket without Nagle's delay, its connect under way; a negative errno when that failed at once. */
export function connectSocket(ip: string, port: number): number {
  const libc = socketLibc()!;
  const { family, bytes } = sockaddr(ip, port);
  const fd = libc.socket(family, SOCK_STREAM | SOCK_FLAGS, 0);
  if (fd < 0) return -errno();
  libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, new Int32Array([1]), 4);
  if (libc.connect(fd, bytes, bytes.length) === 0) return fd;
  const error = errno();
  if (error === EINPROGRESS) return fd;
  closeFd(fd);
  return -error;
}

const option = new Int32Array(1);
const optionSize = new Uint32Array(1);

/** errno of a socket whose connect has ended; 0: connected. */
export function socketError(fd: number): number {
  optionSize[0] = 4;
  socketLibc()!.getsockopt(fd, SOL_SOCKET, SO_ERROR, option, optionSize);
  return option[0]!;
}

const info = new Uint8Array(256);

/** Segments this connection sent again; null where the kernel does not say. */
export function retransmits(fd: number): number | null {
  optionSize[0] = info.length;
  if (socketLibc()!.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, optionSize) !== 0) return null;
  return optionSize[0]! < TOTAL_RETRANS + 4 ? null : new DataView(info.buffer).getUint32(TOTAL_RETRANS, true);
}

/** Bytes read into `into`; 0 at the end of the stream; a negative errno, -EAGAIN when nothing is there. */
export function receive(fd: number, into: Uint8Array<ArrayBuffer>): number {
  const { recv } = socketLibc()!;
  for (;;) {
    const n = Number(recv(fd, into, BigInt(into.length), MSG));
    if (n >= 0) return n;
    const error = errno();
    if (error !== EINTR) return -error;
  }
}

/** Bytes taken by the kernel, perhaps fewer than given; a negative errno, -EAGAIN when it takes none now. */
export function transmit(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
  const { send } = socketLibc()!;
  for (;;) {
    const n = Number(send(fd, bytes, BigInt(bytes.length), MSG));
    if (n >= 0) return n;
    const error = errno();
    if (error !== EINTR) return -error;
  }
}

export { EAGAIN };
