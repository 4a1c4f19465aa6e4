import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bars } from "./bars.ts";
import { markdownTable } from "./markdown.ts";
import { paint } from "./paint.ts";
import { table } from "./table.ts";
import { displayWidth } from "./text.ts";

const COLUMNS = [{ title: "name", min: 6 }, { title: "n", align: "right" }] as const;

Deno.test("table aligns, rules and remarks", () => {
  const text = table(COLUMNS, [["nginx", "5"], ["curl", "12"]], { note: (r) => r === 1 ? "a remark" : undefined });
  assertEquals(text, "name    n\n─────────\nnginx   5\ncurl   12\n       a remark\n");
});

Deno.test("table shortens what may be shortened and stays within its width", () => {
  const text = table(COLUMNS, [["a-very-long-name-of-a-process", "12"]], { width: 16 });
  assertEquals(text.split("\n")[2], "a-very…ocess  12");
  for (const line of text.split("\n")) assert(displayWidth(line) <= 16, line);
});

Deno.test("table colours after it has measured, and defuses cells", () => {
  const columns = [{ title: "x", paint: (t: string, p: ReturnType<typeof paint>) => p.red(t) }];
  const text = table(columns, [["\x1b[2J"]], { color: true });
  assertStringIncludes(text, "\x1b[31m?[2J\x1b[39m");
});

Deno.test("markdownTable escapes what would break a cell", () => {
  assertEquals(
    markdownTable([{ title: "a" }, { title: "n", align: "right" }], [["x|y\nz", "1"], ["only"]]),
    "| a | n |\n| --- | ---: |\n| x\\|y z | 1 |\n| only |  |\n",
  );
});

Deno.test("bars: the longest fills the room, null is not zero", () => {
  const text = bars([{ label: "dns", ms: 100 }, { label: "app", ms: 50 }, { label: "tls", ms: null }], { width: 30 });
  assertEquals(
    text,
    "dns       100 ms  ████████████\napp      50.0 ms  ██████\ntls  not watched\n",
  );
});

Deno.test("bars: baseline stands beside it, highlight is coloured only with colour", () => {
  const rows = [{ label: "dns", ms: 152, baselineMs: 3, highlight: true }, { label: "app", ms: 0, baselineMs: 0 }];
  const plain = bars(rows, { width: 40 });
  assertStringIncludes(plain, "dns  152 ms  (3.00 ms)  █");
  for (const line of plain.split("\n")) assert(displayWidth(line) <= 40, line);
  assertStringIncludes(bars(rows, { width: 40, color: true }), "\x1b[31m█");
});

Deno.test("paint without colour changes nothing", () => {
  assertEquals(paint(false).red("x"), "x");
  assertEquals(paint(true).bold("x"), "\x1b[1mx\x1b[22m");
});
