/** Gaps between arrivals of mean 1: what makes a process steady, memoryless or bursty, whatever its rate. Pure. */
import type { Random } from "../stats/random.ts";

export type GapProcess = "constant" | "poisson" | "gamma";

/** A function that draws the next gap. `shape` is the gamma's: 1 is Poisson, below 1 bursts, CV = 1/sqrt(shape). */
export function gapDraw(process: GapProcess, stream: Random, shape: number): () => number {
  switch (process) {
    case "constant":
      return () => 1;
    case "poisson":
      return () => -Math.log(1 - stream.float());
    case "gamma":
      return () => gamma(stream, shape) / shape;
  }
}

/** Marsaglia and Tsang 2000; below shape 1 by their boost. Scale 1. */
function gamma(stream: Random, shape: number): number {
  if (shape < 1) return gamma(stream, shape + 1) * Math.pow(1 - stream.float(), 1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(stream);
    const v = Math.pow(1 + c * x, 3);
    if (v > 0 && Math.log(1 - stream.float()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Box and Muller. */
function normal(stream: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - stream.float()));
  return radius * Math.cos(2 * Math.PI * stream.float());
}
