/** One retrieval step -> how much of it was the way there, which the kernel saw, and how much the index itself. Pure. */
import { covered, type Stretch } from "./union.ts";

/** What the kernel timed of the step. */
export interface Leg extends Stretch {
  readonly leg: "dns" | "connect" | "tls";
}

export interface RetrievalParts {
  readonly dnsMs: number;
  /** TCP and TLS handshakes. */
  readonly networkMs: number;
  /** What is left: sending, the index's own work, and its answer's way back. */
  readonly vectordbMs: number;
  /** DNS, TCP and TLS together, what they share counted once. */
  readonly kernelMs: number;
}

/**
 * null where the kernel timed nothing of it: a reused connection and an unwatched process look the same, and neither is "0 ms of DNS".
 * Legs are cut to the step: what happened before it, it did not wait for. Of two look-ups in parallel the time is counted once.
 */
export function retrievalParts(step: Stretch, legs: readonly Leg[]): RetrievalParts | null {
  if (legs.length === 0) return null;
  const of = (...names: Leg["leg"][]) => covered(legs.filter(({ leg }) => names.includes(leg)), step) / 1e6;
  const kernelMs = of("dns", "connect", "tls");
  return {
    dnsMs: of("dns"),
    networkMs: of("connect", "tls"),
    vectordbMs: (step.endNs - step.startNs) / 1e6 - kernelMs,
    kernelMs,
  };
}
