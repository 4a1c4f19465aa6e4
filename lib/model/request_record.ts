/** One request of a load run as its client saw it: a line of requests.jsonl. */

export const OUTCOMES = ["ok", "err", "incomplete", "cancelled", "dropped"] as const;
export type Outcome = typeof OUTCOMES[number];

/**
 * Instants are integer nanoseconds on the kernel's monotonic clock (the one BPF stamps with), null where the instant never
 * came. Every planned arrival ends as one of these.
 */
export interface RequestRecord {
  readonly id: number;
  /** Of the `traceparent` it carried: 32 and 16 hex digits. */
  readonly trace_id: string;
  readonly span_id: string;
  /** Due; null in a closed loop, which has no schedule. */
  readonly g_ns: number | null;
  /** The client looked at it: what passed since `g_ns` is the client's own lateness, what follows is waiting for a connection. */
  readonly p_ns: number | null;
  /** Before the first byte of the request was written. */
  readonly s_ns: number | null;
  /** Response headers complete. */
  readonly h_ns: number | null;
  /** First event with `choices`, even with empty content. */
  readonly a_ns: number | null;
  /** First content that is not reasoning. */
  readonly r1_ns: number | null;
  /** Every non-empty content chunk. */
  readonly t_ns: readonly number[];
  /** Tokens in each chunk of `t_ns`; null when the server does not tell. */
  readonly t_tokens: readonly number[] | null;
  /** The end, however it ended: end of body, error, timeout, cancel. */
  readonly e_ns: number | null;
  /** The whole body arrived. */
  readonly body_complete: boolean;
  readonly outcome: Outcome;
  /** What went wrong; null exactly when `outcome` is ok. */
  readonly error_type: string | null;
  /** More about it, for a person: the server's words, an address, a limit. */
  readonly error_detail: string | null;
  /** HTTP status; 0 when there was no response. */
  readonly status: number;
  /** Tokens in and out; `n_source` says who counted `n_out`. */
  readonly n_in: number | null;
  readonly n_out: number | null;
  readonly n_source: "usage" | "tokenizer" | "chunks" | null;
  /** Of `n_out`, tokens of reasoning; of `n_in`, tokens read from the server's prefix cache. Null when not told. */
  readonly n_reasoning: number | null;
  readonly n_cached: number | null;
  readonly finish_reason: string | null;
  readonly bytes_out: number;
  readonly bytes_in: number;
  /** Events that shared a read with an earlier one, and so its stamp. */
  readonly coalesced: number;
  /** Keep-alive comments. */
  readonly comments: number;
  /** Bytes after `[DONE]`: counted, not parsed. */
  readonly late_bytes: number;
  /** What is odd about an outcome that stands: `no_done`, `body_not_ended`. */
  readonly flags: readonly string[];
  /** The connection it went over (connections.jsonl), and whether an earlier request had used it. */
  readonly conn: number | null;
  readonly conn_reused: boolean | null;
  /** Seconds the server asked us to wait (`Retry-After`), where it pointed (`Location`), and up to 4 KiB of what it said. */
  readonly retry_after?: string;
  readonly location?: string;
  readonly body?: string;
  /** Thresholds of this request alone, from `x-slo-*` headers, by definition id, ms. */
  readonly slo?: Readonly<Record<string, number>>;
}
