import { assertEquals } from "@std/assert";
import { coverageRow, junitRow, scannerRow } from "./imports.ts";

const CASES = '<testcase name="a"/><testcase name="b"><failure>no</failure></testcase>' +
  '<testcase name="c"><skipped/></testcase>';

Deno.test("JUnit: the outermost suite that counts, else the sum of its parts, else the test cases", () => {
  const rows: [string, string, ReturnType<typeof junitRow>][] = [
    [
      "two suites",
      '<testsuites><testsuite name="a" tests="3" failures="1" errors="0" skipped="1"/>' +
      '<testsuite name="b" tests="2" failures="0" errors="1" skipped="0"/></testsuites>',
      { tests: 5, failures: 1, errors: 1, skipped: 1, passed: 2 },
    ],
    [
      "a suite inside a suite counts once",
      '<testsuites><testsuite tests="4" failures="0" errors="0" skipped="0">' +
      '<testsuite tests="2" failures="0" errors="0" skipped="0"/></testsuite></testsuites>',
      { tests: 4, failures: 0, errors: 0, skipped: 0, passed: 4 },
    ],
    [
      "nothing told, all listed",
      `<testsuite>${CASES}</testsuite>`,
      { tests: 3, failures: 1, errors: 0, skipped: 1, passed: 1 },
    ],
    [
      "fewer failures told than listed",
      `<testsuites tests="3" failures="0" errors="0" skipped="1"><testsuite>${CASES}</testsuite></testsuites>`,
      { tests: 3, failures: 1, errors: 0, skipped: 1, passed: 1 },
    ],
    [
      "quotes of either kind, and what only looks like a suite",
      `<?xml version='1.0'?><!-- <testsuite tests="9"/> --><testsuites tests='2' failures='0' errors='0' skipped='0' ` +
      `name="a > b"><system-out><![CDATA[<testsuite tests="9" failures="0">]]></system-out></testsuites>`,
      { tests: 2, failures: 0, errors: 0, skipped: 0, passed: 2 },
    ],
  ];
  for (const [name, text, row] of rows) assertEquals(junitRow(text), row, name);
});

Deno.test("JUnit: what is not told is missing and not 0, and half a report is none", () => {
  assertEquals(junitRow('<testsuite tests="9" failures="2"/>'), { tests: 9, failures: 2 });
  assertEquals(junitRow(`<testsuite tests="9">${CASES}</testsuite>`), { tests: 9 });
  const whole =
    `<testsuites tests="3" failures="1" errors="0" skipped="1"><testsuite>${CASES}</testsuite></testsuites>`;
  for (let length = 0; length < whole.length; length++) assertEquals(junitRow(whole.slice(0, length)), null);
  for (
    const text of [
      "<html></html>",
      '<testsuite tests="many"/>',
      "<testsuite/>",
      '<testsuite tests="1" tests="2" failures="0" errors="0"/>',
      '<testsuite tests="1" failures="0" errors="0"/><testsuite tests="1"/>',
      '<testsuite tests="1"></testsuites>',
      '<testsuite tests=1 failures="0"/>',
    ]
  ) assertEquals(junitRow(text), null, text);
});

Deno.test("lcov: every record has to be whole, or a file without lines that were hit would go unseen", () => {
  const record = (lines: string) => `SF:a\n${lines}\nend_of_record\n`;
  const [good, bad] = [record("DA:1,4\nLF:10\nLH:9"), record("DA:1,0\nDA:2,0\nLF:10\nLH:0")];
  assertEquals(coverageRow(good + bad), { lines_found: 20, lines_hit: 9, line_rate: 0.45 });
  assertEquals(coverageRow(record("DA:1,4\nDA:2,0\nLH:1")), { lines_found: 2, lines_hit: 1, line_rate: 0.5 });
  assertEquals(coverageRow(record("LF:0\nLH:0"))!.line_rate, null);
  const refused = [
    good + record("LH:0"),
    good + "SF:b\nLF:10\nLH:0\n",
    good + "SF:b\nSF:c\nLF:1\nLH:1\nend_of_record\n",
  ];
  for (const text of [...refused, "nothing", "", record("LF:ten\nLH:1"), record("LF:1\nLH:2")]) {
    assertEquals(coverageRow(text), null, text);
  }
});

Deno.test("scanners: vulnerabilities by severity; one without a severity is critical", () => {
  const trivy = {
    SchemaVersion: 2,
    Results: [{ Vulnerabilities: [{ Severity: "CRITICAL" }, { Severity: "UNKNOWN" }] }, {}],
  };
  assertEquals([scannerRow(trivy)!.critical, scannerRow({ SchemaVersion: 2, Results: [] })!.total], [2, 0]);
  const grype = {
    descriptor: {},
    matches: [{ vulnerability: { severity: "High" } }, { vulnerability: { severity: "Negligible" } }],
  };
  assertEquals([scannerRow(grype)!.high, scannerRow(grype)!.low], [1, 1]);
  assertEquals(scannerRow({ a: 1 }), null);
});
