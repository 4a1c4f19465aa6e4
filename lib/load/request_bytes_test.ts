import { assert, assertEquals } from "@std/assert";
import { requestMaker, type RequestShape } from "./request_bytes.ts";
import { BLOCK_WORDS, question } from "./words.ts";

const shape: RequestShape = {
  api: "chat",
  method: "POST",
  target: "/v1/chat/completions?x=1",
  host: "a:8080",
  headers: [["x-a", "b, c"], ["User-Agent", "mine"]],
  model: 'm"1',
  stream: true,
  extra: { temperature: 0 },
  body: "",
  prefix: "",
  traceKey: "k",
};
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const asked = (id: number, n: number, blocks?: number[]) =>
  question({ id, n_in: n, ...(blocks && { blocks }) }).map((part) => typeof part === "string" ? part : text(part)).join(
    "",
  );

Deno.test("a request: head, ids of W3C form, a body of the length it says", () => {
  const { make } = requestMaker(shape);
  const { bytes, traceId, spanId } = make({ id: 3, g_ns: 0, n_in: 5, n_out: 9 });
  const [head, body] = text(bytes).split("\r\n\r\n") as [string, string];
  const lines = head.split("\r\n");
  assertEquals(lines[0], "POST /v1/chat/completions?x=1 HTTP/1.1");
  assert(/^[0-9a-f]{32}$/.test(traceId) && /^[0-9a-f]{16}$/.test(spanId));
  for (const line of ["Host: a:8080", "x-a: b, c", "User-Agent: mine", `traceparent: 00-${traceId}-${spanId}-01`]) {
    assert(lines.includes(line), line);
  }
  assert(lines.includes(`content-length: ${body.length}`) && !head.includes("sloctl"));
  assertEquals(JSON.parse(body), {
    messages: [{ role: "user", content: "3: why does the first " }],
    max_tokens: 9,
    model: 'm"1',
    stream: true,
    stream_options: { include_usage: true },
    temperature: 0,
  });
  assert(make({ id: 4, g_ns: 0, n_in: 5, n_out: 9 }).traceId !== traceId);
});

Deno.test("completions, an answer in one piece, plain requests with and without a body", () => {
  const body = (change: Partial<RequestShape>) =>
    text(requestMaker({ ...shape, ...change }).make({ id: 0, g_ns: 0, n_in: 2, n_out: 1 }).bytes);
  const completions = JSON.parse(
    body({ api: "completions", stream: false, extra: { max_tokens: 3 } }).split("\r\n\r\n")[1]!,
  );
  assertEquals(completions, { prompt: "0: why ", model: 'm"1', stream: false, max_tokens: 3 });
  const get = body({ api: "plain", method: "GET" });
  assert(get.endsWith("\r\n\r\n") && !get.includes("content-length"));
  assert(body({ api: "plain", body: "[1]" }).includes("Content-Type: application/json\r\n"));
});

Deno.test("questions: as many words as asked for, none with another's prefix, a prefix of one's own", () => {
  for (const n of [1, 2, 17, 18, 1000]) assertEquals(asked(7, n).trim().split(" ").length, n);
  assert(asked(1, 50).slice(0, 3) !== asked(2, 50).slice(0, 3));
  const prefixed = JSON.parse(
    text(requestMaker({ ...shape, prefix: 'n"1' }).make({ id: 0, g_ns: 0, n_in: 2, n_out: 1 }).bytes).split(
      "\r\n\r\n",
    )[1]!,
  );
  assertEquals(prefixed.messages[0].content, 'n"1 0: why ');
});

Deno.test("equal blocks make equal words, other blocks others; the last is cut, what no block covers is filled", () => {
  const [one, two] = [asked(1, 1100, [5, 6, 7]), asked(2, 1100, [5, 6, 8])];
  const words = (text: string) => text.trim().split(" ");
  assertEquals([words(one).length, words(two).length], [1100, 1100]);
  assertEquals(words(one).slice(0, 2 * BLOCK_WORDS), words(two).slice(0, 2 * BLOCK_WORDS));
  assert(words(one)[2 * BLOCK_WORDS] !== words(two)[2 * BLOCK_WORDS]);
  assertEquals(words(asked(3, 600, [5])).length, 600);
});
