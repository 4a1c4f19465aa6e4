import { assertEquals } from "@std/assert";
import { doubledKey, doubledKeyOfLine } from "./doubled_key.ts";

Deno.test("doubled keys: in any object, however written, and never across objects", () => {
  const rows: [string, string | null][] = [
    ['{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}', null],
    ['{"a":1,"a":2}', "a"],
    ['{"a" : 1, "a": 2}', "a"],
    ['{"\\u0061":1,"a":2}', "a"],
    ['{"x":[{"b":{"c":1,"c":1}}]}', "c"],
    ['{"a":"\\":","b":"{\\"a\\":1,\\"a\\":2}"}', null],
    ['{"a":":","b":["a","a"]}', null],
    ["[1,2]", null],
    ['"a:a"', null],
    ['{"__proto__":1,"__proto__":2}', "__proto__"],
  ];
  for (const [text, key] of rows) {
    assertEquals(doubledKey(text), key, text);
    if (text.startsWith("{")) assertEquals(doubledKeyOfLine(text, JSON.parse(text)), key, text);
  }
});
