import { assertEquals } from "@std/assert";
import { testCases } from "./junit.ts";

Deno.test("testCases reads outcomes, unescapes names, and leaves steps to their test", () => {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="7" failures="2" errors="0" time="0.1">
    <testsuite name="./lib/a_test.ts" tests="5" disabled="1" errors="0" failures="2">
        <testcase name="a &gt; b &quot;c&quot; &#39;d&#x27;" classname="./lib/a_test.ts" time="0.0" line="1" col="6">
        </testcase>
        <testcase name="later" classname="./lib/a_test.ts" time="0.0" line="2" col="6">
            <skipped/>
        </testcase>
        <testcase name="bad" classname="./lib/a_test.ts" time="0.0" line="3" col="6">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
        <testcase name="bad &gt; inner" classname="./lib/a_test.ts" time="0.0" line="3" col="41">
            <failure message="boom">at &lt;testcase name=&quot;x&quot;&gt;</failure>
        </testcase>
        <testcase name="bad &gt; inner &gt; deep" classname="./lib/a_test.ts" time="0.0"/>
    </testsuite>
    <testsuite name="./empty_test.ts" tests="0" disabled="0" errors="0" failures="0"/>
    <testsuite name="./b_test.ts" tests="1" disabled="0" errors="0" failures="0">
        <testcase name="fine" classname="./b_test.ts" time="0.0" line="1" col="6"/>
    </testsuite>
</testsuites>`;
  assertEquals(testCases(xml), [
    { file: "lib/a_test.ts", name: `a > b "c" 'd'`, outcome: "passed" },
    { file: "lib/a_test.ts", name: "later", outcome: "skipped" },
    { file: "lib/a_test.ts", name: "bad", outcome: "failed" },
    { file: "b_test.ts", name: "fine", outcome: "passed" },
  ]);
});

Deno.test("a report with nothing in it has no cases", () => assertEquals(testCases("<testsuites></testsuites>"), []));
