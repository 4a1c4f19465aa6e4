import { assert, assertEquals, assertThrows } from "@std/assert";
import { median } from "./numbers.ts";
import { readers, replaceBlock } from "./page.ts";
import { type Figures, render } from "./render.ts";

const PAGE = new URL("../../docs/bench.md", import.meta.url);

Deno.test("median: the middle value, the lower of two", () => {
  for (const [values, expected] of [[[3, 1, 2], 2], [[4, 1, 2, 3], 2], [[5], 5], [[], NaN]] as const) {
    assertEquals(median(values), expected);
  }
});

Deno.test("replaceBlock changes only what stands between the markers", () => {
  const page = "a\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nb\n";
  assertEquals(replaceBlock(page, "new\n"), "a\n<!-- bench:begin -->\n\nnew\n\n<!-- bench:end -->\nb\n");
  assertThrows(() => replaceBlock("no markers", "new"), Error, "lacks");
});

Deno.test("render says why a part was skipped", () => {
  const skipped = { skipped: "needs root" };
  const figures: Figures = {
    machine: { cpu: "c", cpus: 2, arch: "x86_64", kernel: "6", deno: "2", commit: "abc", at: "now", load: 0 },
    drain: skipped,
    sustained: skipped,
    connect_loop: skipped,
    probe_cost: skipped,
    statistics: skipped,
    m5gate: skipped,
    victims: skipped,
    agent: skipped,
    record_bytes: { dns: 296, tally: 864 },
    join: skipped,
    watch: skipped,
    help: { runs: 15, median_ms: 50, min_ms: 40, max_ms: 60 },
  };
  const text = render(figures);
  const left = Object.values(figures).filter((part) => part === skipped).length;
  assertEquals(text.match(/skipped: needs root/g)?.length, left);
  assert(text.includes("| 296 to 864 |"));
  assert(text.includes("| 50 ms |"));
});

Deno.test("docs/bench.md shows both readers as they are in the sources (else: deno task bench --write)", async () => {
  const words = (text: string) => text.replaceAll(/\s+/g, " ").trim();
  assert(words(await Deno.readTextFile(PAGE)).includes(words(await readers())));
});
