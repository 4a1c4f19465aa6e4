/** What goes to the thread of the loop, and what comes back. */
import type { Plan, Timeouts } from "./arrival.ts";
import type { Driven } from "./driver.ts";
import type { PoolSize } from "./pool.ts";
import type { Api } from "./reply.ts";
import type { RecordPages } from "./record_log.ts";
import type { RequestShape } from "./request_bytes.ts";
import type { ThreadSchedule } from "./run_delay.ts";
import type { Endpoint } from "./transport.ts";

export interface LoadJob {
  readonly plan: Plan;
  readonly api: Api;
  readonly endpoint: Endpoint;
  /** `auto`: epoll where it can be had. */
  readonly transport: "auto" | "net";
  readonly shape: RequestShape;
  readonly timeouts: Timeouts;
  readonly pool: PoolSize;
  readonly maxInFlight: number | null;
  readonly keepText: boolean;
  readonly control: SharedArrayBuffer;
}

export interface LoopEnd {
  readonly driven: Driven;
  readonly transport: "epoll" | "net";
  /** Slice asked of the scheduler, us; null where it refused. */
  readonly sliceUs: number | null;
  /** CPU time of the loop's thread. */
  readonly cpuNs: number;
  /** What the scheduler did with that thread; null where it does not say. */
  readonly schedule: ThreadSchedule | null;
}

export type LoadMessage =
  | ({ readonly kind: "over"; readonly records: RecordPages } & LoopEnd)
  | { readonly kind: "failed"; readonly message: string };
