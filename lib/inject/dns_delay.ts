import { UsageError } from "../model/errors.ts";
import type { Injector } from "./injector.ts";

/**
 * Every answer of a resolver comes late. Intensity in ms.
 *
 * @param setDelay makes the resolver hold back its answers this many ms from now on
 */
export function dnsDelay(setDelay: (ms: number) => Promise<void>): Injector {
  return {
    name: "dns_delay",
    unit: "ms",
    async inject(ms, signal) {
      if (!(ms > 0)) throw new UsageError(`Cannot delay DNS by "${ms} ms": it must be more than 0`);
      signal?.throwIfAborted();
      await setDelay(ms);
      return {
        description: `resolver answers ${ms} ms late`,
        [Symbol.asyncDispose]: () => setDelay(0),
      };
    },
  };
}
