/** Reads the JUnit report `deno test --junit-path` writes. Pure. */

export interface TestCase {
  readonly file: string;
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
}

const SUITE = /<testsuite name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testsuite>)/g;
const CASE = /<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g;
const ENTITY: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Top-level tests of the report. Deno writes steps as further cases named `<test> > <step>`; they count with their test. */
export function testCases(xml: string): TestCase[] {
  return [...xml.matchAll(SUITE)].flatMap(([, suite, body = ""]) => {
    const file = unescape(suite!).replace(/^\.\//, "");
    const seen = new Set<string>();
    const cases: TestCase[] = [];
    for (const [, rawName, content = ""] of body.matchAll(CASE)) {
      const name = unescape(rawName!);
      if (isStep(name, seen)) continue;
      seen.add(name);
      const failed = content.includes("<failure") || content.includes("<error");
      cases.push({ file, name, outcome: failed ? "failed" : content.includes("<skipped") ? "skipped" : "passed" });
    }
    return cases;
  });
}

function isStep(name: string, tests: ReadonlySet<string>): boolean {
  for (let at = name.indexOf(" > "); at >= 0; at = name.indexOf(" > ", at + 1)) {
    if (tests.has(name.slice(0, at))) return true;
  }
  return false;
}

function unescape(text: string): string {
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (all, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return ENTITY[name] ?? all;
  });
}
