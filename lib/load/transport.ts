/** Moving bytes, by whichever means this machine and this scheme allow. Everything happens on the thread that runs the loop. */
import type { Failure } from "./reply.ts";

export interface Endpoint {
  readonly scheme: "http" | "https";
  /** As in the URL: for the certificate. */
  readonly hostname: string;
  readonly ip: string;
  readonly port: number;
  /** PEM of authorities to trust beside the system's; and whether to trust anybody. */
  readonly ca?: string;
  /** PEM of what we show where the server asks who we are: both or neither. */
  readonly cert?: string;
  readonly key?: string;
  readonly insecure?: boolean;
}

/** Stamps of an opening connection; `tlsNs` is when its handshake was over, null without TLS. */
export interface Opened {
  readonly tcpNs: number;
  readonly tlsNs: number | null;
}

/** What one connection tells. Nothing is told from within `open`, `write` or `close`. */
export interface ConnectionEvents {
  onOpen(opened: Opened): void;
  /** The first `length` bytes, read at `atNs`; the buffer is used again. */
  onData(bytes: Uint8Array, length: number, atNs: number): void;
  /** Told once, unless we closed it: null when the other side ended it in order. */
  onClose(atNs: number, failure: Failure | null): void;
}

export interface Wire {
  /** Takes the bytes; what the kernel does not take now follows by itself. */
  write(bytes: Uint8Array<ArrayBuffer>): void;
  close(): void;
  /** Segments sent again so far; null where nobody can say. */
  retransmits(): number | null;
}

export interface Transport {
  readonly name: "epoll" | "net";
  open(events: ConnectionEvents): Wire;
  /** Calls `turn` whenever something may be due; it answers when it wants to be called next, or null when all is over. */
  run(turn: (nowNs: number) => number | null): Promise<void>;
}

const ERRNO_TYPES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect_refused",
  ENETUNREACH: "connect_unreachable",
  EHOSTUNREACH: "connect_unreachable",
  ETIMEDOUT: "connect_timeout",
  EMFILE: "no_descriptors",
  EADDRNOTAVAIL: "no_local_port",
  ECONNRESET: "reset",
  EPIPE: "reset",
};

/** A failure by the system's name for it. */
export function systemFailure(name: string, words: string): Failure {
  return { type: ERRNO_TYPES[name] ?? "connection", detail: `${words} (${name})` };
}
