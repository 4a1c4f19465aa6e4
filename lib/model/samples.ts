/** Two documents other tools read and write: the raw sample of a request, and the fault sample an attributor is fed with. */

/** One request a line in `raw_samples.jsonl`. `request_id` is unique within a run only. */
export interface RawSample {
  /** RFC 3339. */
  readonly timestamp: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly service: string;
  readonly node: string;
  readonly request_id: string;
  readonly trace_id: string;
  readonly ttft_ms: number;
  readonly request_latency_ms: number;
  readonly token_throughput_tps: number;
  /** 0 or 1 for one request. */
  readonly error_rate: number;
  readonly fault_label: string;
  /** Beside the contract's keys. */
  readonly scenario?: string;
  readonly phase?: string;
  readonly synthetic?: boolean;
}

/** `fault_label` and `expected_*` are ground truth: an attributor gives the same answer when they are removed. */
export interface FaultSample {
  readonly incident_id: string;
  readonly timestamp: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
  readonly fault_label?: string;
  /** A fault domain, or `none`. */
  readonly expected_domain?: string;
  readonly expected_domains?: readonly string[];
  /** By signal name, in the signal's unit; a signal that is not there was not watched. */
  readonly signals: Readonly<Record<string, number>>;
  /** In [0, 1]. */
  readonly confidence: number;
  readonly burn_rate: number;
  readonly window_minutes: number;
  readonly request_id: string;
  readonly trace_id: string;
  readonly synthetic?: boolean;
}
