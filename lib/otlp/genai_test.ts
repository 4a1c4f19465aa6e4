import { assert, assertEquals } from "@std/assert";
import { GENAI_ALIASES } from "../model/genai.ts";
import type { Attributes } from "../model/span.ts";
import { genAiNames, metricDialect } from "./genai.ts";

Deno.test("what others call it gets the conventions' name beside its own", () => {
  const rows: readonly (readonly [Attributes, Attributes, readonly string[]])[] = [
    [{ "http.route": "/x", "server.port": 1 }, {}, []],
    [{ "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai" }, {}, ["conventions"]],
    [{ "gen_ai.system": "openai" }, { "gen_ai.provider.name": "openai" }, ["older"]],
    [
      { "gen_ai.usage.prompt_tokens": 5, "gen_ai.usage.completion_tokens": 7 },
      { "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 7 },
      ["older"],
    ],
    [
      {
        "gen_ai.usage.prompt_tokens": 5,
        "gen_ai.latency.time_to_first_token": 0.25,
        "gen_ai.latency.e2e": 1.5,
        "gen_ai.latency.time_in_queue": 0.125,
        "gen_ai.latency.time_in_model_prefill": 0.5,
        "gen_ai.latency.time_in_model.decode": 2,
      },
      {
        "gen_ai.usage.input_tokens": 5,
        "llm.slo.server.ttft_ms": 250,
        "llm.slo.server.e2e_ms": 1500,
        "llm.slo.server.queue_ms": 125,
        "llm.slo.server.prefill_ms": 500,
        "llm.slo.server.decode_ms": 2000,
      },
      ["vllm"],
    ],
    [
      {
        "llm.request.type": "completion",
        "llm.usage.prompt_tokens": 5,
        "gen_ai.system": "Azure",
        "llm.is_streaming": true,
      },
      {
        "gen_ai.operation.name": "text_completion",
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.provider.name": "Azure",
        "gen_ai.request.stream": true,
      },
      ["openllmetry"],
    ],
    [
      { "gen_ai.response.time_to_first_token": 0.25, "gen_ai.response.total_latency": 2, "gen_ai.system": "x" },
      { "gen_ai.response.time_to_first_chunk": 0.25, "llm.slo.client.e2e_ms": 2000, "gen_ai.provider.name": "x" },
      ["inference_perf"],
    ],
    // A value that is not what its name promises stays where it is.
    [{ "gen_ai.latency.e2e": "soon" }, {}, ["vllm"]],
    [{ "gen_ai.latency.e2e": NaN }, {}, ["vllm"]],
  ];
  for (const [sent, added, dialects] of rows) {
    const before = structuredClone(sent);
    const got = genAiNames(sent);
    assertEquals(got.attributes, { ...sent, ...added });
    assertEquals([got.dialects, got.differences], [dialects, []]);
    assertEquals(sent, before, "what was sent is untouched");
    if (Object.keys(added).length === 0) assert(got.attributes === sent);
  }
});

Deno.test("old names beside new: the new one stays, a difference is told", () => {
  const both = { "gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 5, "gen_ai.usage.prompt_tokens": 5 };
  assertEquals(genAiNames(both), { attributes: both, dialects: ["conventions", "older"], differences: [] });
  const apart = { ...both, "gen_ai.usage.prompt_tokens": 6, "gen_ai.provider.name": "a", "gen_ai.system": "b" };
  const got = genAiNames(apart);
  assertEquals([got.attributes["gen_ai.usage.input_tokens"], got.attributes["gen_ai.provider.name"]], [5, "a"]);
  assertEquals([...got.differences].sort(), ["gen_ai.provider.name", "gen_ai.usage.input_tokens"]);
});

Deno.test("the table names every attribute once, and never one of the conventions' own as an alias", () => {
  const seen = GENAI_ALIASES.map((row) => row.seen);
  assertEquals(new Set(seen).size, seen.length);
  const targets = new Set(GENAI_ALIASES.map((row) => row.means));
  assertEquals(GENAI_ALIASES.filter((row) => row.means !== null && targets.has(row.seen)), []);
});

Deno.test("metrics tell their dialect by name", () => {
  const rows = [
    ["vllm:time_to_first_token_seconds", "vllm"],
    ["gen_ai.client.operation.duration", "conventions"],
    ["llm.openai.chat_completions.duration", "openllmetry"],
    ["http.server.request.duration", null],
  ] as const;
  for (const [name, dialect] of rows) assertEquals(metricDialect(name), dialect);
});
