/** Spans of one LLM request -> its indicators. GenAI conventions; a span that lacks an attribute leaves the indicator out. Pure. */
import type { SliName } from "../model/slo_event.ts";
import { type Span, SPAN_KIND } from "../model/span.ts";
import { firstChunkS, operationOf } from "./genai.ts";
import type { Stage } from "./slo.ts";
import { structuredValidity } from "./structured_output.ts";
import type { RequestFacts } from "./tracker.ts";

/** A request at the service that serves it, and what that service asked of others for it. */
export interface RequestSpans {
  /** The SERVER or CONSUMER span; in a program that serves nobody, the outermost GenAI span. */
  readonly entry: Span;
  readonly retrieval: readonly Span[];
  readonly generation: readonly Span[];
  /** Embeddings, reranking, tools: GenAI calls that are neither of those. */
  readonly other: readonly Span[];
}

/** Requests served by a GenAI call of the same service, or that say their own TTFT. */
export function requestSpans(spans: readonly Span[]): RequestSpans[] {
  const byTrace = Map.groupBy(spans, (span) => span.traceId);
  return [...byTrace.values()].flatMap((trace) => {
    const byId = new Map(trace.map((span) => [span.spanId, span]));
    const calls = new Map<Span, Span[]>();
    for (const span of trace) {
      const entry = entryOf(span, byId);
      if (entry === null) continue;
      const list = calls.get(entry) ?? [];
      if (operationOf(span) !== null) list.push(span);
      calls.set(entry, list);
    }
    return [...calls].map(([entry, list]): RequestSpans => ({
      entry,
      retrieval: list.filter((span) => operationOf(span) === "retrieval"),
      generation: innermost(list.filter((span) => operationOf(span) === "generation"), byId),
      other: list.filter((span) => !["retrieval", "generation"].includes(operationOf(span)!)),
    }));
  });
}

/** Without those that only wrap another of them: a framework's call to a model, and the client library's inside it, are one call. */
function innermost(spans: readonly Span[], byId: ReadonlyMap<string, Span>): Span[] {
  if (spans.length < 2) return [...spans];
  const wrappers = new Set<Span>();
  for (const span of spans) {
    let at = byId.get(span.parentSpanId);
    for (let depth = 0; at !== undefined && at !== span && depth < DEEPEST; depth++) {
      wrappers.add(at);
      at = byId.get(at.parentSpanId);
    }
  }
  return spans.filter((span) => !wrappers.has(span));
}

/** How deep a service nests its spans at most; a malformed trace may even loop. */
const DEEPEST = 64;

/** The request a span belongs to, if it is a GenAI call, or an entry that says its TTFT itself; else null. */
function entryOf(span: Span, byId: ReadonlyMap<string, Span>): Span | null {
  if (isEntry(span)) return statedTtftMs(span) !== null || operationOf(span) !== null ? span : null;
  if (operationOf(span) === null) return null;
  let outermost = span;
  let at = span;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const parent = byId.get(at.parentSpanId);
    if (parent === undefined || parent.resource["service.name"] !== span.resource["service.name"]) break;
    if (isEntry(parent)) return parent;
    if (operationOf(parent) !== null) outermost = parent;
    at = parent;
  }
  return outermost;
}

function isEntry({ kind }: Span): boolean {
  return kind === SPAN_KIND.server || kind === SPAN_KIND.consumer;
}

/** null where the spans do not say, or where the request has nothing of the kind. */
export function indicators(request: RequestSpans): Record<SliName, number | null> {
  const { entry, retrieval, generation, other } = request;
  const [chat] = generation;
  const tools = other.filter((span) => operationOf(span) === "tool");
  return {
    ttft_ms: ttftMs(request),
    request_latency_ms: durationMs(entry),
    token_throughput_tps: chat === undefined ? servedTokensPerSecond(entry) : tokensPerSecond(chat, firstChunkS(chat)),
    error_rate: cancelled(entry) ? null : failed(entry) ? 1 : 0,
    retrieval_latency_ms: retrieval.length === 0 ? null : sumMs(retrieval),
    provider_error_rate: chat === undefined ? null : generation.some((span) => failed(span)) ? 1 : 0,
    structured_output_validity: structuredValidity(entry, generation),
    tool_call_success: tools.length === 0 ? null : tools.filter((span) => !failed(span)).length / tools.length,
  };
}

/** What an SLO judges of a request. `values` stand before the spans' own: the kernel's TTFT. */
export function requestFacts(
  request: RequestSpans,
  values: Readonly<Partial<Record<SliName, number>>> = {},
): RequestFacts {
  const { entry, retrieval, generation, other } = request;
  const measured = { ...indicators(request), ...values };
  const stages: [Stage, readonly Span[]][] = [
    ["retrieval", retrieval],
    ["generation", generation],
    ...(["embedding", "rerank"] as const).map((stage): [Stage, Span[]] => [
      stage,
      other.filter((span) => operationOf(span) === stage),
    ]),
    ["tools", other.filter((span) => operationOf(span) === "tool")],
  ];
  return {
    service: typeof entry.resource["service.name"] === "string" ? entry.resource["service.name"] : "",
    endMs: Number(entry.endNs) / 1e6,
    ok: cancelled(entry) ? null : !failed(entry),
    cancelled: cancelled(entry),
    values: factsOf(measured),
    stagesMs: Object.fromEntries(stages.flatMap(([stage, spans]) => spans.length === 0 ? [] : [[stage, sumMs(spans)]])),
  };
}

/** Indicators under every id that means them; null ones are left out. */
export function factsOf(values: Readonly<Partial<Record<SliName, number | null>>>): Map<string, number> {
  const facts = new Map<string, number>();
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined || Number.isNaN(value)) continue;
    facts.set(name, value);
    const alias = ALIASES[name as SliName];
    if (alias !== undefined) facts.set(alias, value);
  }
  return facts;
}

const ALIASES: Readonly<Partial<Record<SliName, string>>> = {
  ttft_ms: "server.ttft",
  request_latency_ms: "server.e2e",
};

/** Labels that say of an SLO event what its value alone does not. */
export function requestLabels(request: RequestSpans): Record<string, string> {
  const inferred = statedTtftMs(request.entry) === null && ttftMs(request) !== null;
  return {
    ...(inferred ? { ttft_source: "first_chunk" } : {}),
    ...(cancelled(request.entry) ? { outcome: "cancelled" } : {}),
  };
}

/** As the service says it; else the moment the first chunk of its only generation reached it. */
function ttftMs({ entry, generation }: RequestSpans): number | null {
  const stated = statedTtftMs(entry);
  if (stated !== null || generation.length !== 1) return stated;
  const [chat] = generation as [Span];
  const firstS = firstChunkS(chat);
  return firstS === null ? null : within(Number(chat.startNs - entry.startNs) / 1e6 + firstS * 1000, MOST_MS);
}

function statedTtftMs({ attributes }: Span): number | null {
  const ms = within(number(attributes["llm.slo.ttft_ms"]), MOST_MS);
  if (ms !== null) return ms;
  const seconds = number(attributes["gen_ai.latency.time_to_first_token"]);
  return seconds === null ? null : within(seconds * 1000, MOST_MS);
}

/** Beyond these a span states nonsense: it would be good in every objective, or alone make up a sum that is kept for ever. */
const MOST_MS = 86_400_000;
const MOST_TOKENS = 1e9;

function within(value: number | null, most: number): number | null {
  return value !== null && value >= 0 && value <= most ? value : null;
}

function durationMs(span: Span): number {
  return Number(span.endNs - span.startNs) / 1e6;
}

function sumMs(spans: readonly Span[]): number {
  return spans.reduce((sum, span) => sum + durationMs(span), 0);
}

/** A model server calls nobody: its own span has the tokens, and when the first was there. */
function servedTokensPerSecond(entry: Span): number | null {
  return tokensPerSecond(entry, number(entry.attributes["gen_ai.latency.time_to_first_token"]));
}

/** Output tokens over the time after the first; null without usage, or where nothing says when that was: an answer that was not streamed. */
function tokensPerSecond(span: Span, firstS: number | null): number | null {
  const tokens = within(number(span.attributes["gen_ai.usage.output_tokens"]), MOST_TOKENS);
  if (tokens === null || firstS === null) return null;
  const seconds = durationMs(span) / 1000 - firstS;
  return seconds > 0 ? tokens / seconds : null;
}

/** nginx' status, and what services call it in `error.type`. */
const CLIENT_LEFT = 499;
const CLIENT_LEFT_TYPES: readonly unknown[] = ["client_closed", "client_closed_request", "cancelled", "canceled"];

/** The caller went away first, which is nobody's error. */
function cancelled({ attributes }: Span): boolean {
  return number(attributes["http.response.status_code"]) === CLIENT_LEFT ||
    CLIENT_LEFT_TYPES.includes(attributes["error.type"]);
}

/** A caller's own mistakes (other 4xx) are no failure of the service; being refused for want of quota is. */
function failed(span: Span): boolean {
  const status = number(span.attributes["http.response.status_code"]);
  return span.statusCode === 2 || span.attributes["error.type"] !== undefined || status === 429 ||
    (status !== null && status >= 500);
}

function number(value: unknown): number | null {
  const plain = typeof value === "bigint" ? Number(value) : value;
  return typeof plain === "number" && Number.isFinite(plain) ? plain : null;
}
