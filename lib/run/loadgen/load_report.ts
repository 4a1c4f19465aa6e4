/** report.json of a load run, and what it is made from. */
import type { ErrorKind, Figure } from "../../load/figures.ts";
import type { Innocence } from "../../load/innocence.ts";
import type { LoadRun } from "../../load/run_load.ts";
import type { Slice } from "../../load/timeline.ts";
import type { Rates } from "../../load/window.ts";
import type { ClockBreak, ClockReading } from "../../model/clock.ts";
import type { Definition } from "../../model/definitions.ts";
import type { Outcome } from "../../model/request_record.ts";
import type { TimeoutsMs } from "./limits.ts";
import type { LoadgenOptions } from "./options.ts";
import type { Planned } from "./plan.ts";
import type { SloOutcome } from "./slo.ts";
import type { Target } from "./target.ts";
import type { TokenCount } from "./tokenize.ts";

/** ms. */
export interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly n: number;
}

export interface LoadReport {
  readonly schema: "load-report/v1";
  readonly run_id: string;
  readonly version: string;
  /** Wall time of the start, and how far it may be off; every other stamp is on the monotonic clock. */
  readonly started_at: string;
  readonly clock: {
    readonly start_ns: number;
    readonly unix_ns: string;
    readonly error_ns: number;
    /** Wall time was set, or the machine slept, while the load ran. */
    readonly breaks: readonly ClockBreak[];
  };
  readonly loop: "open" | "closed";
  readonly target: string;
  readonly api: string;
  readonly model: string | null;
  readonly profile: string | null;
  readonly arrival: string;
  readonly arrival_words: string;
  readonly seed: number;
  readonly trace: Planned["trace"];
  readonly seconds: {
    readonly warmup: number;
    readonly window: number;
    readonly cooldown: number;
    readonly ran: number;
  };
  /** Null: the run came to its end. */
  readonly interrupted: { readonly after_s: number; readonly not_due: number } | null;
  readonly rates: Rates;
  readonly delivered: boolean;
  readonly outcomes: Record<Outcome, number>;
  readonly errors: readonly ErrorKind[];
  readonly max_in_flight: number | null;
  readonly limits: {
    readonly connections: number;
    readonly connections_declared: boolean;
    readonly concurrency: number | null;
    readonly timeout_ms: TimeoutsMs;
  };
  readonly most: { readonly in_flight: number; readonly waiting: number; readonly connections: number };
  readonly connections: {
    readonly opened: number;
    readonly failed: number;
    readonly reused_share: number | null;
    readonly dns_ms: number | null;
    readonly connect_ms: Times | null;
    readonly tls_ms: Times | null;
    readonly retransmits: number | null;
  };
  readonly tokens: {
    /** Null where the server tells none. */
    readonly in: number | null;
    readonly out: number;
    readonly cached: number | null;
    readonly sources: Readonly<Record<string, number>>;
    /** What the tokenizer counted, and how it differs from the server's own count; null: none was asked. */
    readonly tokenizer: TokenCount | null;
  };
  /** Events that shared a read and so a stamp, keep-alives, bytes after [DONE], and oddities of answers that stand. */
  readonly counters: {
    readonly coalesced: number;
    readonly comments: number;
    readonly late_bytes: number;
    readonly flags: Readonly<Record<string, number>>;
    readonly bytes_in: number;
    readonly bytes_out: number;
  };
  readonly client: Innocence & {
    readonly transport: string;
    /** Slice the scheduler was asked for, for the thread that stamps. */
    readonly slice_us: number | null;
    readonly cpu_us_per_request: number | null;
  };
  /** Where a stamp of sending stands. */
  readonly send_stamp: "pre_write";
  readonly client_loop_lag_ms: Times | null;
  readonly figures: readonly Figure[];
  /** One for each objective asked for; empty: none was. */
  readonly slos: readonly SloOutcome[];
  readonly timeline: readonly Slice[];
  readonly timeline_of: string;
  /** `inconclusive`: the client was not innocent, or there is too little; null: nothing was to be judged. */
  readonly verdict: "pass" | "fail" | "inconclusive" | "no_data" | null;
  readonly reasons: readonly string[];
  readonly definitions: readonly Definition[];
}

export interface Ran {
  readonly options: LoadgenOptions;
  readonly planned: Planned;
  readonly target: Target;
  readonly pool: { readonly bound: number; readonly declared: boolean };
  readonly timeouts: TimeoutsMs;
  readonly runId: string;
  /** Before and after. */
  readonly anchor: ClockReading;
  readonly anchorAfter: ClockReading;
  readonly run: LoadRun;
  readonly tokenizer: TokenCount | null;
}
