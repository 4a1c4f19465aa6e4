import { assert, assertEquals } from "@std/assert";
import { axisFor, place, ticks } from "./axis.ts";
import { dotPlot } from "./dot_plot.ts";
import { buckets, histogram } from "./histogram.ts";
import { svgPage } from "./svg_chart.ts";

Deno.test("axis: linear from 0, or logarithmic where values span much; ticks are round and inside", () => {
  const linear = axisFor("ms", [10, 47]);
  assertEquals([linear.scale, linear.min, linear.max], ["linear", 0, 50]);
  assertEquals(ticks(linear), [0, 10, 20, 30, 40, 50]);
  const log = axisFor("ms", [0.12, 38, 0]);
  assertEquals([log.scale, log.min, log.max], ["log", 0.1, 50]);
  assertEquals(ticks(log), [0.1, 0.3, 1, 3, 10, 30]);
  assertEquals(ticks({ label: "", min: 2, max: 40, scale: "log" }), [2, 5, 10, 20]);
  assertEquals([place(log, 0.1), place(log, 50), place(log, 1000), place(log, 0)], [0, 1, 1, 0]);
  assertEquals(axisFor("ms", []).max, 1);
  assertEquals(ticks({ label: "", min: 1, max: 5, scale: "linear" }), [1, 2, 3, 4, 5]);
});

Deno.test("dots: corners where they belong, every line within the width", () => {
  const axis = { label: "", min: 0, max: 10, scale: "linear" as const };
  const format = (value: number) => String(value);
  const text = dotPlot([{ points: [[0, 0], [10, 10]] }], axis, axis, {
    width: 40,
    height: 4,
    formatX: format,
    formatY: format,
  });
  const lines = text.trimEnd().split("\n");
  assertEquals(lines.length, 6);
  assert(lines[0]!.endsWith("⠈") && lines[3]!.includes("│⡀"), text);
  assert(lines.every((line) => [...line].length <= 41), text);
});

Deno.test("histogram: every value in one bucket, bounds inclusive above, shares that end at 100 %", () => {
  const values = Float64Array.from([0, 1, 2, 2, 5, 9.9, 10]);
  const rows = buckets(values, 14);
  assertEquals(rows.reduce((sum, { n }) => sum + n, 0), 7);
  assert(rows.every(({ from, to }, i) => from < to && (i === 0 || rows[i - 1]!.to === from)));
  assert(histogram(values, "ms", { width: 60 }).trimEnd().split("\n").at(-1)!.includes("100 %"));
  assertEquals(buckets(Float64Array.from([0, 0]), 5), []);
  assert(buckets(Float64Array.from([0.001, 1e6]), 5).length <= 12);
});

Deno.test("svg: well formed, escaped, and empty charts say so", () => {
  const axis = axisFor("ms", [1, 2]);
  const chart = { title: "a < b", x: axis, y: axis, formatX: String, formatY: String };
  const points: [number, number][] = [[1, 1], [2, 2]];
  const full = svgPage('x"&', ["line"], [
    {
      ...chart,
      series: (["points", "line", "ticks"] as const).map((kind) => ({ name: kind, color: "#000", kind, points })),
    },
    { ...chart, series: [], markers: [{ x: 1, text: "p50" }] },
  ]);
  assert(
    full.includes("a &lt; b") && full.includes("x&quot;&amp;") && full.includes("no data") && !full.includes("NaN"),
  );
  for (const tag of ["svg", "g ", "text", "title"]) {
    assertEquals(full.split(`<${tag}`).length, full.split(`</${tag.trim()}>`).length + (tag === "text" ? 0 : 0), tag);
  }
});
