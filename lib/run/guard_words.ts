/** What the overhead guard did, for a log and for a person. */
import type { GuardStep } from "../model/guard.ts";
import type { Watch } from "./watch.ts";

const pct = (value: number) => value.toFixed(value < 10 ? 1 : 0);

/** One line without its line feed. */
export function guardWords(step: GuardStep): string {
  const { totalPct, ownPct, kernelPct, budgetPct, measuredBy } = step;
  const kernel = kernelPct === null
    ? "; what the probes cost is not known"
    : ` + probes ${pct(kernelPct)}${measuredBy === "programs" ? ", timed by themselves" : ""}`;
  const cost = `${pct(totalPct)} % of one CPU (agent ${pct(ownPct)}${kernel}; budget ${budgetPct} %)`;
  return `overhead guard: ${cost}: ${did(step)}`;
}

function did({ action, probe, refused }: GuardStep): string {
  const failed = refused === undefined ? "" : `, refused: ${refused}`;
  switch (action) {
    case "raise_thresholds":
      return `thresholds raised tenfold${failed}`;
    case "lower_thresholds":
      return `thresholds as they were${failed}`;
    case "detach":
      return `${probe} detached${failed}`;
    case "restore":
      return `${probe} attached again${failed}`;
    case "nothing_left":
      return "every probe is detached, and it is still too much";
  }
}

/** Said once, at the start: what the guard goes by where the kernel's own measure is not to be had; "" where it is. */
export function timedByProgramsWords({ guard, timedByPrograms }: Pick<Watch, "guard" | "timedByPrograms">): string {
  if (guard === null || !timedByPrograms) return "";
  return "sloctl: overhead guard: the kernel's run-time statistics are refused (no CAP_SYS_ADMIN): " +
    "the probes time one run in 64 themselves\n";
}
