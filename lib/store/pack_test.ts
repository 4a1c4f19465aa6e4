import { assertEquals, assertThrows } from "@std/assert";
import { DOUBLES } from "../model/span.ts";
import { pack, unpack } from "./pack.ts";

Deno.test("pack: whatever an attribute can be comes back as it was, through JSON", () => {
  const marked = Object.assign({ a: 2, b: 3 }, { [DOUBLES]: new Set(["a"]) });
  const list = Object.assign([1, 2], { [DOUBLES]: new Set([""]) });
  const hostile = JSON.parse('{"__proto__":{"x":1},"a":1}');
  for (
    const value of [
      null,
      "",
      "\ud800 \u2028 \n",
      0,
      -0,
      1.5,
      NaN,
      Infinity,
      -Infinity,
      (1n << 64n) - 1n,
      -9007199254740993n,
      new Uint8Array([0, 255, 128]),
      new Uint8Array(),
      [],
      {},
      [1n, [2n, "x"], { a: NaN }],
      { $n: "not a number" },
      { "$": 1, b: 2n },
      { a: { $o: [["x", 1]] } },
      marked,
      { list },
      hostile,
    ]
  ) assertEquals(unpack(JSON.parse(JSON.stringify(pack(value)))), value);
});

Deno.test("pack: what needs nothing is not copied", () => {
  const value = { a: [1, { b: "c" }], d: null };
  assertEquals(pack(value) === value, true);
});

Deno.test("unpack: a key that pack never writes is refused", () => {
  assertThrows(() => unpack({ $x: 1 }), TypeError);
});
