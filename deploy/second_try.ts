/**
 * Which tests of a run that failed are worth a second try. Kernel tests compare clocks on a machine that others share: a virtual CPU that is
 * taken away for 50 ms sets one comparison in some hundred apart. A product that is wrong is wrong each time. Pure.
 */
import type { TestCase } from "./junit.ts";
import type { TestRun } from "./test_summary.ts";

/** More tests than this do not fail by chance. */
const MOST_TESTS = 4;

export interface SecondTry {
  /** The run without what is tried again. */
  readonly kept: TestRun;
  /** Files to load: those of the failed tests, and those that reported nothing, which may not have loaded. */
  readonly files: readonly string[];
  /** For `deno test --filter`: the failed tests, no others. Absent: all of them. */
  readonly filter?: string;
  readonly failed: readonly TestCase[];
}

/** From here on a code says that a signal ended the process (abort: 134). */
const BY_SIGNAL = 128;

/**
 * Null: the run passed, or its failure cannot be laid at a few tests. One that hung is not run again: it has had its time. Where the
 * runtime itself died, all of it is: Deno 2.9.6 aborts now and then in a process that is both server and client of hundreds of HTTP/2 connections.
 */
export function secondTry({ files, cases, code }: TestRun): SecondTry | null {
  if (code === 0 || code === null) return null;
  if (cases === null) {
    if (code < BY_SIGNAL) return null;
    const died: TestCase = { file: "deno test", name: `died with code ${code}`, outcome: "failed" };
    return { kept: { files: [], cases: [], code: 0 }, files, failed: [died] };
  }
  const failed = cases.filter(({ outcome }) => outcome === "failed");
  if (failed.length === 0 || failed.length > MOST_TESTS) return null;
  const own = new Set(failed.map(({ file }) => file));
  const heard = new Set(cases.map(({ file }) => file));
  // A test may be filed under the helper that registered it: then any file can be its own.
  const known = failed.every(({ file }) => files.includes(file));
  return {
    kept: { files, cases: cases.filter(({ outcome }) => outcome !== "failed"), code: 0 },
    files: known ? files.filter((file) => own.has(file) || !heard.has(file)) : files,
    filter: `/^(${failed.map(({ name }) => name.replace(/[^\w ]/g, "\\$&")).join("|")})$/`,
    failed,
  };
}
