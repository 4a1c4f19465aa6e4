/** What a few runs of `deno test` amount to, in lines a person and a script can read. Pure. */
import type { TestCase } from "./junit.ts";

/** Stands between the name of a test that was not run and the reason; lib/testing/kernel.ts writes it. */
export const SKIP_MARK = " — skipped: ";

/** The same, where a test finds out while it runs that this machine is too busy to judge: it adds a skipped step of that name. */
const NOT_JUDGED = " > not judged: ";

/** One `deno test` process. */
export interface TestRun {
  /** What it was asked to run. */
  readonly files: readonly string[];
  /** Null when it wrote no report. */
  readonly cases: readonly TestCase[] | null;
  /** Its exit code; null when it had to be stopped. */
  readonly code: number | null;
}

export interface Summary {
  readonly ok: boolean;
  /** Failures and skips, one a line, then the count. The last one is always `N passed, N failed[, N skipped]`. */
  readonly lines: readonly string[];
}

/** A module that failed to load reports nothing, so a run that failed without a failed case still counts a failure. */
export function summarize(runs: readonly TestRun[]): Summary {
  const cases = runs.flatMap((run) => run.cases ?? []);
  const passed = cases.filter(({ outcome }) => outcome === "passed");
  const skipped = cases.filter(({ outcome }) => outcome === "skipped");
  const failures = runs.flatMap(failuresOf);
  if (failures.length === 0 && passed.length === 0) failures.push("no test passed, so nothing is known");
  const counts = `${passed.length} passed, ${failures.length} failed`;
  return {
    ok: failures.length === 0,
    lines: [
      ...failures.map((failure) => `failed: ${failure}`),
      ...skipped.map(({ name }) => skipLine(name)),
      skipped.length === 0 ? counts : `${counts}, ${skipped.length} skipped`,
    ],
  };
}

function failuresOf({ files, cases, code }: TestRun): string[] {
  const where = files.length === 1 ? `${files[0]}: ` : "";
  if (code === null) return [`${where}did not end in time: the test named last above hangs`];
  if (cases === null) return [`${where}did not run: see the message of deno test above`];
  const failures = cases.filter(({ outcome }) => outcome === "failed").map(({ file, name }) => `${file}: ${name}`);
  if (code === 0) return failures;
  // A case may be filed under a helper that registered it: then what was asked for cannot be told from what was heard of.
  const heard = new Set(cases.map(({ file }) => file));
  if (failures.length === 0) {
    failures.push(
      ...files.filter((file) => !heard.has(file)).map((file) => `${file}: reported no test (did it load?)`),
    );
  }
  return failures.length > 0 ? failures : [`${where}failed outside of any test: see the message of deno test above`];
}

/** A step that could not judge has its reason in its name. */
function skipLine(name: string): string {
  const mark = [SKIP_MARK, NOT_JUDGED].find((one) => name.includes(one));
  if (mark === undefined) return `skipped: ${name} — no reason given`;
  const at = name.lastIndexOf(mark);
  return `skipped: ${name.slice(0, at)} — ${mark === NOT_JUDGED ? "not judged: " : ""}${name.slice(at + mark.length)}`;
}
