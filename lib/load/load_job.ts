/** What goes to the thread of the loop, and what comes back. */
import type { RequestRecord } from "../model/request_record.ts";
import type { Plan, Timeouts } from "./arrival.ts";
import type { Driven } from "./driver.ts";
import type { PoolSize } from "./pool.ts";
import type { Api } from "./reply.ts";
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
  readonly ownSlo?: Readonly<Record<string, number>>;
  readonly control: SharedArrayBuffer;
}

/** A record as it leaves the loop: with the text of the answer where it is kept. */
export type LoopRecord = RequestRecord & { readonly text?: string };

export interface LoopEnd {
  readonly driven: Driven;
  readonly transport: "epoll" | "net";
  /** CPU time of the loop's thread. */
  readonly cpuNs: number;
  /** What the scheduler did with that thread; null where it does not say. */
  readonly schedule: ThreadSchedule | null;
}

export type LoadMessage =
  | { readonly kind: "records"; readonly records: readonly LoopRecord[] }
  | ({ readonly kind: "over" } & LoopEnd)
  | { readonly kind: "failed"; readonly message: string };
