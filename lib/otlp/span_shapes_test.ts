import { assertEquals } from "@std/assert";
import { SpanShapes, VALUE, type ValueKind } from "./span_shapes.ts";

const utf8 = new TextEncoder();
const TRACE = "0102030405060708090a0b0c0d0e0fff";
const ID = "f1f2f3f4f5f6f7f8";

/** Goes over a span as the scanner does: what stands between « and » is a value, of the kinds given. */
function keep(shapes: SpanShapes, marked: string, kinds: readonly ValueKind[]): string {
  const text = marked.replaceAll(/[«»]/g, "");
  shapes.begin(0);
  let at = 0;
  marked.split(/[«»]/).forEach((part, i) => {
    if (i % 2 === 1) shapes.value(utf8.encode(text), kinds[(i - 1) / 2]!, at, at + part.length);
    at += part.length;
  });
  shapes.end(utf8.encode(text), at);
  return text;
}

function fit(shapes: SpanShapes, text: string): number {
  const bytes = utf8.encode(text);
  return shapes.fit(bytes, new DataView(bytes.buffer), 0, new Uint32Array(6), 0);
}

Deno.test("a span like the one before is found with its ids and times; what comes behind it is not looked at", () => {
  const shapes = new SpanShapes();
  const marked =
    `{"traceId":"«${TRACE}»","spanId":"«${ID}»","startTimeUnixNano":"«1767225600000000001»","endTimeUnixNano":"«5»"}`;
  const text = keep(shapes, marked, [VALUE.traceId, VALUE.spanId, VALUE.start, VALUE.end]);
  const words = new Uint32Array(12);
  const other = text.replace("0102", "A102").replace(`"5"`, `"1767225601999999999"`);
  const bytes = utf8.encode(`[${other},`);
  assertEquals(shapes.fit(bytes, new DataView(bytes.buffer), 1, words, 6), other.length + 1);
  assertEquals([...words.subarray(6)], [0xa1020304, 0x05060708, 0x090a0b0c, 0x0d0e0fff, 0xf1f2f3f4, 0xf5f6f7f8]);
  assertEquals(shapes.found, {
    startS: 1767225600,
    startNs: 1,
    endS: 1767225601,
    endNs: 999999999,
    seen: shapes.found.seen,
  });
  for (const cut of [0, 1, 20, other.length - 1]) assertEquals(fit(shapes, other.slice(0, cut)), -1);
  assertEquals(fit(shapes, other.replace("spanId", "spanID")), -1);
  assertEquals(fit(shapes, other.replace(ID, ID.replace("f", "g"))), -1);
  assertEquals(fit(shapes, other.replace(`"1767225601999999999"`, `"17672256019999999990"`)), -1);
  assertEquals(fit(shapes, other.replace(`"1767225601999999999"`, `""`)), -1);
});

Deno.test("each kind of value takes what the grammar allows there, and leaves the rest to who knows all of it", () => {
  const cases: [ValueKind, string, string[], string[]][] = [
    [VALUE.parentSpanId, "", [ID, ""], ["0", ID.slice(1), `${ID}0`]],
    [VALUE.name, "a", ["b", "é"], ["", "\\n", "\u0001"]],
    [VALUE.text, "a", ["", "longer than it was"], ["\\n", "\t"]],
    [VALUE.time, "1", ["0", "9".repeat(19)], ["", "-1", "9".repeat(20)]],
    [VALUE.hex, "", ["ab", "0".repeat(40)], ["x"]],
    [VALUE.count, "1", ["0", "999999999"], ["", "01", "-1", "1234567890", "1.5"]],
    [VALUE.integer, "1", ["-7", "0", "9".repeat(18)], ["", "-", "007", "9".repeat(19), "1e3"]],
    [VALUE.number, "1", ["-7.25", "0", "0.5"], ["", "1.", ".5", "00.5", "1e3", "NaN"]],
    [VALUE.boolean, "true", ["false"], ["", "truth", "null", "falsy"]],
  ];
  for (const [kind, first, good, bad] of cases) {
    const shapes = new SpanShapes();
    keep(shapes, `{"x":"«${first}»"}`, [kind]);
    for (const value of good) {
      assertEquals(fit(shapes, `{"x":"${value}"}`), utf8.encode(`{"x":"${value}"}`).length, value);
    }
    for (const value of bad) assertEquals(fit(shapes, `{"x":"${value}"}`), -1, value);
  }
});

Deno.test("of several shapes the one that came next before is expected", () => {
  const shapes = new SpanShapes();
  const spans = ["a", "b", "c"].map((name) => `{"${name}":"«1»"}`);
  const texts = spans.map((span) => span.replaceAll(/[«»]/g, ""));
  for (const [i, text] of [...texts, texts[0]!].entries()) {
    assertEquals(fit(shapes, text), -1);
    keep(shapes, spans[i % 3]!, [VALUE.text]);
  }
  assertEquals([fit(shapes, texts[1]!), fit(shapes, texts[2]!)], [texts[1]!.length, texts[2]!.length]);
  for (const text of [...texts, ...texts]) assertEquals(fit(shapes, text), text.length);
  shapes.begin(0);
  shapes.spoil();
  shapes.end(utf8.encode(`{"d":1}`), 7);
  assertEquals(fit(shapes, texts[0]!), texts[0]!.length);
});
