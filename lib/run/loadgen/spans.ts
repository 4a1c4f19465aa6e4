/** What the client saw of each request as an OpenTelemetry span, so that a collector joins it with what the server and the kernel saw. */
import { postTraces } from "../../export/otlp_traces.ts";
import { type Anchor, toUnixNs } from "../../model/clock.ts";
import type { RequestRecord } from "../../model/request_record.ts";
import { type Attributes, type Span, SPAN_KIND } from "../../model/span.ts";
import { signalUrl } from "../../otlp/endpoint.ts";
import type { Ran } from "./load_report.ts";

const BATCH = 500;
const STATUS_ERROR = 2;
const OPERATION: Readonly<Record<string, string>> = { chat: "chat", completions: "text_completion" };

/** A CLIENT span of the request's own trace and span id; the server's span is its child. Null for what was never sent. */
export function clientSpan(
  record: RequestRecord,
  { target, options, anchor }: Pick<Ran, "target" | "options" | "anchor">,
): Span | null {
  if (record.s_ns === null || record.e_ns === null) return null;
  const { endpoint, shape } = target;
  const operation = OPERATION[shape.api];
  const unix = (ns: number) => toUnixNs(anchor as Anchor, ns);
  return {
    resource: { "service.name": "sloctl-loadgen", "process.pid": Deno.pid },
    scope: "sloctl.loadgen",
    scopeDetails: { version: options.version },
    traceId: record.trace_id,
    spanId: record.span_id,
    parentSpanId: "",
    name: operation === undefined ? shape.method : `${operation} ${shape.model}`,
    kind: SPAN_KIND.client,
    startNs: unix(record.s_ns),
    endNs: unix(record.e_ns),
    attributes: {
      "server.address": endpoint.hostname,
      "server.port": endpoint.port,
      "http.request.method": shape.method,
      ...(record.status > 0 && { "http.response.status_code": record.status }),
      ...(operation !== undefined && genAi(record, operation, shape)),
      ...(record.error_type !== null && { "error.type": record.error_type }),
      "sloctl.load.outcome": record.outcome,
      ...(record.g_ns !== null && { "sloctl.load.schedule_lag_ms": (record.s_ns - record.g_ns) / 1e6 }),
    },
    events: [],
    statusCode: record.outcome === "ok" ? 0 : STATUS_ERROR,
    statusMessage: record.error_detail ?? "",
  };
}

/** Names of semantic-conventions v1.41. */
function genAi(
  record: RequestRecord,
  operation: string,
  shape: { readonly model: string; readonly stream: boolean },
): Attributes {
  const { s_ns, t_ns: [first], n_in, n_out, n_source, n_cached, finish_reason } = record;
  return {
    "gen_ai.operation.name": operation,
    "gen_ai.provider.name": "unknown",
    "gen_ai.request.model": shape.model,
    "gen_ai.request.stream": shape.stream,
    ...(first !== undefined && { "gen_ai.response.time_to_first_chunk": (first - s_ns!) / 1e9 }),
    ...(n_in !== null && { "gen_ai.usage.input_tokens": n_in }),
    ...(n_out !== null && n_source === "usage" && { "gen_ai.usage.output_tokens": n_out }),
    ...(n_cached !== null && { "gen_ai.usage.cache_read.input_tokens": n_cached }),
    ...(finish_reason !== null && { "gen_ai.response.finish_reasons": [finish_reason] }),
  };
}

/** Sends them once the load is over: nothing is sent beside it. @returns how many @throws UsageError, IoError */
export async function sendSpans(endpoint: string, ran: Ran, signal: AbortSignal): Promise<number> {
  const url = signalUrl(endpoint, "traces");
  const spans = ran.run.records.flatMap((record) => clientSpan(record, ran) ?? []);
  for (let i = 0; i < spans.length; i += BATCH) await postTraces(url, spans.slice(i, i + BATCH), { signal });
  return spans.length;
}
