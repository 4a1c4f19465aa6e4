/** For kernel tests: what the probes saw while something was done. */
import type { KernelEvent } from "../model/kernel_event.ts";
import { watchKernel, type WatchOptions } from "../run/watch.ts";

export interface Seen {
  readonly events: readonly KernelEvent[];
  /** Records lost, all causes together. */
  readonly lost: number;
  /** Block requests without an end: under way, or ended while the kernel did not run our program. */
  readonly endless: number;
}

/** Watches from before `body` until shortly after it. All processes unless `options` says otherwise; of the machine itself, nothing. */
export async function watched(body: () => Promise<void>, options: Partial<WatchOptions> = {}): Promise<Seen> {
  const events: KernelEvent[] = [];
  using watch = watchKernel({ timers: false, steal: false, ...options }, (event) => events.push(event));
  await body();
  await delay(60); // the last close is still on its way through the kernel
  const { diskEndsUnseen, diskUnderWay } = watch.unanswered();
  watch.finish();
  return {
    events,
    endless: diskEndsUnseen + diskUnderWay,
    lost: Object.values(watch.drops()).reduce((sum, n) => sum + n, 0),
  };
}

/** The events of one kind. */
export function only<K extends KernelEvent["kind"]>(
  { events }: Seen,
  kind: K,
  where: (event: Extract<KernelEvent, { kind: K }>) => boolean = () => true,
): Extract<KernelEvent, { kind: K }>[] {
  return events.filter((event): event is Extract<KernelEvent, { kind: K }> => event.kind === kind)
    .filter((event) => where(event));
}

export const delay = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** The middle one of an odd number of values. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}
