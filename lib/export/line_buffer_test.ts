import { assertEquals } from "@std/assert";
import { toJson } from "../model/json.ts";
import { random } from "../stats/random.ts";
import { LineBuffer } from "./line_buffer.ts";

const decoder = new TextDecoder();
const json = (value: unknown) => {
  const lines = new LineBuffer(8);
  lines.json(value);
  return decoder.decode(lines.bytes);
};

Deno.test("JSON byte for byte as toJson writes it", () => {
  const values: unknown[] = [
    ...["", "plain", 'a "quote"', "back\\slash", "tab\t", "ümlaut €", "\u{1f600}", "\ud800", "\u007f", "x".repeat(300)],
    ...[0, -0, 1, -1, 9, 10, 99, 1e6, 0.1, 0.082707, -12.5, 941.409748, 1e-6, 1e-7, 5e-7, 1.0000005, 123456789.123456],
    ...[1e15, 999999999.999999, 1e21, 1.7976931348623157e308, 5e-324, 2 ** 53, 1 / 3, 100, 0.5, 0.000012],
    ...[NaN, Infinity, -Infinity, null, true, false],
    ...[
      0n,
      -5n,
      999_999_999n,
      1_000_000_000n,
      1_790_000_000_123_456_789n,
      1_799_999_999_999_999_999n,
      2n ** 63n - 1n,
      2n ** 70n,
    ],
    ...[[], {}, [1, "a", [2]], { a: { b: 1 }, "k\n": [] }, { gone: undefined, kept: 1 }, {
      n: NaN,
      list: [1, undefined],
    }],
  ];
  for (const value of values) assertEquals(json(value), `${toJson(value)}\n`);
});

Deno.test("100 000 numbers and stamps by chance", () => {
  const stream = random("line_buffer");
  for (let i = 0; i < 100_000; i++) {
    const [a, b] = [stream.float(), stream.float()];
    const number = i % 2 === 0 ? a * 10 ** Math.floor(b * 24 - 8) : Math.floor(a * 10 ** Math.floor(b * 15)) / 1e6;
    const stamp = BigInt(Math.floor(a * 2 ** 31)) * 1_000_000_000n + BigInt(Math.floor(b * 1e9));
    assertEquals(json([number, stamp]), `[${number},${stamp}]\n`);
  }
});

Deno.test("lines one after the other; one can be taken back; empty again", () => {
  const lines = new LineBuffer(4);
  lines.text("ä");
  lines.json({ a: 1 }, "<", ">");
  assertEquals([decoder.decode(lines.bytes), lines.length, lines.lines], ['ä\n<{"a":1}>\n', 13, 2]);
  lines.shorten(3);
  assertEquals([decoder.decode(lines.bytes), lines.lines], ["ä\n", 1]);
  lines.clear();
  assertEquals([lines.length, lines.lines], [0, 0]);
});
