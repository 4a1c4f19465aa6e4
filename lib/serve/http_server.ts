/**
 * What listens: node:http or node:https around one handler, with every resource of a connection bounded. Deno's own server keeps half-sent
 * heads open, has no connection cap and asks no client for a certificate; this one does.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { ByteBudget } from "./byte_budget.ts";
import { Connections, peerOf } from "./connections.ts";
import type { HttpAnswer, HttpHandler } from "./http.ts";
import { listenError } from "./listen_error.ts";
import { readBody } from "./read_body.ts";
import { sendStream } from "./send_stream.ts";
import type { TlsFiles } from "./tls.ts";

export interface HttpOptions {
  readonly hostname: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly handler: HttpHandler;
  /** Without it: plain HTTP. */
  readonly tls?: TlsFiles;
  /** Open connections at most: beyond, the one that waits longest with no request under way gives way. Default 8 192. */
  readonly maxConnections?: number;
  /** Bytes of all bodies under way together. Default 512 MiB. */
  readonly maxBodyBytes?: number;
  /** A request head not complete after so long is cut. Default 10 s. */
  readonly headMs?: number;
  /** A request not complete after so long is cut. Default 60 s. */
  readonly requestMs?: number;
  /** An answer not taken after so long is cut. Default 60 s. */
  readonly takeMs?: number;
  /** Is told of what the handler threw: a defect of ours. */
  readonly onFault?: (error: unknown) => void;
}

/** Counters since the start. */
export interface HttpStats {
  readonly requests: number;
  /** Requests under way. */
  readonly inFlight: number;
  /** Bytes of their bodies held. */
  readonly bodyBytes: number;
  readonly connections: number;
  /** When some part of a request came or an answer went last, by `performance.now()`. */
  readonly heardMs: number;
  /** Connections that never became a request: by reason. */
  readonly refused: ReadonlyMap<string, number>;
}

export interface HttpListener extends AsyncDisposable {
  readonly hostname: string;
  readonly port: number;
  readonly stats: HttpStats;
  /** Lets requests in flight finish for half a second, then cuts what is left. May be called twice. */
  shutdown(): Promise<void>;
}

const MAX_HEAD_BYTES = 32 * 1024;
const KEEP_ALIVE_MS = 60_000;
const HANDSHAKE_MS = 10_000;
/** Connections waiting to be accepted: with fewer a burst loses some, and each of those waits a second or more. */
const BACKLOG = 4096;
const GRACE_MS = 500;
const POLL_MS = 10;
/** Requests sent ahead on one connection, before the first of them was answered: all would be worked on at once. */
const MOST_AHEAD = 16;
/** An answer that is not taken for so long is given up. */
const TAKE_MS = 60_000;
/** After an early answer the rest of the body is read and thrown away for so long: cut at once, the answer would be lost. */
const LINGER_MS = 2_000;

/** @throws IoError when the address is taken or not ours, UsageError when it is no address or the TLS files do not fit. */
export async function listenHttp(options: HttpOptions): Promise<HttpListener> {
  const { hostname, port, handler, maxConnections = 8192, headMs = 10_000, requestMs = 60_000, takeMs = TAKE_MS } =
    options;
  const budget = new ByteBudget(options.maxBodyBytes ?? 512 * 1024 * 1024);
  const refused = new Map<string, number>();
  const connections = new Connections(maxConnections);
  let requests = 0;
  let inFlight = 0;
  let heardMs = -Infinity;
  const closing = new AbortController();
  /** Answers that are not all taken yet, and since when; the oldest first. */
  const untaken = new Map<ServerResponse, { readonly socket: Socket; readonly sinceMs: number }>();

  const limits = {
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: headMs,
    requestTimeout: requestMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 1_000,
  };
  const onRequest = (message: IncomingMessage, response: ServerResponse) => {
    const peer = peerOf(message.socket);
    const underWay = connections.begins(peer);
    // 0: others of the same packet, after the one that was too many.
    if (underWay === 0 || underWay > MOST_AHEAD) return void message.socket.destroy();
    response.once("close", () => {
      connections.ends(peer);
      untaken.delete(response);
    });
    requests++;
    inFlight++;
    heardMs = performance.now();
    let held = 0;
    const request = () => {
      const { path, query } = target(message.url ?? "/");
      return {
        method: message.method ?? "GET",
        path,
        query,
        headers: message.headers as Record<string, string | undefined>,
        peer: message.socket.remoteAddress ?? "",
        read: (maxBytes: number) =>
          readBody(message, maxBytes, budget, (bytes) => {
            held += bytes;
            heardMs = performance.now();
          }),
      };
    };
    const unclear = ambiguity(message);
    // Inside the promise: what a handler throws at once is a rejection too.
    Promise.resolve().then(() => unclear ?? handler(request()))
      .catch((error): HttpAnswer => {
        options.onFault?.(error);
        return plain(500, "internal error\n");
      })
      .then((answer) => {
        if (answer.stream === undefined || message.method === "HEAD") {
          const { socket } = message;
          if (!send(message, response, answer, closing.signal.aborted)) return;
          untaken.set(response, { socket, sinceMs: performance.now() });
          return;
        }
        inFlight--; // it may last for days: nobody waits for its end
        return sendStream(response, { ...answer, stream: answer.stream }, closing.signal)
          .catch((error) => options.onFault?.(error)).finally(() => inFlight++);
      })
      .finally(() => {
        inFlight--;
        heardMs = performance.now();
        budget.giveBack(held);
      });
  };
  const server: Server = options.tls === undefined
    ? createServer(limits, onRequest)
    : createTlsServer({ ...limits, ...options.tls, minVersion: "TLSv1.2", handshakeTimeout: HANDSHAKE_MS }, onRequest);
  server.on("connection", (socket: Socket) => connections.add(socket));
  server.on(
    "clientError",
    (error: NodeJS.ErrnoException, socket: Socket) => refuse(refused, error, socket, options.tls !== undefined),
  );

  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(hostname, port, error)));
    try {
      server.listen({ port, host: hostname, backlog: BACKLOG }, resolve);
    } catch (error) {
      reject(listenError(hostname, port, error));
    }
  });
  const address = server.address() as AddressInfo;
  // One timer for all of them: one for each would be a good part of what a small request costs.
  const sweep = setInterval(() => {
    const before = performance.now() - takeMs;
    for (const [response, { socket, sinceMs }] of untaken) {
      if (sinceMs > before) break;
      untaken.delete(response);
      socket.destroy();
    }
  }, Math.min(1_000, takeMs / 2));

  async function stop(): Promise<void> {
    closing.abort();
    clearInterval(sweep);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (let waited = 0; inFlight > 0 && waited < GRACE_MS; waited += POLL_MS) await delay(POLL_MS);
    await delay(POLL_MS); // for the last answer to leave
    server.closeAllConnections();
    await closed;
  }
  let done: Promise<void> | undefined;
  const shutdown = () => done ??= stop();
  return {
    hostname: address.address,
    port: address.port,
    stats: {
      get requests() {
        return requests;
      },
      get inFlight() {
        return inFlight;
      },
      get bodyBytes() {
        return budget.taken;
      },
      get connections() {
        return connections.open;
      },
      get heardMs() {
        return heardMs;
      },
      refused,
    },
    shutdown,
    [Symbol.asyncDispose]: shutdown,
  };
}

/** False: there was nobody to send it to. */
function send(message: IncomingMessage, response: ServerResponse, answer: HttpAnswer, closing: boolean): boolean {
  if (response.destroyed || response.writableEnded) return false;
  const body = typeof answer.body === "string" ? new TextEncoder().encode(answer.body) : answer.body;
  const early = !message.complete;
  response.writeHead(answer.status, {
    ...answer.headers,
    "content-length": String(body.length),
    ...(early || closing ? { connection: "close" } : {}),
  });
  response.end(body);
  if (!early) return true;
  message.resume();
  const timer = setTimeout(() => message.socket.destroy(), LINGER_MS);
  message.socket.once("close", () => clearTimeout(timer));
  return true;
}

/** Of these one side may believe the first and another the last. */
const ONCE = new Set(["host", "authorization", "content-type", "content-encoding", "idempotency-key", "last-event-id"]);

/** The answer to a head that can be read in two ways; null: it cannot. */
function ambiguity({ rawHeaders, headers }: IncomingMessage): HttpAnswer | null {
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    if (!ONCE.has(name)) continue;
    if (seen.has(name)) return plain(400, `Cannot read the request: it has ${name} twice\n`);
    seen.add(name);
  }
  const coding = headers["transfer-encoding"];
  if (coding === undefined || coding.trim().toLowerCase() === "chunked") return null;
  return plain(501, "Cannot read the request: of transfer codings only chunked is known\n");
}

function plain(status: number, body: string): HttpAnswer {
  return { status, headers: { "content-type": "text/plain" }, body };
}

/** Path and query of a request target, which may be a whole URL. */
function target(whole: string): { path: string; query: URLSearchParams } {
  const url = whole.replace(/^https?:\/\/[^/]*/i, "") || "/";
  const at = url.indexOf("?");
  const path = at < 0 ? url : url.slice(0, at);
  return { path, query: new URLSearchParams(at < 0 ? "" : url.slice(at + 1)) };
}

/** A head that is no request: one line back where the socket still takes it, and a counter. */
function refuse(
  refused: Map<string, number>,
  error: NodeJS.ErrnoException,
  socket: Socket,
  isEncrypted: boolean,
): void {
  if (isEncrypted && !/^(HPE_|ERR_HTTP_)/.test(error.code ?? "")) {
    refused.set("tls", (refused.get("tls") ?? 0) + 1);
    return void socket.destroy();
  }
  const status = error.code === "ERR_HTTP_REQUEST_TIMEOUT"
    ? "408 Request Timeout"
    : error.code === "HPE_HEADER_OVERFLOW"
    ? "431 Request Header Fields Too Large"
    : "400 Bad Request";
  const reason = status.slice(0, 3);
  refused.set(reason, (refused.get(reason) ?? 0) + 1);
  if (socket.writable && error.code !== "ECONNRESET") {
    socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  }
  setTimeout(() => socket.destroy(), 100);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
