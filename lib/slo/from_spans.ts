/** Spans of one LLM request -> its indicators. GenAI conventions; a span that lacks an attribute leaves the indicator out. Pure. */
import type { SliName } from "../model/slo_event.ts";
import { type Span, SPAN_KIND } from "../model/span.ts";

/** A request at the service that serves it, and what that service asked of others for it. */
export interface RequestSpans {
  readonly entry: Span;
  readonly retrieval: readonly Span[];
  readonly generation: readonly Span[];
}

/** SERVER spans that stand for an LLM request: they say their TTFT, or the same service made a GenAI call below them. */
export function requestSpans(spans: readonly Span[]): RequestSpans[] {
  const byTrace = Map.groupBy(spans, (span) => span.traceId);
  return [...byTrace.values()].flatMap((trace) =>
    trace.filter((span) => span.kind === SPAN_KIND.server).flatMap((entry): RequestSpans[] => {
      const calls = trace.filter((span) =>
        span.kind === SPAN_KIND.client && span.parentSpanId === entry.spanId &&
        span.attributes["gen_ai.operation.name"] !== undefined
      );
      if (calls.length === 0 && entry.attributes["llm.slo.ttft_ms"] === undefined) return [];
      const isRetrieval = (span: Span) => span.attributes["gen_ai.operation.name"] === "retrieval";
      return [{
        entry,
        retrieval: calls.filter(isRetrieval),
        generation: calls.filter((span) => !isRetrieval(span)),
      }];
    })
  );
}

/** null where the spans do not say. */
export function indicators({ entry, retrieval, generation }: RequestSpans): Record<SliName, number | null> {
  const [chat] = generation;
  return {
    ttft_ms: number(entry.attributes["llm.slo.ttft_ms"]),
    request_latency_ms: durationMs(entry),
    token_throughput_tps: chat === undefined ? null : tokensPerSecond(chat),
    error_rate: failed(entry) ? 1 : 0,
    retrieval_latency_ms: retrieval.length === 0 ? null : retrieval.reduce((sum, span) => sum + durationMs(span), 0),
    provider_error_rate: chat === undefined ? null : generation.some(failed) ? 1 : 0,
    structured_output_validity: null,
    tool_call_success: null,
  };
}

function durationMs(span: Span): number {
  return Number(span.endNs - span.startNs) / 1e6;
}

/** Output tokens over the time after the first chunk; null without usage, or where the answer was not streamed. */
function tokensPerSecond(chat: Span): number | null {
  const tokens = number(chat.attributes["gen_ai.usage.output_tokens"]);
  const firstS = number(chat.attributes["gen_ai.response.time_to_first_chunk"]);
  if (tokens === null || firstS === null) return null;
  const seconds = durationMs(chat) / 1000 - firstS;
  return seconds > 0 ? tokens / seconds : null;
}

function failed(span: Span): boolean {
  const status = number(span.attributes["http.response.status_code"]);
  return span.statusCode === 2 || span.attributes["error.type"] !== undefined || (status !== null && status >= 500);
}

function number(value: unknown): number | null {
  const plain = typeof value === "bigint" ? Number(value) : value;
  return typeof plain === "number" && Number.isFinite(plain) ? plain : null;
}
