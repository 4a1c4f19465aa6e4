import { assertEquals } from "@std/assert";
import { strictNumber } from "./strict_number.ts";

Deno.test("numbers by one strict grammar: what JavaScript would take for 0, 16 or 12 is none", () => {
  const rows: [string, number][] = [
    ["1.5", 1.5],
    ["-.5e3", -500],
    ["+3", 3],
    ["1e400", Infinity],
    ["NaN", NaN],
    ["+Inf", Infinity],
    ["Inf", Infinity],
    ["-Inf", -Infinity],
    ["", NaN],
    [" ", NaN],
    ["0x10", NaN],
    ["12ms", NaN],
    ["1,5", NaN],
    ["null", NaN],
    ["toString", NaN],
  ];
  for (const [text, value] of rows) assertEquals(strictNumber(text), value, `"${text}"`);
});
