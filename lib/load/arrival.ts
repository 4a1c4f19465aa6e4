/** What is to be sent, known before the first request leaves. */

export interface Arrival {
  readonly id: number;
  /** Nanoseconds after the start; null in a closed loop. */
  readonly g_ns: number | null;
  /** Words of the question, and most tokens of the answer. */
  readonly n_in: number;
  readonly n_out: number;
  /** Blocks of 512 words each: equal numbers make equal words, so a prefix cache acts as in the trace. */
  readonly blocks?: readonly number[];
  /** The client hangs up so long after sending. */
  readonly cancel_ns?: number;
}

/** Open: arrivals by time. Closed: so many users, each sending the next of the list when its last one is over; the list repeats. */
export type Plan =
  | { readonly loop: "open"; readonly arrivals: readonly Arrival[] }
  | {
    readonly loop: "closed";
    readonly arrivals: readonly Arrival[];
    readonly concurrency: number;
    readonly thinkNs: number;
    /** Nothing is sent later; and no more than this. */
    readonly endNs: number;
    readonly most: number;
  };

/** ns; each is an `error_type` of its own. */
export interface Timeouts {
  readonly connectNs: number;
  readonly firstByteNs: number;
  readonly idleNs: number;
  readonly totalNs: number;
}
