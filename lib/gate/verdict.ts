/** The four verdicts and how they combine. A pass is a positive statement; missing is never good. Pure. */
import { EXIT } from "../model/errors.ts";

export type Verdict = "pass" | "fail" | "inconclusive" | "not-evaluated";

const WORST_FIRST: readonly Verdict[] = ["fail", "not-evaluated", "inconclusive", "pass"];

/** Nothing to combine is not evaluated. */
export function combine(verdicts: readonly Verdict[]): Verdict {
  return WORST_FIRST.find((verdict) => verdicts.includes(verdict)) ?? "not-evaluated";
}

/** What a command that gives this verdict ends with. */
export const VERDICT_EXIT: Readonly<Record<Verdict, number>> = {
  pass: EXIT.ok,
  fail: EXIT.gateSaidNo,
  inconclusive: EXIT.unsupported,
  "not-evaluated": EXIT.io,
};
