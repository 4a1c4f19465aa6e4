/** What a step of wall time or a suspend means for what was measured, in words for a person. */
import type { ClockBreak } from "../model/clock.ts";
import { duration } from "../report/format.ts";

/** What happened. No full stop, so that it can stand in a list. */
export function breakWords({ kind, byNs }: ClockBreak): string {
  const length = duration(Math.abs(byNs) / 1e6);
  if (kind === "suspend") return `the machine slept for ${length}`;
  return `the wall clock was set ${byNs < 0 ? "back" : "forward"} by ${length}`;
}

/** What it does to the numbers. */
export function breakMeaning({ kind }: ClockBreak): string {
  return kind === "suspend"
    ? "no duration contains it; a request under way then waited longer than it says here"
    : "durations are not affected; times of day before and after it do not compare";
}
