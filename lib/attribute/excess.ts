/** Splits of many requests -> their mean, and what an incident has more of than the baseline. Means, because they add up. */
import { type Label, LABELS, type RequestSplit, type Split } from "../model/split.ts";
import { mean } from "../stats/describe.ts";

/** Mean milliseconds per label; null where the label was not watched, or there is no request. */
export function meanSplit(requests: readonly RequestSplit[]): Split {
  return Object.fromEntries(LABELS.map((label) => {
    const values = requests.map((request) => request.split[label]).filter((ms) => ms !== null);
    return [label, values.length === 0 ? null : mean(values)];
  })) as Record<Label, number | null>;
}

/** a - b per label; null where either is. */
export function minus(a: Split, b: Split): Split {
  return Object.fromEntries(LABELS.map((label) => {
    const [x, y] = [a[label], b[label]];
    return [label, x === null || y === null ? null : x - y];
  })) as Record<Label, number | null>;
}
