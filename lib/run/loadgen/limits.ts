/** How many connections, and how long anything may take, where the caller does not say. Pure. */
import type { Plan, Timeouts } from "../../load/arrival.ts";
import type { PoolSize } from "../../load/pool.ts";
import type { LoadgenOptions } from "./options.ts";

/** An open loop grows its pool ahead of need, to this bound at most. */
const DEFAULT_BOUND = 1024;
/** Connections to spare: as many as arrive in this time. */
const SPARE_S = 0.05;
const LEAST_SPARE = 4;
const MOST_SPARE = 64;

export function poolOf({ connections }: Pick<LoadgenOptions, "connections">, plan: Plan): PoolSize {
  if (connections !== undefined) return { bound: connections, spare: 0, declared: true };
  if (plan.loop === "closed") return { bound: plan.concurrency, spare: 0, declared: true };
  const last = plan.arrivals[plan.arrivals.length - 1]?.g_ns ?? 0;
  const rate = plan.arrivals.length / Math.max(1, last / 1e9);
  const spare = Math.min(MOST_SPARE, Math.max(LEAST_SPARE, Math.ceil(rate * SPARE_S)));
  return { bound: DEFAULT_BOUND, spare, declared: false };
}

const DEFAULT_CONNECT_MS = 10_000;

/** ms, as the report says them. */
export type TimeoutsMs = Readonly<Record<"connect" | "first_byte" | "idle" | "total", number>>;

export function timeoutsOf(options: LoadgenOptions): TimeoutsMs {
  const total = options.timeoutMs;
  return {
    connect: options.connectTimeoutMs ?? Math.min(DEFAULT_CONNECT_MS, total),
    first_byte: options.firstByteTimeoutMs ?? total,
    idle: options.idleTimeoutMs ?? total,
    total,
  };
}

export function inNs({ connect, first_byte, idle, total }: TimeoutsMs): Timeouts {
  return { connectNs: connect * 1e6, firstByteNs: first_byte * 1e6, idleNs: idle * 1e6, totalNs: total * 1e6 };
}
