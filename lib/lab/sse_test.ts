import { assertEquals } from "@std/assert";
import { sseEvent, SseParser } from "./sse.ts";

Deno.test("SseParser yields the same events however the stream is cut", () => {
  const rows: [string, string, string[]][] = [
    ["two events", sseEvent("a") + sseEvent('{"b":1}'), ["a", '{"b":1}']],
    ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]],
    ["comment, no space, two lines", ": hi\ndata:a\ndata: b\n\n", ["a\nb"]],
    ["wide characters", sseEvent("größe €"), ["größe €"]],
    ["an unfinished event stays inside", "data: a\n\ndata: b\n", ["a"]],
  ];
  for (const [name, wire, expected] of rows) {
    const bytes = new TextEncoder().encode(wire);
    for (const size of [1, 2, 7, bytes.length]) {
      const parser = new SseParser();
      const got: string[] = [];
      for (let i = 0; i < bytes.length; i += size) got.push(...parser.push(bytes.subarray(i, i + size)));
      assertEquals(got, expected, `${name}, ${size} bytes at a time`);
    }
  }
});
