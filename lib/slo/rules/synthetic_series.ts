/** Series that a pair of selectors would count as good, and as bad: for unit tests of rules. Pure. */
import { type Matcher, parseSelector, type Selector, selectorText } from "../promql.ts";
import type { Counters } from "../source.ts";

/** A series that both count, and one that only `total` counts; `all` where the total is a series of its own. */
export interface SyntheticSeries {
  readonly good: string;
  /** Null: the total is a counter of its own, which moves with every event. */
  readonly bad: string | null;
  readonly total: string | null;
}

/** Null where the selectors are too clever to find such series. */
export function syntheticSeries({ good, total }: Counters): SyntheticSeries | null {
  const [goods, all] = [parseSelector(good), parseSelector(total)];
  if (goods === null || all === null) return null;
  if (goods.metric !== all.metric) {
    const [one, whole] = [example(goods, []), example(all, [])];
    return one === null || whole === null ? null : { good: text(goods, one), bad: null, total: text(all, whole) };
  }
  const one = example({ ...all, matchers: [...all.matchers, ...goods.matchers] }, []);
  if (one === null) return null;
  // Bad: what differs in one label that only the good ones ask for.
  for (const matcher of goods.matchers) {
    const other = example({ ...all, matchers: [...all.matchers, negated(matcher)] }, goods.matchers);
    if (other !== null && !goods.matchers.every((m) => matches(m, other.get(m.label) ?? ""))) {
      return { good: text(goods, one), bad: text(all, other), total: null };
    }
  }
  return null;
}

function text({ metric }: Selector, labels: ReadonlyMap<string, string>): string {
  const matchers = [...labels].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([label, value]): Matcher => ({ label, op: "=", value }));
  return selectorText({ metric, matchers });
}

function negated({ label, op, value }: Matcher): Matcher {
  const opposite = { "=": "!=", "!=": "=", "=~": "!~", "!~": "=~" } as const;
  return { label, op: opposite[op], value };
}

/** Labels that every matcher agrees with. @param hints matchers whose values are worth trying as well */
function example({ matchers }: Selector, hints: readonly Matcher[]): Map<string, string> | null {
  const labels = new Map<string, string>();
  for (const label of new Set(matchers.map((matcher) => matcher.label))) {
    const own = matchers.filter((matcher) => matcher.label === label);
    const tried = [...own, ...hints.filter((matcher) => matcher.label === label)].flatMap(candidates);
    const value = [...tried, "other", "0"].find((value) => own.every((matcher) => matches(matcher, value)));
    if (value === undefined) return null;
    labels.set(label, value);
  }
  return labels;
}

function candidates({ op, value }: Matcher): string[] {
  if (op === "=" || op === "!=") return [value];
  return value.replace(/^\(|\)$/g, "").split("|").map((part) =>
    part.replace(/\(\\\.0\)\?/g, "").replaceAll("\\", "").replaceAll(".*", "x").replaceAll(".+", "x").replaceAll(
      ".",
      "0",
    )
  );
}

function matches({ op, value }: Matcher, found: string): boolean {
  if (op === "=" || op === "!=") return (found === value) === (op === "=");
  try {
    return new RegExp(`^(?:${value})$`, "s").test(found) === (op === "=~");
  } catch {
    return false;
  }
}
