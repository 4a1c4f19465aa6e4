import { assert, assertEquals } from "@std/assert";
import { forestSvg, forestText, type Interval } from "./forest.ts";

const row = (label: string, low: number, estimate: number, high: number): Interval => ({
  label,
  low,
  estimate,
  high,
  remark: "pass",
  tone: "good",
});
const percent = (value: number) => `${value} %`;

Deno.test("forest: an interval a line, zero and the margin through all, arrows where one goes on, nothing where there is none", () => {
  const rows = [row("a", -2, 0, 2), row("far", 30, 500, Infinity), row("none", NaN, NaN, NaN)];
  const lines = forestText(rows, 5, percent).split("\n");
  assert(lines[0]!.includes("0") && lines[0]!.includes("5 %"), lines[0]);
  assert(/^a .*├─*●─*┤.*pass$/.test(lines[1]!), lines[1]);
  assert(/^far .*├─+[●▶] .*pass$/.test(lines[2]!), lines[2]);
  assert(!/[├●]/.test(lines[3]!) && lines[3]!.includes("|") && lines[3]!.includes(":"), lines[3]);
  // Zero stands in the same column of every line that does not cover it.
  assertEquals(lines[2]!.indexOf("|"), lines[3]!.indexOf("|"));
});

Deno.test("forest: a picture of its own, with words made harmless", () => {
  const svg = forestSvg('a <b> & "c"', [row("<script>", -1, 0, 1), row("none", NaN, NaN, NaN)], 5, percent);
  assert(svg.startsWith("<svg") && svg.endsWith("</svg>\n"));
  assert(svg.includes("&lt;script&gt;") && !svg.includes("<script>") && !/NaN|Infinity/.test(svg), svg);
  assertEquals(svg.match(/<circle /g)?.length, 1);
});
