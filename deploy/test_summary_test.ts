import { assertEquals } from "@std/assert";
import type { TestCase } from "./junit.ts";
import { summarize, type TestRun } from "./test_summary.ts";

const one = (name: string, outcome: TestCase["outcome"], file = "a_test.ts"): TestCase => ({ file, name, outcome });
const run = (cases: TestCase[] | null, code: number | null, files = ["a_test.ts"]): TestRun => ({ files, cases, code });

Deno.test("summarize", () => {
  const table: [TestRun[], boolean, string[]][] = [
    [[run([one("x", "passed")], 0)], true, ["1 passed, 0 failed"]],
    [
      [run([one("x", "passed"), one("dns — skipped: needs root", "skipped"), one("y", "skipped")], 0)],
      true,
      ["skipped: dns — needs root", "skipped: y — no reason given", "1 passed, 0 failed, 2 skipped"],
    ],
    [
      [run([one("x", "passed"), one("x > not judged: busy", "skipped")], 0)],
      true,
      ["skipped: x — not judged: busy", "1 passed, 0 failed, 1 skipped"],
    ],
    [[run([one("x", "passed"), one("y", "failed")], 1)], false, ["failed: a_test.ts: y", "1 passed, 1 failed"]],
    // b_test.ts threw while loading: it has no line in the report.
    [
      [run([one("x", "passed")], 1, ["a_test.ts", "b_test.ts"])],
      false,
      ["failed: b_test.ts: reported no test (did it load?)", "1 passed, 1 failed"],
    ],
    // A file without tests is no failure by itself.
    [[run([one("x", "passed")], 0, ["a_test.ts", "b_test.ts"])], true, ["1 passed, 0 failed"]],
    [
      [run([one("x", "passed")], 1)],
      false,
      ["failed: a_test.ts: failed outside of any test: see the message of deno test above", "1 passed, 1 failed"],
    ],
    // A run that could not start or hung spoils the whole, and the others still count.
    [
      [run([one("x", "passed")], 0), run(null, 1, ["k_kernel_test.ts"]), run(null, null, ["a_test.ts", "b_test.ts"])],
      false,
      [
        "failed: k_kernel_test.ts: did not run: see the message of deno test above",
        "failed: did not end in time: the test named last above hangs",
        "1 passed, 2 failed",
      ],
    ],
    [[run([one("x", "skipped")], 0)], false, [
      "failed: no test passed, so nothing is known",
      "skipped: x — no reason given",
      "0 passed, 1 failed, 1 skipped",
    ]],
    [[], false, ["failed: no test passed, so nothing is known", "0 passed, 1 failed"]],
  ];
  for (const [runs, ok, lines] of table) assertEquals(summarize(runs), { ok, lines });
});
