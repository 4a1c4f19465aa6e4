import type { Io } from "../model/io.ts";

/**
 * Comes back after `forMs` (undefined: never), or as soon as `io.stop` or `enough` is aborted. Calls `every` twice a second,
 * and once at the start.
 */
export function watchUntil(
  io: Pick<Io, "stop">,
  { forMs, enough, every }: { forMs: number | undefined; enough?: AbortSignal; every: (elapsedMs: number) => void },
): Promise<void> {
  const stop = enough === undefined ? io.stop : AbortSignal.any([io.stop, enough]);
  if (stop.aborted) return Promise.resolve();
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const finish = () => {
      clearInterval(beat);
      clearTimeout(end);
      stop.removeEventListener("abort", finish);
      resolve();
    };
    const tell = () => {
      try {
        every(performance.now() - startedAt);
      } catch (error) {
        finish();
        reject(error);
      }
    };
    const beat = setInterval(tell, 500);
    const end = forMs === undefined ? undefined : setTimeout(finish, forMs);
    stop.addEventListener("abort", finish, { once: true });
    tell();
  });
}
