import { assertEquals } from "@std/assert";
import { address, text, u64 } from "./fields.ts";

function words(...values: number[]): DataView {
  const view = new DataView(new ArrayBuffer(16));
  values.forEach((value, i) => view.setUint16(2 * i, value, false));
  return view;
}

Deno.test("address writes IPv6 as RFC 5952 has it, and mapped IPv4 as IPv4", () => {
  const table: [number[], string][] = [
    [[0, 0, 0, 0, 0, 0xffff, 0x7f00, 0x0001], "127.0.0.1"],
    [[0, 0, 0, 0, 0, 0xffff, 0, 0], "0.0.0.0"],
    [[0, 0, 0, 0, 0, 0, 0, 0], "::"],
    [[0, 0, 0, 0, 0, 0, 0, 1], "::1"],
    [[0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], "2001:db8::1"],
    [[0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], "2001:db8::"],
    [[0xfe80, 0, 0, 0, 0x200, 0xf8ff, 0xfe21, 0x67cf], "fe80::200:f8ff:fe21:67cf"],
    [[0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], "2001:db8:0:1:1:1:1:1"], // one zero is not shortened
    [[0x2001, 0, 0, 1, 0, 0, 0, 1], "2001:0:0:1::1"], // the longest run
    [[0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], "2001:db8::1:0:0:1"], // the first of two equal runs
    [[1, 2, 3, 4, 5, 6, 7, 0xabcd], "1:2:3:4:5:6:7:abcd"],
    [[0x64, 0xff9b, 0, 0, 0, 0, 0xc000, 0x0201], "64:ff9b::c000:201"], // NAT64 is not mapped
  ];
  for (const [given, expected] of table) assertEquals(address(words(...given), 0), expected);
});

Deno.test("u64 is exact to 2^53, and text ends at the first NUL or at its bound", () => {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, 9_007_199_254_740_991n, true);
  assertEquals(u64(view, 0), Number.MAX_SAFE_INTEGER);
  new TextEncoder().encodeInto("abc\0def", new Uint8Array(view.buffer));
  assertEquals([text(view, 0, 16), text(view, 0, 2), text(view, 3, 4)], ["abc", "ab", ""]);
});
