/** TCP and TLS by the runtime's own sockets: everywhere, and for https. Its timers are a millisecond late where epoll's are not. */
import { connect as tcpConnect, type Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { monotonicNs } from "../host/clock.ts";
import type { Failure } from "./reply.ts";
import { type ConnectionEvents, type Endpoint, systemFailure, type Transport, type Wire } from "./transport.ts";

export class NetTransport implements Transport, Disposable {
  readonly name = "net";
  readonly #endpoint: Endpoint;
  readonly #open = new Set<Socket>();
  #turn: () => void = () => {};
  #dueNs: number | null = 0;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  open(events: ConnectionEvents): Wire {
    const { scheme, hostname, ip, port, ca, cert, key, insecure } = this.#endpoint;
    let tcpNs = 0;
    let closed = false;
    const opened = (tlsNs: number | null) => !closed && events.onOpen({ tcpNs, tlsNs });
    let socket: Socket;
    if (scheme === "https") {
      const names = /^[\d.]+$|:/.test(hostname) ? {} : { servername: hostname };
      socket = tlsConnect({
        host: ip,
        port,
        ...names,
        rejectUnauthorized: insecure !== true,
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert, key }),
      });
      socket.once("connect", () => tcpNs = monotonicNs());
      socket.once("secureConnect", () => opened(monotonicNs()));
    } else {
      socket = tcpConnect({ host: ip, port });
      socket.once("connect", () => {
        tcpNs = monotonicNs();
        opened(null);
      });
    }
    socket.setNoDelay(true);
    this.#open.add(socket);
    const end = (failure: Failure | null) => {
      this.#open.delete(socket);
      if (closed) return;
      closed = true;
      socket.destroy();
      events.onClose(monotonicNs(), failure);
      this.#turnIfDue();
    };
    socket.on("data", (bytes: Uint8Array) => {
      const atNs = monotonicNs();
      if (!closed) events.onData(bytes, bytes.length, atNs);
      this.#turnIfDue();
    });
    socket.on("error", (error: Error & { code?: string }) => end(failureOf(error)));
    socket.on("end", () => end(null));
    socket.on("close", () => end(null));
    return {
      write: (bytes) => void (closed || socket.write(bytes)),
      retransmits: () => null,
      close: () => {
        closed = true;
        this.#open.delete(socket);
        socket.destroy();
      },
    };
  }

  run(turn: (nowNs: number) => number | null): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asked = Infinity;
    this.#turn = () => {
      if (this.#dueNs === null) return;
      this.#dueNs = turn(monotonicNs());
      if (this.#dueNs === null) {
        clearTimeout(timer);
        return resolve();
      }
      if (this.#dueNs === asked) return; // the timer that runs is the right one
      clearTimeout(timer);
      asked = this.#dueNs;
      timer = setTimeout(() => {
        asked = Infinity;
        this.#turn();
      }, Math.max(0, (this.#dueNs - monotonicNs()) / 1e6));
    };
    this.#turn();
    return promise;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#open) socket.destroy();
  }

  #turnIfDue(): void {
    if (this.#dueNs !== null && monotonicNs() >= this.#dueNs) this.#turn();
  }
}

/** Node's codes, rustls' words for a certificate that does not verify. */
function failureOf(error: Error & { code?: string }): Failure {
  const code = error.code ?? "";
  const text = error.message;
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/.test(code) || /certificate|UnknownIssuer|NotValidForName/i.test(text)) {
    return { type: "tls_certificate", detail: text };
  }
  if (/SSL|TLS/.test(code) || /\btls\b|handshake|InvalidContentType|corrupt message/i.test(text)) {
    return { type: "tls_handshake", detail: text };
  }
  return systemFailure(code || "unknown", text);
}
