/** Why an agent lost events: the closed set of `llm_slo_agent_dropped_events_total{reason}`. Each is told from the start, as 0. */
export const DROP_REASONS = [
  /** The kernel's ring was full. */
  "ring_full",
  /** A table in the kernel was full: it was not followed. */
  "table_full",
  /** A record that could not be read. */
  "decode",
  /** Beyond the events a second that are let through. */
  "rate_limited",
  /** The sink did not keep up. */
  "queue_full",
  /** The sink took nothing: a full disk, a closed pipe, a receiver that refused. */
  "sink_failed",
  /** OTLP: what may wait had no room for it, or was damaged. */
  "spool_full",
  /** OTLP: one record over the limit of a request. */
  "too_large",
  /** OTLP: the receiver refused the request for good. */
  "refused",
  /** OTLP: the receiver took the request and not all of its records. */
  "rejected",
  /** Not sent when the agent ended. */
  "shutdown",
] as const;

export type DropReason = typeof DROP_REASONS[number];

export type Drops = Readonly<Partial<Record<DropReason, number>>>;

export function sumOfDrops(...all: readonly Drops[]): Drops {
  return Object.fromEntries(
    DROP_REASONS.map((reason) => [reason, all.reduce((sum, one) => sum + (one[reason] ?? 0), 0)]),
  );
}
