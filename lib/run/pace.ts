/** Playing back at a multiple of the recorded speed. */
import { sleep } from "../host/sleep.ts";
import { UsageError } from "../model/errors.ts";

/** Shorter waits are not worth a timer. */
const LEAST_MS = 2;

/**
 * A function that waits until a moment of the recording is due. 1 is as it was, 10 ten times as fast; 0 does not wait at all.
 *
 * @throws UsageError for a negative speed
 */
export function pacer(speed: number, stop: AbortSignal): (atNs: bigint) => Promise<void> {
  if (!(speed >= 0)) throw new UsageError(`Cannot play at speed "${speed}": it is negative`, "Give 0 or more");
  let first: bigint | null = null;
  let startedAt = 0;
  return async (atNs) => {
    if (speed === 0) return;
    if (first === null) {
      first = atNs;
      startedAt = performance.now();
    }
    const dueMs = Number(atNs - first) / 1e6 / speed - (performance.now() - startedAt);
    if (dueMs >= LEAST_MS) await sleep(dueMs, stop);
  };
}
