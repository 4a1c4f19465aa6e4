import { assertEquals } from "@std/assert";
import type { TestCase } from "./junit.ts";
import { secondTry } from "./second_try.ts";
import type { TestRun } from "./test_summary.ts";

const one = (file: string, outcome: TestCase["outcome"], name = "x"): TestCase => ({ file, name, outcome });
const run = (cases: TestCase[] | null, code: number | null, files: string[]): TestRun => ({ files, cases, code });

Deno.test("the files of failed tests are run again, the rest of the run is kept", () => {
  const cases = [one("a", "passed"), one("b", "passed"), one("b", "failed", "y"), one("c", "skipped")];
  assertEquals(secondTry(run(cases, 1, ["a", "b", "c", "silent"])), {
    kept: run([one("a", "passed"), one("c", "skipped")], 0, ["a", "c"]),
    again: ["b", "silent"],
    reasons: ["b: y"],
  });
});

Deno.test("no second try without a failed test, after a hang, for a file unknown, or for many", () => {
  const many = ["a", "b", "c", "d", "e"];
  const table: TestRun[] = [
    run([one("a", "passed")], 0, ["a"]),
    run([one("a", "passed")], 1, ["a", "b"]),
    run(null, 1, ["a"]),
    run([one("a", "failed")], null, ["a"]),
    run([one("helper", "failed")], 1, ["a"]),
    run(many.map((file) => one(file, "failed")), 1, many),
  ];
  for (const row of table) assertEquals(secondTry(row), null);
});
