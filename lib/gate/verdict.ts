/** The four verdicts and how they combine. A pass is a positive statement; missing is never good. Pure. */

export type Verdict = "pass" | "fail" | "inconclusive" | "not-evaluated";

const WORST_FIRST: readonly Verdict[] = ["fail", "not-evaluated", "inconclusive", "pass"];

/** Nothing to combine is not evaluated. */
export function combine(verdicts: readonly Verdict[]): Verdict {
  return WORST_FIRST.find((verdict) => verdicts.includes(verdict)) ?? "not-evaluated";
}
