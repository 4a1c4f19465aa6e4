/**
 * The collector's own spans, through the OpenTelemetry API alone: they go where the runtime is told to send them
 * (OTEL_DENO=true OTEL_EXPORTER_OTLP_ENDPOINT=...), and cost next to nothing where it is told nothing.
 */
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OPERATIONS, WATCH } from "./api.ts";
import type { Caller } from "./door.ts";
import type { HttpHandler, HttpOut } from "./http.ts";

const tracer = trace.getTracer("sloctl.collector");
const ADMIN = ["/v1/admin/snapshot", "/v1/admin/trim", "/v1/admin/tokens"];
const INGEST = ["/v1/traces", "/v1/logs", "/v1/metrics"];
const PLAIN = new Set([...INGEST, ...ADMIN, "/metrics", WATCH.path, ...OPERATIONS.map(({ path }) => path)]);

/** One SERVER span an answer, named by the route and never by what stands in the path. */
export function traced(handler: HttpHandler): HttpHandler {
  return (request) => {
    const route = routeOf(request.path);
    const method = ["GET", "HEAD", "POST"].includes(request.method) ? request.method : "_OTHER";
    const attributes = { "http.request.method": method, "http.route": route, "sloctl.work": workOf(route) };
    return tracer.startActiveSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, async (span) => {
      try {
        const answer = await handler(request);
        span.setAttributes({ "http.response.status_code": answer.status, ...callerAttributes(answer.caller) });
        if (answer.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        const { stream } = answer;
        if (stream === undefined || request.method === "HEAD") {
          span.end();
          return answer;
        }
        return { ...answer, stream: (out: HttpOut) => stream(out).finally(() => span.end()) };
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
        throw error;
      }
    });
  };
}

/** The same for a gRPC call. `told` is called when it is over, with the status and whose call it was. */
export function tracedCall(
  method: string,
  work: "ingest" | "watch",
  run: (told: (code: number, caller: Caller | undefined) => void) => void,
): void {
  const attributes = { "rpc.system": "grpc", "rpc.method": method, "sloctl.work": work };
  tracer.startActiveSpan(method, { kind: SpanKind.SERVER, attributes }, (span) =>
    run((code, caller) => {
      span.setAttributes({ "rpc.grpc.status_code": code, ...callerAttributes(caller) });
      if (SERVERS_FAULT.has(code)) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    }));
}

/** UNKNOWN, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const SERVERS_FAULT = new Set([2, 13, 14, 15]);

/** Whose token: its names, never the token. */
function callerAttributes(caller: Caller | undefined): Record<string, string> {
  return caller === undefined ? {} : { "cap.kid": caller.kid, jti: caller.jti, ns: caller.ns };
}

function routeOf(path: string): string {
  if (PLAIN.has(path)) return path;
  const under = OPERATIONS.find(({ path: own }) =>
    own.includes("{") && path.startsWith(own.slice(0, own.indexOf("{")))
  );
  return under?.path ?? "other";
}

function workOf(route: string): "ingest" | "query" | "watch" | "admin" | "metrics" | "none" {
  if (INGEST.includes(route)) return "ingest";
  if (route === WATCH.path) return "watch";
  if (ADMIN.includes(route)) return "admin";
  return route === "/metrics" ? "metrics" : route === "other" ? "none" : "query";
}
