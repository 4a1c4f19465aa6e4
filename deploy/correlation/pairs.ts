/** One labelled pair, as the schema labelled-pair/v1 has it. Times in milliseconds after a moment of the set's own. */
export interface Side {
  readonly trace_id?: string;
  readonly span_id?: string;
  readonly parent_span_id?: string;
  readonly event_id?: string;
  readonly service?: string;
  readonly node?: string;
  readonly pod?: string;
  readonly pid?: number;
  readonly conn_tuple?: string | Readonly<Record<string, string | number>>;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly end_timestamp?: string;
}

export interface Pair {
  readonly case_id: string;
  readonly subset: string;
  readonly group?: string;
  readonly span: Side;
  readonly signal: Side & { readonly signal: string; readonly value: number };
  readonly expected_match: boolean;
  readonly expected_tier: string;
}

/** Nanoseconds of Unix time as RFC 3339 with nine digits. */
export function timeText(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(ns % 1_000_000_000n).padStart(9, "0")}Z`;
}
