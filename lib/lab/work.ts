/**
 * CPU work that stands in for what a model would compute. Its amount is fixed when a process starts (rounds per millisecond of an
 * undisturbed CPU), so a slower or throttled CPU takes longer for it, as real work does. It never looks at the clock while working.
 */
export class CpuWork {
  #sink = 0;

  constructor(readonly roundsPerMs: number) {}

  /** About `ms` milliseconds of one undisturbed CPU, without yielding. */
  run(ms: number): void {
    // The result is kept: otherwise the compiler may drop the loop.
    this.#sink = rounds(this.#sink, Math.round(this.roundsPerMs * ms));
  }
}

/** Measures this CPU once, 30-60 ms: the best of several short runs, since others may use the machine too. */
export function calibrate(): CpuWork {
  const count = 500_000;
  let sink = rounds(1, count); // lets the compiler optimise the loop first
  let best = Infinity;
  for (let i = 0; i < 25; i++) {
    const start = performance.now();
    sink = rounds(sink, count);
    best = Math.min(best, performance.now() - start);
  }
  return new CpuWork(count / best);
}

/** Integer mixing, one dependent chain. */
function rounds(state: number, count: number): number {
  let value = state | 1;
  for (let i = 0; i < count; i++) {
    value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) + i | 0;
  }
  return value;
}
