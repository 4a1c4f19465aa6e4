/** A rate over time as stages one after the other, and when the x-th arrival is due under it. Pure. */

export interface Stage {
  readonly seconds: number;
  /** Requests a second at its begin and end. */
  readonly from: number;
  readonly to: number;
  readonly curve: "linear" | "exponential";
}

/** Arrivals a stage brings by `t` seconds into it. */
function arrivals({ seconds, from, to, curve }: Stage, t: number): number {
  if (curve === "linear" || from === to) return from * t + (to - from) * t * t / (2 * seconds);
  const k = Math.log(to / from);
  return from * seconds / k * Math.expm1(k * t / seconds);
}

/** The inverse: seconds into the stage at which it has brought `x`. */
function timeOf({ seconds, from, to, curve }: Stage, x: number): number {
  if (curve === "linear" || from === to) {
    const root = Math.sqrt(Math.max(0, from * from + 2 * (to - from) * x / seconds));
    return x === 0 ? 0 : 2 * x / (from + root); // this form of the quadratic's root loses nothing where from = to
  }
  const k = Math.log(to / from);
  return seconds / k * Math.log1p(x * k / (from * seconds));
}

/**
 * Due times in seconds, one for every gap drawn, until the stages are over or `most` were drawn: gaps of mean 1 are stretched to the
 * rate that holds then (time rescaling), so a ramp of a Poisson process is a Poisson process with a ramp.
 *
 * @param firstAtZero whether the first arrival stands at the beginning, as in a constant process
 */
export function* dueTimes(
  stages: readonly Stage[],
  gap: () => number,
  firstAtZero: boolean,
  most = Infinity,
): Generator<number> {
  let [before, atS] = [0, 0];
  let x = firstAtZero ? 0 : gap();
  let drawn = 0;
  for (const stage of stages) {
    const total = arrivals(stage, stage.seconds);
    for (; x - before < total; x += gap()) {
      if (drawn++ >= most) return;
      const t = timeOf(stage, x - before);
      if (t < stage.seconds) yield atS + t;
    }
    before += total;
    atS += stage.seconds;
  }
}

/** Arrivals the stages bring on average. */
export function expectedArrivals(stages: readonly Stage[]): number {
  return stages.reduce((sum, stage) => sum + arrivals(stage, stage.seconds), 0);
}

export function totalSeconds(stages: readonly Stage[]): number {
  return stages.reduce((sum, stage) => sum + stage.seconds, 0);
}
