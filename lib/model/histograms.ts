/** Bucket bounds of the histograms we emit or read, as decimals: a limit is exact only where it is a bound. */

export interface Histogram {
  /** OpenTelemetry's with dots; ours and the gateway's as Prometheus knows them. */
  readonly name: string;
  readonly unit: "s" | "ms";
  /** Upper bounds, inclusive, rising; +Inf is left out. */
  readonly bounds: readonly string[];
}

const list = (text: string) => text.split(" ");

/** Of OpenTelemetry's client histograms and of the server's request duration. */
const D = list("0.01 0.02 0.04 0.08 0.16 0.32 0.64 1.28 2.56 5.12 10.24 20.48 40.96 81.92");

/** Every preset threshold of the load profiles is among them, and so is the gate's 800. */
export const TTFT_BOUNDS_MS = list(
  "10 25 50 100 150 200 300 450 500 600 800 1000 1500 2000 3000 4500 6000 10000 20000 60000",
);

/** The last one is the deadline of a tool. */
export const GATEWAY_BOUNDS_S = list("0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2 2.5 5 10 30");

/** Of the agent's DNS histogram. */
export const DNS_BOUNDS_MS = list("1 2 5 10 20 40 80 120 200 400 800");

export const HISTOGRAMS: readonly Histogram[] = [
  { name: "llm_slo_ttft_ms", unit: "ms", bounds: TTFT_BOUNDS_MS },
  { name: "llm_ebpf_dns_latency_ms", unit: "ms", bounds: DNS_BOUNDS_MS },
  { name: "ai_request_duration_seconds", unit: "s", bounds: GATEWAY_BOUNDS_S },
  { name: "selector_search_duration_seconds", unit: "s", bounds: GATEWAY_BOUNDS_S },
  // semantic-conventions v1.41.0, and of the newer ones those that have not moved since.
  { name: "gen_ai.client.operation.duration", unit: "s", bounds: D },
  { name: "gen_ai.client.operation.time_to_first_chunk", unit: "s", bounds: D },
  { name: "gen_ai.client.operation.time_per_output_chunk", unit: "s", bounds: D },
  { name: "gen_ai.server.request.duration", unit: "s", bounds: D },
  {
    name: "gen_ai.server.time_to_first_token",
    unit: "s",
    bounds: list("0.001 0.005 0.01 0.02 0.04 0.06 0.08 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10"),
  },
  {
    name: "gen_ai.server.time_per_output_token",
    unit: "s",
    bounds: list("0.01 0.025 0.05 0.075 0.1 0.15 0.2 0.3 0.4 0.5 0.75 1 2.5"),
  },
];
