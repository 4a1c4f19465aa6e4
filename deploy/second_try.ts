/**
 * Which files of a run that failed are worth running once more, alone. Kernel tests compare clocks on a machine that others share: a virtual
 * CPU that is taken away for 50 ms sets one comparison in some hundred apart. A product that is wrong is wrong twice. Pure.
 */
import type { TestRun } from "./test_summary.ts";

/** More files than this do not fail by chance. */
const MOST_FILES = 4;

export interface SecondTry {
  /** The run without what is run again. */
  readonly kept: TestRun;
  readonly again: readonly string[];
  /** What failed at first, as `file: test`. */
  readonly reasons: readonly string[];
}

/** Null: the run passed, or its failure cannot be laid at a few files. One that hung is not run again: it has had its time. */
export function secondTry(run: TestRun): SecondTry | null {
  const { files, cases, code } = run;
  if (code === 0 || code === null || cases === null) return null;
  const failed = cases.filter(({ outcome }) => outcome === "failed");
  // A file that reported nothing did not load, or a helper registered all its tests: run alone it tells which.
  const heard = new Set(cases.map(({ file }) => file));
  const again = [...new Set(failed.map(({ file }) => file)), ...files.filter((file) => !heard.has(file))];
  if (failed.length === 0 || again.length > MOST_FILES || again.some((file) => !files.includes(file))) return null;
  return {
    kept: {
      files: files.filter((file) => !again.includes(file)),
      cases: cases.filter(({ file }) => !again.includes(file)),
      code: 0,
    },
    again,
    reasons: failed.map(({ file, name }) => `${file}: ${name}`),
  };
}
