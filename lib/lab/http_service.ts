/**
 * The HTTP server under every service of the lab, on node:http: it writes the head and the first chunk of a body in one piece, so
 * that the first byte on the wire is the first token, and it can reset a connection.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { IoError } from "../model/errors.ts";
import { invalidRequest, OpenAiError } from "./openai_error.ts";
import { isTraceId, TRACE_ID_HEADER } from "./trace_id.ts";
import { parseTraceparent } from "./tracing.ts";

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
/** Keyed by "METHOD /path". */
export type Routes = Readonly<Record<string, Handler>>;

const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** A caller that sends even more has its connection cut. */
const MAX_DROPPED_BYTES = 64 * 1024 * 1024;

/** Of a server that speaks TLS, as PEM. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
}

/**
 * Listens until disposed; disposing closes open connections too. Every answer carries `X-Trace-Id`: the caller's, or the id of its
 * traceparent, or a new one.
 *
 * @param tls absent: plain HTTP
 * @throws IoError when the port is taken.
 */
export async function serveHttp(ip: string, port: number, routes: Routes, tls?: ServerTls): Promise<AsyncDisposable> {
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    response.setHeader(TRACE_ID_HEADER, requestTraceId(request));
    route(routes, request)(request, response).catch((error: unknown) => fail(response, error));
  };
  const server = tls === undefined ? createServer(answer) : createTlsServer({ ...tls }, answer);
  // Clients of a lab keep connections open between phases; closing them would add a connect to someone's measurement.
  server.keepAliveTimeout = 0;
  await new Promise<void>((done, failed) => {
    server.once("error", (error: Error & { code?: string }) => {
      const state = error.code === "EADDRINUSE" ? "the port is in use" : error.message;
      failed(new IoError(`Cannot listen on "${ip}:${port}": ${state}`, "Choose another port"));
    });
    server.listen(port, ip, () => done());
  });
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function route(routes: Routes, request: IncomingMessage): Handler {
  const path = pathOf(request);
  const handler = routes[`${request.method} ${path}`] ??
    (request.method === "GET" && path.startsWith("/v1/models/") ? routes["GET /v1/models/*"] : undefined);
  if (handler !== undefined) return handler;
  const methods = Object.keys(routes).filter((key) => key.endsWith(` ${path}`)).map((key) => key.split(" ")[0]);
  return methods.length > 0
    ? () => {
      const text = `Method ${request.method} is not allowed on ${path}.`;
      return Promise.reject(
        new OpenAiError(405, "invalid_request_error", "method_not_allowed", text, { allow: methods.join(", ") }),
      );
    }
    : () => Promise.reject(new OpenAiError(404, "invalid_request_error", "not_found", `There is no ${path} here.`));
}

export function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?", 1)[0] ?? "/";
}

/** Answers with the error in the OpenAI form, or cuts the connection when an answer has begun already. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const known = error instanceof OpenAiError
    ? error
    : new OpenAiError(500, "server_error", "internal_error", (error as Error).message ?? "unknown");
  sendJson(response, known.status, known.body(traceIdOf(response)), known.headers);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = new TextEncoder().encode(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": `${bytes.length}`, ...headers });
  response.end(bytes);
}

/** @throws OpenAiError 400 for malformed JSON, 413 above `limit` bytes. */
export async function readJson(request: IncomingMessage, limit = MAX_BODY_BYTES): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size <= limit) parts.push(part);
    // More than that is read and dropped: a caller that is still sending does not listen yet, and its connection is of use later.
    else if (size > MAX_DROPPED_BYTES) {
      request.socket.destroy();
      break;
    }
  }
  if (size > limit) {
    const text = `The body is larger than ${limit / 1024 / 1024} MiB.`;
    throw new OpenAiError(413, "invalid_request_error", "body_too_large", text);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(await new Blob(parts as BlobPart[]).bytes()));
  } catch {
    throw invalidRequest("invalid_json", "The body is not valid JSON.");
  }
}

/** A header that may come once, as a string. */
export function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function requestTraceId(request: IncomingMessage): string {
  const named = header(request, TRACE_ID_HEADER);
  if (isTraceId(named)) return named;
  return parseTraceparent(header(request, "traceparent"))?.traceId ?? crypto.randomUUID().replaceAll("-", "");
}

/** What the answer will be known by: set for every request before its handler runs. */
export function traceIdOf(response: ServerResponse): string {
  return String(response.getHeader(TRACE_ID_HEADER) ?? "");
}

/** Aborted when the response is over, in particular when the caller goes away before its end. */
export function closed(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => controller.abort());
  return controller.signal;
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal?.aborted) return done();
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      done();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener("abort", finish);
  });
}
