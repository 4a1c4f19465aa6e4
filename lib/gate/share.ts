/** A share of counted events against a limit, decided by Wilson's interval: the harm is shown, excluded, or neither. Pure. */
import { wilsonInterval } from "../stats/proportion.ts";
import type { Finding } from "./finding.ts";

export interface ShareLimit {
  /** The share is to be at least, or at most, this. */
  readonly op: ">=" | "<=";
  readonly value: number;
  /** Two-sided. */
  readonly level: number;
}

/** Counts more than this apart by rounding alone do not occur. */
const MOST = 1e12;

/**
 * @param k events that count, 0 <= k <= n; increases of counters need not be whole
 * @param what names the share in sentences: "requests within 800 ms"
 */
export function judgeShare(k: number, n: number, { op, value, level }: ShareLimit, what: string): Finding {
  const limit = `${op} ${value}`;
  const base = { value: k / n, limit, n, method: `wilson ${level}` };
  if (!(n > 0)) {
    return {
      ...base,
      value: null,
      verdict: "inconclusive",
      reason: "no-traffic",
      said: `requests=${n}`,
      interval: null,
    };
  }
  const { low, high } = wilsonInterval(k, n, { level });
  const interval = [low, high] as const;
  const said = `${share(k / n)} of ${whole(n)} ${what} (${share(low)} to ${share(high)})`;
  const [good, bad] = op === ">=" ? [low >= value, high < value] : [high <= value, low > value];
  if (good || bad) return { ...base, interval, verdict: good ? "pass" : "fail", reason: null, said };
  const enough = settlingSize(k / n, n, { op, value, level });
  const remedy = enough === null
    ? "no number of requests settles it"
    : `${whole(enough)} at this share would settle it`;
  return { ...base, interval, verdict: "inconclusive", reason: "straddles", said: `${said}; ${remedy}` };
}

/** The fewest events of the same share that would decide; null where none would. */
export function settlingSize(p: number, from: number, { op, value, level }: ShareLimit): number | null {
  const decides = (n: number) => {
    const { low, high } = wilsonInterval(Math.min(n, p * n), n, { level });
    return op === ">=" ? low >= value || high < value : high <= value || low > value;
  };
  let [no, yes] = [Math.floor(from), Math.max(1, Math.floor(from))];
  while (!decides(yes)) {
    if (yes > MOST) return null;
    [no, yes] = [yes, yes * 2];
  }
  while (yes - no > 1) {
    const middle = Math.floor((no + yes) / 2);
    if (decides(middle)) yes = middle;
    else no = middle;
  }
  return yes;
}

function share(value: number): string {
  return `${(100 * value).toFixed(2)} %`;
}

/** Increases are extrapolated and rarely whole: for a person they are. */
function whole(n: number): string {
  return String(Math.round(n));
}
