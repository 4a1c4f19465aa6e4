/**
 * The built-in policy `cd`: TTFT p95, error rate and burn rate, from counters of the last minutes. Pure: what was asked is an argument.
 */
import { burnExceeds, burnRate } from "../stats/error_budget.ts";
import { type Finding, undecided } from "./finding.ts";
import type { Reading, Series } from "./prometheus.ts";
import { judgeShare } from "./share.ts";

/** Two-sided level of every interval. */
const LEVEL = 0.95;
/** Shares of counters that are read at one moment may differ by rounding, and by no more. */
const ROUNDING = 1e-6;

/** What tells of one window whether its numbers may be trusted. */
export interface Health {
  /** Seconds since the newest sample, as Prometheus says it. */
  readonly age: Reading;
  /** Resets of the counters within the window. */
  readonly resets: Reading;
  readonly mostAgeS: number;
  /** Our own clock, against which the evaluation itself may be old. */
  readonly nowMs: number;
}

/** Counts by upper bound. The limit is in the unit of the bounds. */
export function judgeTtft(buckets: Reading, health: Health, limit: number, unit: string): Finding {
  const text = `p95 <= ${limit} ${unit}`;
  const found = usable(buckets, health, text);
  if ("verdict" in found) return found;
  if (found.length > new Set(found.map(({ labels }) => labels.le)).size) {
    return undecided(
      "inconclusive",
      "multi-series",
      `${found.length} series, where one for each bound was expected`,
      text,
    );
  }
  const bounds = countsByBound(found);
  const total = bounds?.at(-1);
  if (bounds === null || total === undefined) {
    return undecided("not-evaluated", "no-buckets", "the series have no label le: this is no histogram", text);
  }
  if (total.le !== Infinity) return undecided("not-evaluated", "no-buckets", "the histogram has no bucket +Inf", text);
  // At a bound the counts are exact. Between two bounds p95 is known to be below the limit only by the bound below, and above it only by
  // the one above.
  const below = bounds.findLast(({ le }) => le <= limit) ?? { le: -Infinity, count: 0 };
  const above = bounds.find(({ le }) => le >= limit)!;
  const share = { op: ">=", value: 0.95, level: LEVEL } as const;
  const within = (bound: Bound) =>
    judgeShare(Math.min(bound.count, total.count), total.count, share, `requests within ${bound.le} ${unit}`);
  const low = within(below);
  if (below.le === above.le || low.reason === "no-traffic") return degraded({ ...low, limit: text }, health);
  const high = within(above);
  if (low.verdict === "pass") return degraded({ ...low, limit: text }, health);
  if (high.verdict === "fail") return degraded({ ...high, limit: text }, health);
  return {
    ...low,
    verdict: "inconclusive",
    reason: "between-bounds",
    limit: text,
    said: `${limit} ${unit} is no bucket bound (next ${below.le} and ${above.le}): ${low.said}; ${high.said}`,
  };
}

/** `good` may be empty while `total` is not: a series that does not exist yet counts nothing. */
export interface Counts {
  readonly good: Reading;
  readonly total: Reading;
}

export function judgeErrors(counts: Counts, health: Health, limit: number): Finding {
  const text = `<= ${limit}`;
  const found = badOf(counts, health, text);
  if ("verdict" in found) return found;
  return degraded(
    judgeShare(found.bad, found.total, { op: "<=", value: limit, level: LEVEL }, "requests failed"),
    health,
  );
}

export interface BurnLimits {
  readonly objective: number;
  readonly burnRate: number;
  /** Requests under which a window says nothing. */
  readonly floor: number;
}

/** Both windows must burn too fast, as for an alert. Decided on the counts, exactly: at the limit is within it. */
export function judgeBurn(
  windows: { readonly long: Counts; readonly short: Counts },
  health: { readonly long: Health; readonly short: Health },
  { objective, burnRate: most, floor }: BurnLimits,
): Finding {
  const text = `<= ${most} at objective ${objective}`;
  const [long, short] = [badOf(windows.long, health.long, text), badOf(windows.short, health.short, text)];
  if ("verdict" in long) return long;
  const told = (counts: { bad: number; total: number }) => {
    const few = counts.total < floor;
    const over = !few && burnExceeds({ ...counts, objective }, most);
    return { few, over, rate: burnRate({ ...counts, objective }) };
  };
  const slow = told(long);
  const words = (name: string, { total }: { total: number }, rate: number) =>
    `${name} window ${Number.isNaN(rate) ? "-" : rate.toFixed(2)} (requests=${Math.round(total)})`;
  const base = { value: slow.rate, limit: text, n: long.total, interval: null, method: "point" };
  const few = (what: string) => ({
    ...base,
    verdict: "inconclusive" as const,
    reason: long.total > 0 ? "below-floor" : "no-traffic",
    said: `${what}; ${floor} requests in each window would do`,
  });
  if (slow.few) return few(words("long", long, slow.rate));
  const first = words("long", long, slow.rate);
  // The long window alone can acquit: both must burn.
  if (!slow.over) return degraded({ ...base, verdict: "pass", reason: null, said: first }, health.long);
  if ("verdict" in short) return short;
  const fast = told(short);
  const both = `${first}, ${words("short", short, fast.rate)}`;
  if (fast.few) return few(both);
  const verdict = fast.over ? "fail" : "pass";
  return degraded({ ...base, value: Math.min(slow.rate, fast.rate), verdict, reason: null, said: both }, health.long);
}

/** One number against a limit of the caller's own. */
export function judgeQuery(reading: Reading, op: Comparison, limit: number, mostAgeS: number, nowMs: number): Finding {
  const text = `${op} ${limit}`;
  const found = usable(reading, null, text, { mostAgeS, nowMs });
  if ("verdict" in found) return found;
  if (found.length > 1) {
    return undecided("inconclusive", "multi-series", `${found.length} series, where one was expected: sum them`, text);
  }
  const value = found[0]!.value;
  const holds = COMPARE[op](value, limit);
  if (holds && !Number.isFinite(value)) {
    return undecided("inconclusive", "not-finite", "it is infinite, as a division by 0 is", text);
  }
  const verdict = holds ? "pass" : "fail";
  return { verdict, reason: null, said: `is ${value}`, value, limit: text, n: 1, interval: null, method: "point" };
}

export type Comparison = "<" | "<=" | ">" | ">=" | "==";

export const COMPARE: Readonly<Record<Comparison, (a: number, b: number) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "==": (a, b) => a === b,
};

function badOf(counts: Counts, health: Health, limit: string): { bad: number; total: number } | Finding {
  const total = single(usable(counts.total, health, limit), limit);
  if (typeof total !== "number") return total;
  // No series of good ones beside one of all: every request was bad, as after a renaming.
  const missing = "series" in counts.good && counts.good.series.length === 0;
  const good = missing ? 0 : single(usable(counts.good, health, limit), limit);
  if (typeof good !== "number") return good;
  if (total < 0 || good < 0 || good > total * (1 + ROUNDING)) {
    return undecided(
      "inconclusive",
      "bad-counters",
      `${good} good of ${total}: the one is no part of the other`,
      limit,
    );
  }
  return { bad: Math.max(0, total - good), total };
}

function single(found: readonly Series[] | Finding, limit: string): number | Finding {
  if ("verdict" in found) return found;
  if (found.length === 1) return found[0]!.value;
  return undecided("inconclusive", "multi-series", `${found.length} series, where one was expected: sum them`, limit);
}

/** Series that hold numbers and are fresh, or why there are none. */
function usable(
  reading: Reading,
  health: Health | null,
  limit: string,
  clock: Pick<Health, "mostAgeS" | "nowMs"> = health!,
): readonly Series[] | Finding {
  if ("refusal" in reading) {
    const { verdict, reason, state } = reading.refusal;
    return undecided(verdict, reason, `Prometheus ${state}`, limit);
  }
  const { series } = reading;
  if (series.length === 0) return undecided("not-evaluated", "no-data", "no such series in the window", limit);
  if (series.some(({ value }) => Number.isNaN(value))) {
    return undecided("inconclusive", "nan", "the value is not a number, as that of 0/0 is", limit);
  }
  if (series.some(({ value }) => !Number.isFinite(value)) && health !== null) {
    return undecided("inconclusive", "not-finite", "a count is infinite", limit);
  }
  const age = Math.max(...series.map(({ atMs }) => (clock.nowMs - atMs) / 1000));
  if (age > clock.mostAgeS) return stale(`evaluated ${age.toFixed(0)} s ago by this machine's clock`, limit);
  return health === null ? series : staleness(health, limit) ?? series;
}

function staleness({ age, mostAgeS }: Health, limit: string): Finding | null {
  if ("refusal" in age) {
    const { verdict, reason, state } = age.refusal;
    return undecided(verdict, reason, `Prometheus ${state}`, limit);
  }
  const newest = age.series[0]?.value;
  if (newest === undefined) return stale("the newest sample is older than Prometheus looks back", limit);
  return newest <= mostAgeS
    ? null
    : stale(`the newest sample is ${newest.toFixed(0)} s old, ${mostAgeS} s are let pass`, limit);
}

function stale(said: string, limit: string): Finding {
  return undecided("inconclusive", "stale", said, limit);
}

/** A counter that started anew in the window lost what it counted before its last scrape: that may hide harm, and cannot invent it. */
function degraded(finding: Finding, { resets }: Health): Finding {
  if (finding.verdict !== "pass") return finding;
  if ("refusal" in resets) {
    return {
      ...finding,
      verdict: resets.refusal.verdict,
      reason: resets.refusal.reason,
      said: `Prometheus ${resets.refusal.state}`,
    };
  }
  const count = resets.series.reduce((sum, { value }) => sum + value, 0);
  if (count === 0) return finding;
  return {
    ...finding,
    verdict: "inconclusive",
    reason: "degraded",
    said: `${finding.said}; but a counter started anew within the window: ask again when the window lies behind it`,
  };
}

interface Bound {
  readonly le: number;
  readonly count: number;
}

/** In the order of the bounds; clients write one bound as 800 or 800.0. Null where a series has none. */
function countsByBound(found: readonly Series[]): readonly Bound[] | null {
  const counts = new Map<number, number>();
  for (const { labels, value } of found) {
    const le = boundOf(labels.le);
    if (Number.isNaN(le)) return null;
    counts.set(le, (counts.get(le) ?? 0) + value);
  }
  return [...counts].map(([le, count]) => ({ le, count })).sort((a, b) => a.le < b.le ? -1 : 1);
}

/** NaN for what is no bound. */
function boundOf(le: string | undefined): number {
  if (le === "+Inf" || le === "Inf") return Infinity;
  return le !== undefined && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(le) ? Number(le) : NaN;
}
