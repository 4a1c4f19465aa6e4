import { assertEquals } from "@std/assert";
import { growth } from "./growth.ts";
import type { Holding } from "./process.ts";

const readings = (of: (i: number) => Partial<Holding>): Holding[] =>
  Array.from(
    { length: 30 },
    (_, i) => ({ rss_mb: 100, open: { socket: 10, pipe: 30 }, entries: { threads: 300 }, ...of(i) }),
  );

Deno.test("what levels off does not grow, what rises to the end does", () => {
  const table: [string, (i: number) => Partial<Holding>, string[]][] = [
    ["steady", () => ({}), []],
    ["a start", (i) => ({ rss_mb: 60 + Math.min(i, 9) * 6, open: { pipe: Math.min(40, 10 + 4 * i) } }), []],
    ["a heap that breathes", (i) => ({ rss_mb: 100 + (i % 5) * 6 }), []],
    ["a leak of memory", (i) => ({ rss_mb: 100 + 3 * i }), ["resident set, MB"]],
    ["a file open for a moment", (i) => ({ open: { socket: 10, pipe: i === 27 ? 31 : 30 } }), []],
    ["a leak of one descriptor", (i) => ({ open: { pipe: 30, socket: i < 25 ? 10 : 11 } }), ["descriptors (socket)"]],
    ["a table that fills", (i) => ({ entries: { threads: 300, conns: 50 * i } }), ["entries of conns"]],
    ["a table that comes and goes", (i) => ({ entries: { conns: (i % 7) * 40 } }), []],
  ];
  for (const [what, of, expected] of table) {
    assertEquals(growth(readings(of)).grown.map(({ what }) => what), expected, what);
  }
  assertEquals(growth(readings(() => ({}))).rows, [
    { what: "resident set, MB", middle: 100, end: 100 },
    { what: "descriptors", middle: 40, end: 40 },
    { what: "entries of threads", middle: 300, end: 300 },
  ]);
});
