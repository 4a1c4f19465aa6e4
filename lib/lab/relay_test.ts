import { assertEquals, assertRejects } from "@std/assert";
import type { ServerResponse } from "node:http";
import { relayStream } from "./relay.ts";
import { DONE, sseEvent } from "./sse.ts";

/** As much of a response as the relay touches; remembers each write. */
function fakeResponse() {
  const writes: string[] = [];
  const response = {
    headersSent: false,
    writeHead: () => response.headersSent = true,
    write: (text: string) => writes.push(text),
    end: () => writes.push("<end>"),
  };
  return { writes, response: response as unknown as ServerResponse };
}

function stream(...parts: string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(parts.map((part) => new TextEncoder().encode(part)));
}

const ROLE = sseEvent(
  '{"id":"c","choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}',
);
const TOKEN = sseEvent('{"id":"c","choices":[{"delta":{"content":"a"},"finish_reason":null}],"usage":null}');
const FINISH = sseEvent('{"id":"c","choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}');
const USAGE = sseEvent('{"id":"c","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}');

Deno.test("relayStream holds everything back until the first content, and usage unless asked", async () => {
  for (const asked of [false, true]) {
    const { writes, response } = fakeResponse();
    let firsts = 0;
    const parts = [ROLE, TOKEN, FINISH + USAGE, sseEvent(DONE)];
    const relayed = await relayStream(stream(...parts), response, {}, asked, () => firsts++);
    const strip = (text: string) => asked ? text : text.replace(',"usage":null', "");
    assertEquals(writes[0], strip(ROLE) + strip(TOKEN), "one write for role and first token");
    assertEquals(writes.join("").includes("prompt_tokens"), asked);
    assertEquals(writes.join("").includes("usage"), asked);
    assertEquals([firsts, writes.at(-1), writes.at(-2)], [1, "<end>", sseEvent(DONE)]);
    assertEquals(relayed, { id: "c", finishReason: "stop", inputTokens: 3, outputTokens: 1 });
  }
});

Deno.test("relayStream passes on what came before a break, and the break", async () => {
  const { writes, response } = fakeResponse();
  const broken = new ReadableStream<Uint8Array>({
    start: (c) => c.enqueue(new TextEncoder().encode(ROLE + TOKEN)),
    pull: (c) => c.error(new Error("reset")),
  });
  await assertRejects(() => relayStream(broken, response, {}, true, () => {}), Error, "reset");
  assertEquals(writes, [ROLE + TOKEN]);
});
