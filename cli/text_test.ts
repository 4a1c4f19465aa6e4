import { assertEquals } from "@std/assert";
import { twoColumns, wrap } from "./text.ts";

Deno.test("wrap", () => {
  const table: [string, number, string[]][] = [
    ["", 10, [""]],
    ["one two", 10, ["one two"]],
    ["one two three", 7, ["one two", "three"]],
    ["extraordinarily long", 5, ["extraordinarily", "long"]],
    ["  spaces\n and lines ", 80, ["spaces and lines"]],
  ];
  for (const [text, width, expected] of table) assertEquals(wrap(text, width), expected, text);
});

Deno.test("twoColumns aligns, wraps, and stacks where there is no room", () => {
  assertEquals(twoColumns([["a", "first"], ["long", "second and more words to wrap over"]], 32), [
    "  a     first",
    "  long  second and more words to",
    "        wrap over",
  ]);
  assertEquals(twoColumns([["name-of-a-flag", "what it does"]], 30), ["  name-of-a-flag", "      what it does"]);
  assertEquals(twoColumns([], 80), []);
});
