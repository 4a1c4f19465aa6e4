import { assertEquals } from "@std/assert";
import { displayWidth, pad, printable, truncateMiddle, wrap } from "./text.ts";

Deno.test("displayWidth", () => {
  const rows: [string, number][] = [["abc", 3], ["\x1b[31mred\x1b[39m", 3], ["日本", 4], ["e\u0301", 1], ["", 0]];
  for (const [text, width] of rows) assertEquals(displayWidth(text), width, text);
});

Deno.test("truncateMiddle keeps both ends and never exceeds the width", () => {
  const rows: [string, number, string][] = [
    ["short", 10, "short"],
    ["abcdefghij", 5, "ab…ij"],
    ["abcdefghij", 6, "abc…ij"],
    ["abc", 1, "…"],
    ["abc", 0, ""],
    ["日本語文字", 5, "日…字"],
  ];
  for (const [text, width, expected] of rows) assertEquals(truncateMiddle(text, width), expected);
});

Deno.test("printable takes the steering out of names from the wire", () => {
  const rows: [string, string][] = [["a\x1b[2Jb", "a?[2Jb"], ["x\ny\u202e", "x?y?"], ["ö.example", "ö.example"]];
  for (const [text, expected] of rows) assertEquals(printable(text), expected);
});

Deno.test("pad and wrap", () => {
  assertEquals(pad("7", 3, "right"), "  7");
  assertEquals(pad("long", 2), "long");
  assertEquals(wrap("one two three", 7), ["one two", "three"]);
  assertEquals(wrap("unbreakable-word x", 4), ["unbreakable-word", "x"]);
  assertEquals(wrap("took 12 % or 3 × a", 8), ["took", "12 % or", "3 × a"], "a number keeps its unit");
  assertEquals(wrap("", 4), []);
});
