import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { parseChatRequest } from "./chat_request.ts";
import { ChunkWriter, complete, completionBody } from "./completion.ts";
import { OpenAiError } from "./openai_error.ts";

const MESSAGES = [{ role: "user", content: "Why is the first token slow?" }];

function ask(body: Record<string, unknown> = {}) {
  return parseChatRequest({ model: "m", messages: MESSAGES, ...body });
}

Deno.test("complete is the same for the same seed and messages, and only then", () => {
  const text = (seed: number, body = {}) => complete(seed, ask(body)).tokens.join("");
  assertEquals(text(42), text(42));
  assertNotEquals(text(42), text(43));
  assertNotEquals(text(42), text(42, { messages: [{ role: "user", content: "Other" }] }));
  const asParts = [{ role: "user", content: [{ type: "text", text: MESSAGES[0]?.content }] }];
  assertEquals(text(42), text(42, { messages: asParts }));
});

Deno.test("complete obeys max_tokens and stop", () => {
  const free = complete(42, ask());
  assert(free.tokens.length >= 24 && free.tokens.length <= 48 && free.finishReason === "stop");
  for (const body of [{ max_tokens: 5 }, { max_completion_tokens: 5 }, { max_completion_tokens: 5, max_tokens: 9 }]) {
    const short = complete(42, ask(body));
    assertEquals([short.tokens.length, short.finishReason], [5, "length"], JSON.stringify(body));
  }
  const generous = complete(42, ask({ max_tokens: 100 }));
  assertEquals([generous.tokens.length, generous.finishReason], [free.tokens.length, "stop"]);
  assertEquals(complete(42, ask({ max_tokens: 100, ignore_eos: true })).tokens.length, 100);
  const whole = free.tokens.join("");
  const stop = whole.slice(20, 26);
  const cut = complete(42, ask({ stop }));
  assertEquals([cut.tokens.join(""), cut.finishReason], [whole.slice(0, whole.indexOf(stop)), "stop"]);
});

Deno.test("the streamed documents add up to the whole one", () => {
  const completion = complete(42, ask({ max_tokens: 3 }));
  const whole = JSON.parse(completionBody(completion, 1));
  const writer = new ChunkWriter(completion, 1, true);
  const chunks = [writer.role(), ...completion.tokens.map((t) => writer.token(t)), writer.finish(), writer.usage()]
    .map((chunk) => JSON.parse(chunk));
  const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
  assertEquals(text, whole.choices[0].message.content);
  assertEquals(chunks.at(-1).choices, []);
  assertEquals(chunks.at(-1).usage, whole.usage);
  assertEquals(chunks.slice(0, -1).every((chunk) => chunk.usage === null), true);
  assert(!("usage" in JSON.parse(new ChunkWriter(completion, 1, false).finish())));
});

Deno.test("parseChatRequest refuses with a code", () => {
  const rows: [unknown, string][] = [
    [[], "invalid_type"],
    [{ messages: [] }, "empty_messages"],
    [{}, "empty_messages"],
    [{ messages: ["hi"] }, "invalid_type"],
    [{ messages: [{ role: "user", content: 1 }] }, "invalid_type"],
    [{ messages: MESSAGES, max_tokens: 0 }, "invalid_value"],
    [{ messages: MESSAGES, max_tokens: 1.5 }, "invalid_value"],
    [{ messages: MESSAGES, stream_options: { include_usage: true } }, "invalid_value"],
    [{ messages: MESSAGES, n: 2 }, "unsupported_value"],
    [{ messages: MESSAGES, model: 7 }, "invalid_model"],
    [{ messages: MESSAGES, stop: [1] }, "invalid_value"],
  ];
  for (const [body, code] of rows) {
    let got: unknown;
    try {
      parseChatRequest(body);
    } catch (error) {
      got = error;
    }
    assert(got instanceof OpenAiError && got.status === 400 && got.code === code, `${JSON.stringify(body)} -> ${got}`);
  }
});
