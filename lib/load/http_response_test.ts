import { assertEquals, assertThrows } from "@std/assert";
import { HttpError, type ResponseHead, ResponseReader } from "./http_response.ts";

const encoder = new TextEncoder();

interface Told {
  head: ResponseHead | null;
  body: string;
  reader: ResponseReader;
  /** Bytes of the input that were not its own. */
  left: number;
}

function read(text: string, size = Infinity): Told {
  const bytes = encoder.encode(text);
  let body = "";
  let head: ResponseHead | null = null;
  const reader = new ResponseReader({
    onHead: (found) => head = found,
    onBody: (part, from, to) => body += new TextDecoder().decode(part.subarray(from, to)),
  });
  let used = 0;
  for (let at = 0; at < bytes.length && !reader.done; at += size) {
    const part = bytes.subarray(at, Math.min(bytes.length, at + size));
    used += reader.read(part, part.length);
  }
  return { head, body, reader, left: bytes.length - used };
}

const OK = "HTTP/1.1 200 OK\r\n";

Deno.test("bodies by length, by chunks, until the end, and none", () => {
  const rows: [string, string, boolean, boolean][] = [
    [`${OK}Content-Length: 5\r\n\r\nhello`, "hello", true, true],
    [`${OK}content-length: 0\r\n\r\n`, "", true, true],
    [`${OK}content-length: 5, 5\r\n\r\nhello`, "hello", true, true],
    [`${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n`, "hello world", true, true],
    [`${OK}transfer-encoding: gzip, chunked\r\n\r\n0\r\nx-t: 1\r\n\r\n`, "", true, true],
    [`${OK}\r\nhello`, "hello", false, false],
    [`${OK}connection: close\r\ncontent-length: 1\r\n\r\nx`, "x", true, false],
    ["HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx", "x", true, false],
    ["HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\nx", "x", true, true],
    ["HTTP/1.1 204 No Content\r\n\r\n", "", true, true],
    ["HTTP/1.1 304\r\ncontent-length: 100\r\n\r\n", "", true, true],
    [
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${OK}content-length: 2\r\n\r\nhi`,
      "hi",
      true,
      true,
    ],
    ["\r\n" + `${OK}content-length: 2\n\nhi`, "hi", true, true],
    [`${OK}content-length:\r\n 2\r\nx-a: 1\r\n\t2\r\n\r\nhi`, "hi", true, true],
  ];
  for (const [text, body, done, keepAlive] of rows) {
    for (const size of [Infinity, 1, 3]) {
      const told = read(text, size);
      assertEquals([told.body, told.reader.done, told.left], [body, done, 0], JSON.stringify(text));
      if (done) assertEquals(told.reader.keepAlive, keepAlive, text);
    }
  }
});

Deno.test("an end of the connection ends a body without length, and cuts every other", () => {
  assertEquals(read(`${OK}\r\nhel`).reader.end(), true);
  for (
    const text of [OK, `${OK}content-length: 5\r\n\r\nhel`, `${OK}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`]
  ) {
    assertEquals(read(text).reader.end(), false, text);
  }
  assertEquals(read("").reader.untouched, true);
  assertEquals(read("H").reader.untouched, false);
});

Deno.test("headers: names in lower case, repeated ones joined, and what follows is not ours", () => {
  const told = read(`${OK}Retry-After: 3\r\nX-A: 1\r\nx-a:2\r\ncontent-length: 1\r\n\r\nxHTTP/1.1 200`);
  assertEquals([told.head?.headers.get("retry-after"), told.head?.headers.get("x-a"), told.left], ["3", "1, 2", 12]);
});

Deno.test("what is no HTTP/1 is refused", () => {
  const rows = [
    "SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/2 200\r\n\r\n",
    "HTTP/1.1 twohundred\r\n\r\n",
    `${OK}no colon\r\n\r\n`,
    `${OK}content-length: -1\r\n\r\n`,
    `${OK}content-length: 1, 2\r\n\r\n`,
    `${OK}transfer-encoding: chunked\r\n\r\nzz\r\n`,
    `${OK}transfer-encoding: chunked\r\n\r\n1\r\nxx\r\n`,
    `${OK}x: ${"y".repeat(70_000)}`,
    `${OK}transfer-encoding: chunked\r\n\r\n${"1".repeat(5000)}`,
  ];
  for (const text of rows) assertThrows(() => read(text), HttpError);
});

Deno.test("the answer to a HEAD ends with its head", () => {
  for (const head of [`${OK}Content-Length: 5\r\n\r\n`, `${OK}Transfer-Encoding: chunked\r\n\r\n`, `${OK}\r\n`]) {
    const reader = new ResponseReader({ onHead: () => {}, onBody: () => {} }, true);
    const bytes = encoder.encode(head + OK);
    assertEquals([reader.read(bytes, bytes.length), reader.done, reader.keepAlive], [head.length, true, true]);
  }
});
