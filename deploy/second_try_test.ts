import { assertEquals } from "@std/assert";
import type { TestCase } from "./junit.ts";
import { secondTry } from "./second_try.ts";
import type { TestRun } from "./test_summary.ts";

const one = (file: string, outcome: TestCase["outcome"], name = "x"): TestCase => ({ file, name, outcome });
const run = (cases: TestCase[] | null, code: number | null, files: string[]): TestRun => ({ files, cases, code });

Deno.test("failed tests are tried again, the rest of the run is kept", () => {
  const passed = [one("a", "passed"), one("b", "passed"), one("c", "skipped")];
  const failed = one("b", "failed", "1/2 of it (y)");
  assertEquals(secondTry(run([...passed, failed], 1, ["a", "b", "c", "silent"])), {
    kept: run(passed, 0, ["a", "b", "c", "silent"]),
    files: ["b", "silent"],
    filter: "/^(1\\/2 of it \\(y\\))$/",
    failed: [failed],
  });
});

Deno.test("a test filed under a helper is looked for in every file", () => {
  assertEquals(secondTry(run([one("a", "passed"), one("helper", "failed")], 1, ["a", "b"]))?.files, ["a", "b"]);
});

Deno.test("all of a run is tried again when the runtime died", () => {
  assertEquals(secondTry(run(null, 134, ["a", "b"])), {
    kept: run([], 0, []),
    files: ["a", "b"],
    failed: [one("deno test", "failed", "died with code 134")],
  });
});

Deno.test("no second try without a failed test, after a hang, or for many", () => {
  const table: TestRun[] = [
    run([one("a", "passed")], 0, ["a"]),
    run([one("a", "passed")], 1, ["a", "b"]),
    run(null, 1, ["a"]),
    run([one("a", "failed")], null, ["a"]),
    run(["a", "b", "c", "d", "e"].map((name) => one("a", "failed", name)), 1, ["a"]),
  ];
  for (const row of table) assertEquals(secondTry(row), null);
});
