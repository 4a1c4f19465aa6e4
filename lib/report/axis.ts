/** An axis of a plot: round ticks on a linear or a logarithmic scale. Pure. */

export interface Axis {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly scale: "linear" | "log";
}

/** An axis that holds the values: logarithmic where they span more than a factor of 30, else linear from 0. */
export function axisFor(label: string, values: Iterable<number>, atLeast = 1): Axis {
  let [min, max] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value > 0) min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (!(max > 0)) return { label, min: 0, max: atLeast, scale: "linear" };
  if (max / min > 30) return { label, min: decadeStep(min, "down"), max: decadeStep(max, "up"), scale: "log" };
  const step = tickStep(max, 5);
  return { label, min: 0, max: step * Math.ceil(max / step - 1e-9), scale: "linear" };
}

/** Where a value lies, 0 to 1; outside values are held at the ends. */
export function place({ min, max, scale }: Axis, value: number): number {
  const at = scale === "log" ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
  return Math.min(1, Math.max(0, Number.isNaN(at) ? 0 : at));
}

/** Round values along the axis, its ends among them where they are round. */
export function ticks({ min, max, scale }: Axis, about = 5): number[] {
  const found: number[] = [];
  if (scale === "log") {
    const decades = Math.log10(max / min);
    const steps = decades > 3.5 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 5];
    for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power++) {
      found.push(...steps.map((step) => step * 10 ** power));
    }
  } else {
    const step = tickStep(max - min, about);
    for (let i = Math.ceil(min / step - 1e-9); i * step <= max * (1 + 1e-9); i++) found.push(i * step);
  }
  return found.map((tick) => Number(tick.toPrecision(12))).filter((tick) =>
    tick >= min * (1 - 1e-9) && tick <= max * (1 + 1e-9)
  );
}

function tickStep(range: number, about: number): number {
  const power = 10 ** Math.floor(Math.log10(range / about));
  return power * ([1, 2, 5, 10].find((step) => range / (power * step) <= about) ?? 10);
}

/** The next of 1, 2, 5, 10 ... at or beyond. */
function decadeStep(value: number, way: "up" | "down"): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const steps = [1, 2, 5, 10].map((step) => Number((step * power).toPrecision(12)));
  return (way === "up" ? steps.find((step) => step >= value) : steps.findLast((step) => step <= value)) ?? value;
}
