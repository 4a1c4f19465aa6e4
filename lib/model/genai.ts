/**
 * Names of the OpenTelemetry GenAI conventions (v1.41.0, and semantic-conventions-genai after it), and what others call the same thing.
 * All of it is "Development" upstream: the table is data, so that a change of names is a change of rows.
 */

/** Who speaks so. `older` is what several emitters, early versions of the conventions among them, have in common. */
export const DIALECTS = ["conventions", "older", "vllm", "openllmetry", "openinference", "inference_perf"] as const;
export type Dialect = typeof DIALECTS[number];

export interface AliasRow {
  readonly seen: string;
  /** The name we use; null where the attribute only tells who speaks. */
  readonly means: string | null;
  readonly dialect: Dialect;
  /** What the value is multiplied by; seconds become milliseconds so. */
  readonly factor?: number;
  /** Values that are spelt differently too. */
  readonly values?: Readonly<Record<string, string>>;
}

const OPERATIONS = {
  "chat.completions": "chat",
  completion: "text_completion",
  completions: "text_completion",
  embedding: "embeddings",
};

/** Where two rows mean the same attribute, the earlier one wins. */
export const GENAI_ALIASES: readonly AliasRow[] = [
  { seen: "gen_ai.operation.name", means: null, dialect: "conventions" },
  { seen: "gen_ai.provider.name", means: null, dialect: "conventions" },

  { seen: "gen_ai.system", means: "gen_ai.provider.name", dialect: "older" },
  { seen: "gen_ai.usage.prompt_tokens", means: "gen_ai.usage.input_tokens", dialect: "older" },
  { seen: "gen_ai.usage.completion_tokens", means: "gen_ai.usage.output_tokens", dialect: "older" },
  { seen: "gen_ai.openai.request.seed", means: "gen_ai.request.seed", dialect: "older" },

  // Seconds, told by the server itself: the best there is of its inside without a kernel.
  { seen: "gen_ai.latency.time_to_first_token", means: "llm.slo.server.ttft_ms", dialect: "vllm", factor: 1000 },
  { seen: "gen_ai.latency.e2e", means: "llm.slo.server.e2e_ms", dialect: "vllm", factor: 1000 },
  { seen: "gen_ai.latency.time_in_queue", means: "llm.slo.server.queue_ms", dialect: "vllm", factor: 1000 },
  { seen: "gen_ai.latency.time_in_model_prefill", means: "llm.slo.server.prefill_ms", dialect: "vllm", factor: 1000 },
  { seen: "gen_ai.latency.time_in_model.prefill", means: "llm.slo.server.prefill_ms", dialect: "vllm", factor: 1000 },
  { seen: "gen_ai.latency.time_in_model_decode", means: "llm.slo.server.decode_ms", dialect: "vllm", factor: 1000 },
  { seen: "gen_ai.latency.time_in_model.decode", means: "llm.slo.server.decode_ms", dialect: "vllm", factor: 1000 },
  {
    seen: "gen_ai.latency.time_in_model_inference",
    means: "llm.slo.server.inference_ms",
    dialect: "vllm",
    factor: 1000,
  },
  {
    seen: "gen_ai.latency.time_in_model.inference",
    means: "llm.slo.server.inference_ms",
    dialect: "vllm",
    factor: 1000,
  },
  { seen: "gen_ai.request.n", means: "gen_ai.request.choice.count", dialect: "vllm" },
  { seen: "gen_ai.usage.num_sequences", means: null, dialect: "vllm" },

  // Seconds, told by a client.
  {
    seen: "gen_ai.response.time_to_first_token",
    means: "gen_ai.response.time_to_first_chunk",
    dialect: "inference_perf",
  },
  {
    seen: "gen_ai.response.time_per_output_token",
    means: "llm.slo.client.tpot_ms",
    dialect: "inference_perf",
    factor: 1000,
  },
  { seen: "gen_ai.response.total_latency", means: "llm.slo.client.e2e_ms", dialect: "inference_perf", factor: 1000 },

  { seen: "llm.request.type", means: "gen_ai.operation.name", dialect: "openllmetry", values: OPERATIONS },
  { seen: "llm.vendor", means: "gen_ai.provider.name", dialect: "openllmetry" },
  { seen: "llm.request.model", means: "gen_ai.request.model", dialect: "openllmetry" },
  { seen: "llm.response.model", means: "gen_ai.response.model", dialect: "openllmetry" },
  { seen: "llm.request.max_tokens", means: "gen_ai.request.max_tokens", dialect: "openllmetry" },
  { seen: "llm.usage.prompt_tokens", means: "gen_ai.usage.input_tokens", dialect: "openllmetry" },
  { seen: "llm.usage.completion_tokens", means: "gen_ai.usage.output_tokens", dialect: "openllmetry" },
  { seen: "llm.usage.total_tokens", means: null, dialect: "openllmetry" },
  { seen: "gen_ai.usage.total_tokens", means: null, dialect: "openllmetry" },
  { seen: "llm.is_streaming", means: "gen_ai.request.stream", dialect: "openllmetry" },
  { seen: "gen_ai.is_streaming", means: "gen_ai.request.stream", dialect: "openllmetry" },
  {
    seen: "gen_ai.usage.cache_read_input_tokens",
    means: "gen_ai.usage.cache_read.input_tokens",
    dialect: "openllmetry",
  },
  {
    seen: "gen_ai.usage.cache_creation_input_tokens",
    means: "gen_ai.usage.cache_creation.input_tokens",
    dialect: "openllmetry",
  },
  { seen: "gen_ai.usage.reasoning_tokens", means: "gen_ai.usage.reasoning.output_tokens", dialect: "openllmetry" },
  { seen: "traceloop.span.kind", means: null, dialect: "openllmetry" },
  { seen: "traceloop.workflow.name", means: null, dialect: "openllmetry" },

  { seen: "llm.model_name", means: "gen_ai.request.model", dialect: "openinference" },
  { seen: "llm.token_count.prompt", means: "gen_ai.usage.input_tokens", dialect: "openinference" },
  { seen: "llm.token_count.completion", means: "gen_ai.usage.output_tokens", dialect: "openinference" },
  { seen: "openinference.span.kind", means: null, dialect: "openinference" },
];
