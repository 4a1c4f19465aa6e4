import { assertEquals, assertThrows } from "@std/assert";
import { SseError, SseReader } from "./sse.ts";

const encoder = new TextEncoder();

/** Events of a body that arrives in parts of `size` bytes. */
function read(body: string | Uint8Array, size = Infinity, most = 1 << 20): { events: string[]; comments: number } {
  const events: string[] = [];
  const reader = new SseReader((name, data) => events.push(name === "" ? data : `${name}|${data}`), most);
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  for (let at = 0; at < bytes.length; at += size) {
    reader.read(bytes, at, Math.min(bytes.length, at + size));
  }
  return { events, comments: reader.comments };
}

/** The same however reads cut it. */
function readAnyway(body: string): string[] {
  const whole = read(body).events;
  for (const size of [1, 2, 3, 5, 7]) assertEquals(read(body, size).events, whole, `${size} bytes at a time`);
  return whole;
}

Deno.test("rule 1: lines end in LF, CR or CRLF, also when a read cuts the pair", () => {
  for (const end of ["\n", "\r", "\r\n"]) {
    assertEquals(readAnyway(`data: a${end}${end}data: b${end}${end}`), ["a", "b"], JSON.stringify(end));
  }
  assertEquals(readAnyway("data: a\r\n\ndata: b\n\r\n"), ["a", "b"]);
});

Deno.test("rule 1: a leading byte order mark is skipped, a later one is text", () => {
  assertEquals(readAnyway("\ufeffdata: a\n\n"), ["a"]);
  assertEquals(readAnyway("data: a\n\n\ufeffdata: b\n\n"), ["a"]); // an unknown field
});

Deno.test("rule 1: UTF-8 cut by a read survives; what is no UTF-8 is refused", () => {
  assertEquals(readAnyway("data: déjà 漢字 🙂\n\n"), ["déjà 漢字 🙂"]);
  const bad = new Uint8Array([...encoder.encode("data: a"), 0xff, ...encoder.encode("\n\n")]);
  const error = assertThrows(() => read(bad), SseError);
  assertEquals(error.type, "invalid_utf8");
});

Deno.test("rule 2: one space after the colon, several data lines, and only a blank line dispatches", () => {
  assertEquals(readAnyway("data:a\n\ndata: b\n\ndata:  c\n\n"), ["a", "b", " c"]);
  assertEquals(readAnyway("data: a\ndata: b\ndata\n\n"), ["a\nb\n"]);
  assertEquals(readAnyway("event: error\ndata: x\nid: 4\nretry: 10\nnonsense\n\n"), ["error|x"]);
  assertEquals(readAnyway("event: lost\n\ndata: a\n\n"), ["a"]); // no data, no event; and its name is forgotten
});

Deno.test("rule 2: a stream cut in mid-event does not dispatch it", () => {
  assertEquals(readAnyway("data: a\n\ndata: b\n"), ["a"]);
  assertEquals(readAnyway("data: a\n\ndata: b"), ["a"]);
});

Deno.test("rule 3: comments are counted and are no events", () => {
  assertEquals(read(": keep-alive\n\ndata: a\n:\n\n: x\n"), { events: ["a"], comments: 3 });
});

Deno.test("rule 8: one event may be so large and no larger, in one line or in many, in one read or in many", () => {
  const fits = `data: ${"x".repeat(94)}\n\n`;
  const rows = [
    `data: ${"x".repeat(95)}\n\n`,
    `data: ${"x".repeat(45)}\n`.repeat(2) + "\n",
    `data: ${"x".repeat(500)}`,
  ];
  for (const size of [Infinity, 1, 10]) {
    assertEquals(read(fits.repeat(3), size, 100).events.length, 3);
    for (const body of rows) {
      assertEquals(assertThrows(() => read(body, size, 100), SseError).type, "event_too_large");
    }
  }
  assertEquals(read(": comments are no part of an event\n".repeat(50) + fits, 3, 100).events.length, 1);
});
