import { assert, assertEquals } from "@std/assert";
import { quoteLongIntegers, toJson } from "./json.ts";

Deno.test("toJson keeps what JSON.stringify loses", () => {
  const rows: readonly (readonly [unknown, string])[] = [
    [{ ts: 1700000000123456789n }, '{"ts":1700000000123456789}'],
    [[NaN, Infinity, -Infinity, 0, -1.5], '["NaN","+Inf","-Inf",0,-1.5]'],
    [{ a: undefined, b: null }, '{"b":null}'],
    [-9223372036854775808n, "-9223372036854775808"],
  ];
  for (const [value, text] of rows) assertEquals(toJson(value), text);
  assertEquals(toJson({ a: 1 }, 1), '{\n "a": 1\n}');
});

Deno.test("quoteLongIntegers quotes bare integers of 16 digits and more, and nothing else", () => {
  const rows: readonly (readonly [string, string])[] = [
    ['{"t":1700000000123456789}', '{"t":"1700000000123456789"}'],
    [
      '{"t": -1700000000123456789 ,"u":[1234567890123456,5]}',
      '{"t": "-1700000000123456789" ,"u":["1234567890123456",5]}',
    ],
    ["1234567890123456", '"1234567890123456"'],
    ['{"t":123456789012345}', '{"t":123456789012345}'],
    ['{"t":0.1234567890123456789}', '{"t":0.1234567890123456789}'],
    ['{"t":1234567890123456.5}', '{"t":1234567890123456.5}'],
    ['{"t":1234567890123456e3}', '{"t":1234567890123456e3}'],
    ['{"t":1e-1234567890123456789}', '{"t":1e-1234567890123456789}'],
    ['{"s":"1700000000123456789"}', '{"s":"1700000000123456789"}'],
    ['{"s":"a\\":1700000000123456789,"}', '{"s":"a\\":1700000000123456789,"}'],
    ['{"s":"\\\\","t":1700000000123456789}', '{"s":"\\\\","t":"1700000000123456789"}'],
    // Malformed before, malformed after.
    ["{1234567890123456:1}", "{1234567890123456:1}"],
    ['{"t":0123456789012345678}', '{"t":0123456789012345678}'],
    ['{"unterminated', '{"unterminated'],
  ];
  for (const [text, expected] of rows) assertEquals(quoteLongIntegers(text), expected, text);
});

Deno.test("quoteLongIntegers agrees with JSON.parse on every number that fits a double", () => {
  const text = JSON.stringify({ a: [1, 2.5, -3e7, 1e300, 0.1], b: { c: "12345678901234567890", d: 123456789012345 } });
  assertEquals(JSON.parse(quoteLongIntegers(text)), JSON.parse(text));
  const slashes = `{"s":"${"\\\\".repeat(200_000)}","t":1700000000123456789}`;
  assert(quoteLongIntegers(slashes).endsWith('"t":"1700000000123456789"}'));
});
