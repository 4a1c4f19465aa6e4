/** The SERVER span of one request to a service of the lab. */
import type { Attributes, HrTime, Span } from "@opentelemetry/api";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { header, pathOf, traceIdOf } from "./http_service.ts";
import { w3cTraceId } from "./trace_id.ts";
import { type Tracing, wallTime } from "./tracing.ts";

/**
 * Its trace is the one of the caller's traceparent; without one it takes the id that `X-Trace-Id` names, where that is 32 hex digits.
 * Where the two say different things, both are kept: the spans follow the W3C header, the answer echoes the other.
 */
export function serverSpan(
  tracing: Tracing,
  request: IncomingMessage,
  response: ServerResponse,
  route: string,
  startTime: HrTime = wallTime(),
): Span {
  const id = traceIdOf(response);
  const attributes = serverAttributes(request, route);
  const traceparent = header(request, "traceparent");
  const span = tracing.server(`${request.method} ${route}`, traceparent, attributes, startTime, w3cTraceId(id));
  if (span.spanContext().traceId !== w3cTraceId(id)) span.setAttribute("http.request.header.x-trace-id", [id]);
  return span;
}

/** What every SERVER span says about its request; the two ends name the connection. */
function serverAttributes(request: IncomingMessage, route: string): Attributes {
  // A connection that was cut meanwhile is no longer there.
  const socket = request.socket as Partial<TLSSocket> | null;
  return {
    "http.request.method": request.method ?? "",
    "http.route": route,
    "url.path": pathOf(request),
    "url.scheme": socket?.encrypted === true ? "https" : "http",
    "server.address": socket?.localAddress ?? "",
    "server.port": socket?.localPort ?? 0,
    "client.address": socket?.remoteAddress ?? "",
    "client.port": socket?.remotePort ?? 0,
  };
}

/** Records how the request ended on its SERVER span. Status 499: the client went away first. */
export function recordStatus(span: Span, status: number): string | undefined {
  span.setAttribute("http.response.status_code", status);
  return status >= 500 ? String(status) : status === 499 ? "client_closed" : undefined;
}
