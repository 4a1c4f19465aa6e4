/** What one comparison with an instrument is: written once here, printed by `deno task accuracy`, held by the kernel tests. */
import type { SignalName } from "../../lib/model/signals.ts";

/** What we said and what the instrument said of the same occurrences, in one run. */
export interface Comparison {
  readonly signal: SignalName;
  /** What was done: "resolver 20 ms late". */
  readonly what: string;
  /** The instrument: "dig", "schedstat run_delay". */
  readonly oracle: string;
  /** Occurrences compared. */
  readonly n: number;
  /** How `n` occurrences became one number. */
  readonly stat: "count" | "sum" | "mean" | "median" | "p95" | "max";
  readonly unit: "ms" | "count" | "%";
  readonly ours: number;
  readonly theirs: number;
  /** Largest difference, in the unit, that counts as agreement; 0: they must be equal. Times allow for two busy cores: the instrument waits for its CPU too. */
  readonly allowed: number;
  /** Why they differ, where they do. */
  readonly because?: string;
}

/** Comparisons that are made together, because they share a set-up. */
export interface Measurement {
  readonly name: string;
  /** Why it cannot be made on this machine, or null. */
  readonly needs?: () => string | null;
  readonly timeoutMs?: number;
  readonly measure: () => Promise<readonly Comparison[]>;
}

/** Ours less theirs. */
export const difference = ({ ours, theirs }: Comparison): number => ours - theirs;

/** False also when either side has no number: missing is no agreement. */
export const agrees = (one: Comparison): boolean => Math.abs(difference(one)) <= one.allowed;

/** Why a program cannot be used here, or null; `hint` says how to get it. */
export function lacks(program: string, hint = `apt-get install ${program}`): string | null {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":").concat("/usr/sbin", "/sbin")) {
    try {
      if (Deno.statSync(`${folder}/${program}`).isFile) return null;
    } catch { /* not in this folder */ }
  }
  return `${program} is not installed (${hint})`;
}

/** How often to repeat: a quarter where time is dear (SLOCTL_BRIEF=1, in emulated machines), at least 5. */
export function repeats(n: number): number {
  return Deno.env.get("SLOCTL_BRIEF") === "1" ? Math.max(5, Math.round(n / 4)) : n;
}
