/** A schedule carried out: every arrival is sent when it is due, whether or not earlier ones were answered, and ends as one record. */
import { sleep } from "../host/sleep.ts";
import type { Arrival } from "./schedule.ts";
import { dropped, type RequestRecord, streamRequest, type Target } from "./stream_request.ts";

export interface DriveOptions {
  readonly target: Target;
  readonly schedule: readonly Arrival[];
  /** Null: no bound. An arrival that finds it full is dropped, never queued. */
  readonly maxInFlight: number | null;
  readonly onRecord: (record: RequestRecord) => void;
}

export interface Driven {
  /** On the clock of `target.now`. */
  readonly startNs: number;
  /** How late the timers of this very loop fired, ms; what the client itself may have added to any stamp. */
  readonly loopLagMs: readonly number[];
}

const LAG_EVERY_MS = 10;
/** Time for the first arrival to be in the future. */
const HEAD_START_NS = 20e6;

/** Resolves when the last request is over, or given up because `target.stop` fired; later arrivals are then `cancelled`. */
export async function drive({ target, schedule, maxInFlight, onRecord }: DriveOptions): Promise<Driven> {
  const startNs = target.now() + HEAD_START_NS;
  const open = new Set<Promise<void>>();
  const loopLagMs: number[] = [];
  const over = new AbortController();
  const watching = watchLag(loopLagMs, over.signal);
  for (const arrival of schedule) {
    const dueNs = startNs + arrival.g_ns;
    // Timers may fire a little early; nothing is sent before it is due.
    for (let leftNs = dueNs - target.now(); leftNs > 0 && !target.stop.aborted; leftNs = dueNs - target.now()) {
      await sleep(Math.max(0.1, leftNs / 1e6), target.stop);
    }
    if (target.stop.aborted) {
      onRecord({ ...dropped(arrival, dueNs), outcome: "cancelled", error_type: "cancelled" });
    } else if (maxInFlight !== null && open.size >= maxInFlight) {
      onRecord(dropped(arrival, dueNs));
    } else {
      const request = streamRequest(target, arrival, dueNs).then(onRecord);
      open.add(request);
      request.finally(() => open.delete(request));
    }
  }
  await Promise.all(open);
  over.abort();
  await watching;
  return { startNs, loopLagMs };
}

async function watchLag(into: number[], stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const due = performance.now() + LAG_EVERY_MS;
    await sleep(LAG_EVERY_MS, stop);
    if (!stop.aborted) into.push(performance.now() - due);
  }
}
