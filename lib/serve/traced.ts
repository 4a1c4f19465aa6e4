/**
 * The collector's own spans, through the OpenTelemetry API alone: they go where the runtime is told to send them
 * (OTEL_DENO=true OTEL_EXPORTER_OTLP_ENDPOINT=...), and cost next to nothing where it is told nothing.
 */
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OPERATIONS } from "./api.ts";
import type { HttpHandler } from "./http.ts";

const tracer = trace.getTracer("sloctl.collector");
const INGEST = ["/v1/traces", "/v1/logs", "/v1/metrics"];
const PLAIN = new Set([...INGEST, "/metrics", ...OPERATIONS.map(({ path }) => path)]);

/** One SERVER span an answer, named by the route and never by what stands in the path. */
export function traced(handler: HttpHandler): HttpHandler {
  return (request) => {
    const route = routeOf(request.path);
    const method = ["GET", "HEAD", "POST"].includes(request.method) ? request.method : "_OTHER";
    const attributes = { "http.request.method": method, "http.route": route, "sloctl.work": workOf(route) };
    return tracer.startActiveSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, async (span) => {
      try {
        const answer = await handler(request);
        span.setAttribute("http.response.status_code", answer.status);
        if (answer.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        return answer;
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
  };
}

function routeOf(path: string): string {
  if (PLAIN.has(path)) return path;
  const under = OPERATIONS.find(({ path: own }) =>
    own.includes("{") && path.startsWith(own.slice(0, own.indexOf("{")))
  );
  return under?.path ?? "other";
}

function workOf(route: string): "ingest" | "query" | "metrics" | "none" {
  if (INGEST.includes(route)) return "ingest";
  return route === "/metrics" ? "metrics" : route === "other" ? "none" : "query";
}
