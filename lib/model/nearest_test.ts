import { assertEquals } from "@std/assert";
import { editDistance, nearest } from "./nearest.ts";

Deno.test("editDistance counts inserts, deletes, replacements and swaps", () => {
  const table: [string, string, number][] = [
    ["", "", 0],
    ["", "abc", 3],
    ["abc", "", 3],
    ["fault", "fault", 0],
    ["fautl", "fault", 1],
    ["faul", "fault", 1],
    ["faults", "fault", 1],
    ["kitten", "sitting", 3],
  ];
  for (const [a, b, expected] of table) assertEquals(editDistance(a, b), expected, `${a} -> ${b}`);
});

Deno.test("nearest suggests only what is close", () => {
  const names = ["agent", "demo", "lab", "loadgen", "faultreplay"];
  const table: [string, string | undefined][] = [
    ["agnet", "agent"],
    ["demos", "demo"],
    ["fault", "faultreplay"],
    ["load", "loadgen"],
    ["zzz", undefined],
    ["x", undefined],
    ["kubernetes", undefined],
  ];
  for (const [word, expected] of table) assertEquals(nearest(word, names), expected, word);
});
