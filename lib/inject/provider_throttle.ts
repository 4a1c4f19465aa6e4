import { UsageError } from "../model/errors.ts";
import type { Injector } from "./injector.ts";

/** As the provider's control takes it. */
export interface ThrottleOrder {
  readonly share: number;
  readonly pace_factor: number;
  readonly retry_after_s: number;
}

export interface ThrottleOptions {
  /** How many times slower the requests are served that are not refused; 4. */
  readonly paceFactor?: number;
  /** What a refusal says in Retry-After, whole seconds; 1. */
  readonly retryAfterS?: number;
}

/**
 * A provider refuses a share of requests with 429 and Retry-After, and serves the rest more slowly. Intensity: the share, over 0 to 1.
 *
 * @param setThrottle makes the provider do it from now on; null lifts it
 */
export function providerThrottle(
  setThrottle: (order: ThrottleOrder | null) => Promise<void>,
  { paceFactor = 4, retryAfterS = 1 }: ThrottleOptions = {},
): Injector {
  return {
    name: "provider_throttle",
    unit: "share of requests",
    async inject(share, signal) {
      if (!(share > 0 && share <= 1)) {
        throw new UsageError(`Cannot throttle a share of "${share}": it must be over 0 and at most 1`);
      }
      signal?.throwIfAborted();
      await setThrottle({ share, pace_factor: paceFactor, retry_after_s: retryAfterS });
      const percent = Math.round(share * 1000) / 10;
      return {
        description: `${percent} % of requests refused with 429 (Retry-After: ${retryAfterS} s), ` +
          `the rest served ${paceFactor} times slower`,
        [Symbol.asyncDispose]: () => setThrottle(null),
      };
    },
  };
}
