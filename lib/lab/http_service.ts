/**
 * The HTTP server under every service of the lab, on node:http: it writes the head and the first chunk of a body in one piece, so
 * that the first byte on the wire is the first token, and it can reset a connection.
 */
import type { Attributes, Span } from "@opentelemetry/api";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { IoError } from "../model/errors.ts";
import { invalidRequest, OpenAiError } from "./openai_error.ts";

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
/** Keyed by "METHOD /path". */
export type Routes = Readonly<Record<string, Handler>>;

const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** Listens until disposed; disposing closes open connections too. @throws IoError when the port is taken. */
export async function serveHttp(ip: string, port: number, routes: Routes): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    route(routes, request)(request, response).catch((error: unknown) => fail(response, error));
  });
  // Clients of a lab keep connections open between phases; closing them would add a connect to someone's measurement.
  server.keepAliveTimeout = 0;
  await new Promise<void>((done, failed) => {
    server.once("error", (error: Error & { code?: string }) => {
      const state = error.code === "EADDRINUSE" ? "the port is in use" : error.message;
      failed(new IoError(`Cannot listen on "${ip}:${port}": ${state}`, "Choose another port"));
    });
    server.listen(port, ip, done);
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
  sendJson(response, known.status, known.body(), known.headers);
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

/** @throws OpenAiError 400 for malformed JSON, 413 above 8 MiB. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > MAX_BODY_BYTES) {
      throw new OpenAiError(413, "invalid_request_error", "body_too_large", "The body is larger than 8 MiB.");
    }
    parts.push(part);
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

/** What every SERVER span says about its request; the two ends name the connection. */
export function serverAttributes(request: IncomingMessage, route: string): Attributes {
  const { socket } = request;
  return {
    "http.request.method": request.method ?? "",
    "http.route": route,
    "url.path": pathOf(request),
    "url.scheme": "http",
    "server.address": socket.localAddress ?? "",
    "server.port": socket.localPort ?? 0,
    "client.address": socket.remoteAddress ?? "",
    "client.port": socket.remotePort ?? 0,
  };
}

/** Records how the request ended on its SERVER span. Status 499: the client went away first. */
export function recordStatus(span: Span, status: number): string | undefined {
  span.setAttribute("http.response.status_code", status);
  return status >= 500 ? String(status) : status === 499 ? "client_closed" : undefined;
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
