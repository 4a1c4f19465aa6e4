/** SloEvent: one measurement of one service level indicator for one request. The names are a contract; so is "no other keys". */

/** The indicators of SloEvent v1. */
export const SLI_NAMES_V1 = [
  "ttft_ms",
  "request_latency_ms",
  "token_throughput_tps",
  "error_rate",
  "retrieval_latency_ms",
  "provider_error_rate",
] as const;

/** v1.1 adds two; everything else is as in v1. */
export const SLI_NAMES = [...SLI_NAMES_V1, "structured_output_validity", "tool_call_success"] as const;

export type SliName = typeof SLI_NAMES[number];

export interface SloEvent {
  readonly event_id: string;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly service: string;
  readonly request_id: string;
  readonly sli_name: SliName;
  readonly sli_value: number;
  readonly unit: string;
  readonly status: "ok" | "warning" | "breach";
  /** 32 lower-case hex digits. */
  readonly trace_id?: string;
  readonly labels?: Readonly<Record<string, string>>;
}
