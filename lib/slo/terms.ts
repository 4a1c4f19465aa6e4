/**
 * What a predicate may speak of: the indicators of SLO events, and the definition ids of clients and servers. For each its unit, which
 * indicator of a span measures it, which histogram counts it, and what it means when a request has no such value.
 */
import { REQUEST_DEFINITIONS } from "../model/definitions.ts";
import { SLI_NAMES, type SliName } from "../model/slo_event.ts";

export interface TermKind {
  readonly id: string;
  readonly unit: "ms" | "tokens/s" | "ratio";
  /** Limits of it are upper (`<=`) or lower (`>=`). */
  readonly limit: "<=" | ">=";
  /** The indicator that measures it on spans; null: only a client can. */
  readonly sli: SliName | null;
  /** The histogram it is counted by; null: none is known. A name with dots is OpenTelemetry's. */
  readonly metric: string | null;
  /** `bad`: a request without it broke the promise. `na`: it has nothing to do with it. */
  readonly missing: "bad" | "na";
}

const SLI_TERMS: Readonly<Record<SliName, Omit<TermKind, "id" | "sli">>> = {
  ttft_ms: { unit: "ms", limit: "<=", metric: "llm_slo_ttft_ms", missing: "bad" },
  request_latency_ms: { unit: "ms", limit: "<=", metric: null, missing: "bad" },
  token_throughput_tps: { unit: "tokens/s", limit: ">=", metric: null, missing: "bad" },
  error_rate: { unit: "ratio", limit: "<=", metric: null, missing: "bad" },
  retrieval_latency_ms: { unit: "ms", limit: "<=", metric: null, missing: "na" },
  provider_error_rate: { unit: "ratio", limit: "<=", metric: null, missing: "na" },
  structured_output_validity: { unit: "ratio", limit: ">=", metric: null, missing: "na" },
  tool_call_success: { unit: "ratio", limit: ">=", metric: null, missing: "na" },
};

const CLIENT_METRICS: Readonly<Record<string, string>> = {
  "ttft.choice.from_send": "gen_ai.client.operation.time_to_first_chunk",
  "ttft.content.from_send": "gen_ai.client.operation.time_to_first_chunk",
  "e2e.content.from_send": "gen_ai.client.operation.duration",
  "e2e.body.from_send": "gen_ai.client.operation.duration",
  "gap.chunk": "gen_ai.client.operation.time_per_output_chunk",
  "tpot.decode": "gen_ai.server.time_per_output_token",
};

/** What a client measures of one request; how late it was itself, and how long a failure took, are no promise of the service. */
const CLIENT = REQUEST_DEFINITIONS.filter(({ id }) => !/^(lag|duration)\./.test(id));

function client(id: string): TermKind {
  return { id, unit: "ms", limit: "<=", sli: null, metric: CLIENT_METRICS[id] ?? null, missing: "bad" };
}

function server(part: string, sli: SliName | null, metric: string | null): TermKind {
  return { id: `server.${part}`, unit: "ms", limit: "<=", sli, metric, missing: "bad" };
}

export const TERMS: readonly TermKind[] = [
  ...SLI_NAMES.map((id) => ({ id, sli: id, ...SLI_TERMS[id] })),
  server("ttft", "ttft_ms", "gen_ai.server.time_to_first_token"),
  server("e2e", "request_latency_ms", "gen_ai.server.request.duration"),
  ...["queue", "prefill", "decode"].map((part) => server(part, null, null)),
  ...CLIENT.map(({ id, unit }): TermKind => unit === "tokens/s" ? { ...client(id), unit, limit: ">=" } : client(id)),
];
