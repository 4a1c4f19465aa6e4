import { assertEquals } from "@std/assert";
import { type Attributes, type Span, SPAN_KIND } from "../model/span.ts";
import { madeRun } from "../testing/telemetry.ts";
import { indicators, requestFacts, requestLabels, requestSpans } from "./from_spans.ts";

const MS = 1_000_000n;
const { server, client, internal } = SPAN_KIND;

/** `id>parent` names a span below another. */
function span(
  ids: string,
  kind: number,
  ms: readonly [from: number, to: number],
  attributes: Attributes = {},
  more: Partial<Span> = {},
): Span {
  const [spanId, parentSpanId = ""] = ids.split(">");
  return {
    traceId: "a".repeat(32),
    spanId: spanId!,
    parentSpanId,
    name: spanId!,
    kind,
    startNs: BigInt(ms[0]) * MS,
    endNs: BigInt(ms[1]) * MS,
    attributes,
    events: [],
    statusCode: 0,
    statusMessage: "",
    resource: { "service.name": "gw" },
    scope: "",
    ...more,
  };
}

const op = (name: string, more: Attributes = {}): Attributes => ({ "gen_ai.operation.name": name, ...more });

Deno.test("requests: which spans are one, and what belongs to them", () => {
  const other = { resource: { "service.name": "vllm" } };
  const rows: [string, Span[], Record<string, [string, string, string]>][] = [
    ["no GenAI at all", [span("s", server, [0, 9]), span("c>s", client, [1, 2])], {}],
    ["a call below a server span", [span("s", server, [0, 9]), span("c>s", client, [1, 2], op("chat"))], {
      s: ["c", "", ""],
    }],
    ["through spans of a framework", [
      span("s", server, [0, 9]),
      span("w>s", internal, [0, 9]),
      span("a>w", internal, [0, 9], op("invoke_agent")),
      span("r>a", client, [1, 2], op("retrieval")),
      span("t>a", internal, [2, 3], op("execute_tool")),
      span("c>a", client, [3, 8], op("chat")),
    ], { s: ["c", "r", "a t"] }],
    ["a program that serves nobody", [
      span("a", internal, [0, 9], op("invoke_agent")),
      span("c>a", client, [3, 8], op("chat")),
    ], { a: ["c", "", "a"] }],
    ["a model server is a request of its own", [
      span("s", server, [0, 9]),
      span("c>s", client, [1, 8], op("chat")),
      span("v>c", server, [2, 7], { "gen_ai.latency.time_to_first_token": 0.001 }, other),
    ], { s: ["c", "", ""], v: ["", "", ""] }],
    ["a parent that never came", [span("c>x", client, [1, 2], op("chat"))], { c: ["c", "", ""] }],
    ["spans in a ring", [span("a>b", internal, [0, 1], op("chat")), span("b>a", internal, [0, 1], op("chat"))], {
      a: ["a", "", ""],
      b: ["b", "", ""],
    }],
    ["an older instrumentation", [
      span("s", server, [0, 9]),
      span("c>s", client, [1, 2], { "llm.request.type": "chat" }),
    ], {
      s: ["c", "", ""],
    }],
    ["OpenLLMetry: a search of a vector store, and an insertion", [
      span("s", server, [0, 9]),
      span("q>s", client, [1, 2], { "db.system": "Qdrant" }, { name: "qdrant.search" }),
      span("i>s", client, [1, 2], { "db.system": "chroma", "db.operation": "add" }, { name: "chroma.query" }),
      span("p>s", client, [1, 2], { "db.system": "postgresql", "db.operation": "query" }),
      span("c>s", client, [2, 8], op("chat")),
    ], { s: ["c", "q", ""] }],
    ["a framework's call around the client library's, and one that was tried twice", [
      span("s", server, [0, 9]),
      span("f>s", client, [1, 4], op("chat")),
      span("c>f", client, [1, 4], op("chat")),
      span("g>s", client, [4, 8], op("chat")),
      span("d>g", client, [4, 5], op("chat")),
      span("e>g", client, [6, 8], op("chat")),
    ], { s: ["c d e", "", ""] }],
    ["OpenInference", [
      span("w", internal, [0, 9], { "openinference.span.kind": "CHAIN" }),
      span("r>w", internal, [1, 2], { "openinference.span.kind": "RETRIEVER" }),
      span("g>w", internal, [2, 3], { "openinference.span.kind": "GUARDRAIL" }),
      span("l>w", internal, [3, 8], { "openinference.span.kind": "LLM" }),
    ], { w: ["l", "r", "w"] }],
  ];
  const ids = (spans: readonly Span[]) => spans.map(({ spanId }) => spanId).join(" ");
  for (const [name, spans, expected] of rows) {
    const found = requestSpans(spans).map((r) => [r.entry.spanId, [ids(r.generation), ids(r.retrieval), ids(r.other)]]);
    assertEquals(Object.fromEntries(found), expected, name);
  }
});

Deno.test("indicators: every one of the eight, and null where the spans do not say", () => {
  const of = (...spans: Span[]) => {
    const { ttft_ms, ...rest } = indicators(requestSpans(spans)[0]!);
    return { ttft_ms, ...rest };
  };
  const nothing = {
    ttft_ms: null,
    request_latency_ms: 100,
    token_throughput_tps: null,
    error_rate: 0,
    retrieval_latency_ms: null,
    provider_error_rate: 0,
    structured_output_validity: null,
    tool_call_success: null,
  };
  const entry = (attributes: Attributes = {}) => span("s", server, [0, 100], attributes);
  const chat = (more: Attributes = {}, rest: Partial<Span> = {}) =>
    span("c>s", client, [10, 90], op("chat", more), rest);
  const chunks = (...ms: number[]) =>
    ms.map((at) => ({ name: "gen_ai.content.completion.chunk", timeNs: BigInt(at) * MS, attributes: {} }));
  const output = (content: string) =>
    JSON.stringify([{ role: "assistant", parts: [{ type: "text", content }], finish_reason: "stop" }]);
  const json = (content: string) => ({ "gen_ai.output.type": "json", "gen_ai.output.messages": output(content) });
  const judgedBy = (attributes: Attributes) => ({
    events: [{ name: "gen_ai.evaluation.result", timeNs: 0n, attributes }],
  });
  const rows: [string, Span[], Partial<typeof nothing | Record<string, number | null>>][] = [
    ["a plain call", [entry(), chat()], {}],
    ["TTFT as the service says it", [entry({ "llm.slo.ttft_ms": 42 }), chat()], { ttft_ms: 42 }],
    ...[-5, 1e300, NaN, Infinity, "42"].map((nonsense): [string, Span[], Partial<typeof nothing>] => [
      `TTFT that is none: ${nonsense}`,
      [entry({ "llm.slo.ttft_ms": nonsense }), chat()],
      {},
    ]),
    ["a first chunk that came before the request, tokens without end", [
      entry(),
      chat({ "gen_ai.response.time_to_first_chunk": -0.03, "gen_ai.usage.output_tokens": 1e300 }),
    ], {}],
    ["TTFT of a model server, in seconds", [span("v", server, [0, 100], {
      "gen_ai.latency.time_to_first_token": 0.05,
    })], { ttft_ms: 50, provider_error_rate: null }],
    ["tokens of a model server", [span("v", server, [0, 100], {
      "gen_ai.latency.time_to_first_token": 0.05,
      "gen_ai.usage.output_tokens": 25n,
    })], { ttft_ms: 50, token_throughput_tps: 500, provider_error_rate: null }],
    ["TTFT from the first chunk of the only call", [
      entry(),
      chat({
        "gen_ai.response.time_to_first_chunk": 0.03,
        "gen_ai.usage.output_tokens": 25n,
      }),
    ], { ttft_ms: 40, token_throughput_tps: 500 }],
    ["TTFT from the first of the events that mark chunks", [
      entry(),
      chat({ "gen_ai.usage.output_tokens": 25n }, { events: chunks(40, 50, 90) }),
    ], { ttft_ms: 40, token_throughput_tps: 500 }],
    ["the first of those events was dropped", [entry(), chat({}, { events: chunks(50, 90), droppedEvents: 1 })], {}],
    ["two calls: whose first chunk the user saw is not known", [
      entry(),
      chat({ "gen_ai.response.time_to_first_chunk": 0.03 }),
      span("d>s", client, [10, 90], op("chat")),
    ], {}],
    ["a failed request", [entry({ "http.response.status_code": 503n }), chat({ "error.type": "503" })], {
      error_rate: 1,
      provider_error_rate: 1,
    }],
    ["refused for want of quota", [entry({ "http.response.status_code": 429n }), chat()], { error_rate: 1 }],
    ["the caller's mistake", [entry({ "http.response.status_code": 400n }), chat()], {}],
    ["the client left", [entry({ "http.response.status_code": 499n, "error.type": "client_closed" }), chat()], {
      error_rate: null,
    }],
    ["retrieval, twice", [
      entry(),
      chat(),
      span("r>s", client, [1, 5], op("retrieval")),
      span("q>s", client, [5, 8], op("retrieval")),
    ], { retrieval_latency_ms: 7 }],
    ["one tool of two failed", [
      entry(),
      chat(),
      span("t>s", internal, [1, 2], op("execute_tool")),
      span("u>s", internal, [1, 2], op("execute_tool", { "error.type": "timeout" })),
    ], { tool_call_success: 0.5 }],
    ["structured output, recorded and valid", [entry(), chat(json('{"a":1}'))], { structured_output_validity: 1 }],
    ["structured output, cut short", [entry(), chat(json('{"a":'))], { structured_output_validity: 0 }],
    ["structured output that is a word", [entry(), chat(json('"a"'))], { structured_output_validity: 0 }],
    ["structured output, not recorded", [entry(), chat({ "gen_ai.output.type": "json" })], {}],
    ["text that was not to be JSON", [entry(), chat({ "gen_ai.output.messages": output("hello") })], {}],
    ["validity as the application says it", [entry({ "llm.slo.structured_output_valid": false }), chat()], {
      structured_output_validity: 0,
    }],
    ["validity as an evaluation says it", [
      entry(),
      chat({}, judgedBy({ "gen_ai.evaluation.name": "json_schema", "gen_ai.evaluation.score.label": "pass" })),
    ], { structured_output_validity: 1 }],
    ["an evaluation of something else", [
      entry(),
      chat({}, judgedBy({ "gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": 1 })),
    ], {}],
  ];
  for (const [name, spans, expected] of rows) assertEquals(of(...spans), { ...nothing, ...expected }, name);
});

Deno.test("facts of a request: stages, aliases, the kernel's TTFT first", () => {
  const [request] = requestSpans([
    span("s", server, [0, 100], { "llm.slo.ttft_ms": 42 }),
    span("e>s", client, [1, 3], op("embeddings")),
    span("r>s", client, [3, 8], op("retrieval")),
    span("k>s", client, [8, 9], op("rerank")),
    span("c>s", client, [10, 90], op("chat")),
  ]);
  const facts = requestFacts(request!, { ttft_ms: 40 });
  assertEquals([facts.service, facts.endMs, facts.ok, facts.cancelled], ["gw", 100, true, false]);
  assertEquals([facts.values.get("ttft_ms"), facts.values.get("server.ttft"), facts.values.get("server.e2e")], [
    40,
    40,
    100,
  ]);
  assertEquals(facts.values.has("tool_call_success"), false);
  assertEquals(facts.stagesMs, { retrieval: 5, generation: 80, embedding: 2, rerank: 1 });
  assertEquals(requestLabels(request!), {});
  const [left] = requestSpans([
    span("s", server, [0, 100], { "error.type": "client_closed" }),
    span("c>s", client, [10, 90], op("chat", { "gen_ai.response.time_to_first_chunk": 0.01 })),
  ]);
  assertEquals(requestLabels(left!), { ttft_source: "first_chunk", outcome: "cancelled" });
  assertEquals([requestFacts(left!).ok, requestFacts(left!).cancelled], [null, true]);
});

Deno.test("a run of the lab's kind gives one request per entry", () => {
  const { spans } = madeRun({ seconds: 2 });
  assertEquals(requestSpans(spans).length, 10);
});
