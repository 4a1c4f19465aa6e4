import { assert, assertEquals } from "@std/assert";
import { type Api, MOST_EVENT, Reply } from "./reply.ts";

const encoder = new TextEncoder();
const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";
const END = "0\r\n\r\n";

const chunked = (text: string) => `${encoder.encode(text).length.toString(16)}\r\n${text}\r\n`;
const event = (value: unknown) => chunked(`data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`);
const delta = (delta: unknown, more = {}) => event({ choices: [{ index: 0, delta, finish_reason: null, ...more }] });
const finish = event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
const usage = (n: number) => event({ choices: [], usage: { prompt_tokens: 7, completion_tokens: n } });
const done = event("[DONE]");

type Ending = "open" | "closed" | "reset";

/** Reads the parts at 10, 20, 30 ... ms; stamps come back in ms. */
function take(parts: readonly (string | Uint8Array)[], ending: Ending = "open", api: Api = "chat") {
  const reply = new Reply(api, true);
  parts.forEach((part, i) => {
    const bytes = typeof part === "string" ? encoder.encode(part) : part;
    if (!reply.over) reply.read(bytes, bytes.length, (i + 1) * 10e6);
  });
  if (ending !== "open") reply.end(ending === "closed" ? null : { type: "reset", detail: null });
  const ms = (ns: number | null) => ns === null ? null : ns / 1e6;
  const { outcome, failure, flags } = reply.outcome();
  return {
    reply,
    outcome,
    error: failure?.type ?? null,
    flags,
    h: ms(reply.hNs),
    a: ms(reply.content.aNs),
    r1: ms(reply.content.r1Ns),
    t: reply.content.tNs.map(ms),
    over: reply.over,
  };
}

Deno.test("rule 2: the stamp is that of the read that completed the event; events of one read share it", () => {
  const text = delta({ content: "a" }) + delta({ content: "b" });
  const cut = text.length - 20;
  const told = take([HEAD, text.slice(0, cut), text.slice(cut), finish + done + END]);
  assertEquals([told.h, told.t, told.outcome], [10, [20, 30], "ok"]);
  const together = take([HEAD + text + finish + done + END]);
  assertEquals([together.t, together.reply.coalesced], [[10, 10], 3]);
});

Deno.test("rule 3: comments are counted and move no instant", () => {
  const told = take([HEAD, chunked(": ping\n\n"), delta({ content: "a" }), chunked(": ping\n\n"), finish + done + END]);
  assertEquals([told.a, told.t, told.reply.comments, told.outcome], [30, [30], 2, "ok"]);
});

Deno.test("rule 4: role and empty deltas set a; text, reasoning and tool calls are content; reasoning never sets r1", () => {
  const told = take([
    HEAD,
    delta({ role: "assistant", content: "" }),
    delta({}),
    delta({ reasoning_content: "hm" }),
    delta({ reasoning: "hm" }),
    delta({ tool_calls: [{ index: 0, function: { arguments: "{" } }] }),
    delta({ content: "a" }),
    finish + done + END,
  ]);
  assertEquals([told.a, told.t, told.r1], [20, [40, 50, 60, 70], 60]);
  assertEquals(take([HEAD, delta({ reasoning_content: "hm" }), finish + done + END]).r1, null);
  assertEquals(
    take([HEAD, event({ choices: [{ index: 0, text: "a" }] }), finish + done + END], "open", "completions").t,
    [20],
  );
});

Deno.test("rule 5: a chunk with only finish_reason and a usage chunk move no content", () => {
  const told = take([HEAD, delta({ content: "a" }), finish, usage(9), done, END]);
  assertEquals([told.t, told.reply.content.nOut, told.reply.content.nIn, told.reply.content.finishReason], [
    [20],
    9,
    7,
    "stop",
  ]);
  assert(told.over && told.reply.bodyComplete && told.reply.reusable);
});

Deno.test("rule 6: an error inside a 200 stream, by its name or by its member, is err with the server's own word", () => {
  const rows: [string, string][] = [
    [event({ error: { type: "overloaded_error", message: "try later" } }), "overloaded_error"],
    [event({ error: { code: "rate_limit", message: "x" } }), "rate_limit"],
    [event({ error: "boom" }), "stream_error"],
    [chunked("event: error\ndata: not even json\n\n"), "stream_error"],
  ];
  for (const [text, error] of rows) {
    for (const before of ["", delta({ content: "a" })]) {
      const told = take([HEAD, before, text]);
      assertEquals([told.outcome, told.error, told.over, told.reply.reusable], ["err", error, true, false]);
    }
  }
  assertEquals(take([HEAD, event({ error: null, choices: [] }), finish + done + END]).outcome, "ok");
});

Deno.test("rule 7: [DONE] ends the stream, and what follows is counted, not parsed", () => {
  const told = take([HEAD, delta({ content: "a" }), done, chunked("data: {broken\n\n"), END]);
  assertEquals([told.outcome, told.flags, told.t, told.reply.lateBytes > 0], ["ok", [], [20], true]);
});

Deno.test("rule 7: an end after finish_reason without [DONE] is ok with a flag", () => {
  assertEquals(take([HEAD, delta({ content: "a" }), finish, END]).flags, ["no_done"]);
  assertEquals(take([HEAD, delta({ content: "a" }), finish, END]).outcome, "ok");
  const endless = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
  assertEquals(
    take([`${endless}data: ${JSON.stringify({ choices: [{ finish_reason: "stop" }] })}\n\n`], "closed").outcome,
    "ok",
  );
});

Deno.test("rule 7: an end without either, a truncated body, a reset: incomplete after content, err before", () => {
  const rows: [string[], Ending, string][] = [
    [[END], "open", "no_finish"],
    [[], "closed", "truncated"],
    [["5\r\nda"], "closed", "truncated"],
    [[], "reset", "reset"],
  ];
  for (const [parts, ending, error] of rows) {
    const after = take([HEAD, delta({ content: "a" }), ...parts], ending);
    assertEquals([after.outcome, after.error, after.over], ["incomplete", error, true]);
    const before = take([HEAD, delta({ role: "assistant" }), ...parts], ending);
    assertEquals([before.outcome, before.error], ["err", error]);
  }
  assertEquals(take([], "closed").error, "closed_before_response");
  assertEquals(take(["HTTP/1.1 2"], "closed").error, "truncated");
  const whole = take([HEAD, delta({ content: "a" }), done], "reset");
  assertEquals([whole.outcome, whole.flags], ["ok", ["body_not_ended"]]);
});

Deno.test("rule 8: another status, unparsable JSON, too large an event: err, the body kept up to 4 KiB", () => {
  const long = "x".repeat(10_000);
  const refused = take([`HTTP/1.1 429 Too Many\r\nretry-after: 7\r\ncontent-length: 10000\r\n\r\n`, long]);
  assertEquals([refused.outcome, refused.error, refused.reply.errorBody?.length], ["err", "http_429", 4096]);
  assertEquals([refused.reply.header("retry-after"), refused.reply.reusable], ["7", true]);
  const moved = take(["HTTP/1.1 307 Go\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n"]);
  assertEquals([moved.error, moved.reply.failure?.detail], ["http_307", "to /elsewhere"]);
  for (const bad of ["{", "[1]", "null", "hello"]) {
    const told = take([HEAD, delta({ content: "a" }), event(bad)]);
    assertEquals([told.outcome, told.error, told.over], ["err", "bad_json", true], bad);
  }
  const large = take([HEAD, delta({ content: "a" }), chunked(`data: ${"x".repeat(MOST_EVENT)}\n\n`)]);
  assertEquals([large.outcome, large.error, large.over], ["err", "event_too_large", true]);
  const bytes = new Uint8Array([...encoder.encode("a\r\ndata: "), 0xff, 0xfe, 10, 10, 13, 10]);
  assertEquals(take([HEAD, bytes]).error, "invalid_utf8");
  assertEquals(take(["this is no http server\r\n"]).error, "bad_http");
  const packed = HEAD.replace("\r\n\r\n", "\r\ncontent-encoding: gzip\r\n\r\n");
  assertEquals(take([packed]).error, "content_encoding");
});

Deno.test("rule 9: another content type is an answer in one piece: no first token, but tokens, errors and an end", () => {
  const whole = (body: unknown, type = "application/json") => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return [`HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${text.length}\r\n\r\n`, text];
  };
  const told = take(whole({ choices: [{ finish_reason: "stop" }], usage: { completion_tokens: 3, prompt_tokens: 2 } }));
  assertEquals([told.outcome, told.a, told.t, told.reply.content.nOut, told.h, told.flags], [
    "ok",
    null,
    [],
    3,
    10,
    [],
  ]);
  assertEquals(take(whole({ error: { type: "server_error" } })).error, "server_error");
  assertEquals(take(whole("{")).error, "bad_json");
  assertEquals(take(whole("plain words", "text/plain")).outcome, "ok");
  assertEquals(take(whole("{", "application/json"), "open", "plain").outcome, "ok");
});

Deno.test("rule 10: a client's cancel gives cancelled with the instants so far; a timeout keeps its own name", () => {
  const rows: [string, string, string][] = [
    ["cancelled", "cancelled", "cancelled"],
    ["idle_timeout", "incomplete", "idle_timeout"],
  ];
  for (const [type, outcome, error] of rows) {
    const { reply } = take([HEAD, delta({ content: "a" })]);
    reply.fail(type, null);
    assertEquals([reply.outcome().outcome, reply.outcome().failure?.type, reply.content.tNs], [outcome, error, [20e6]]);
  }
  const { reply } = take([HEAD]);
  reply.fail("first_byte_timeout", null);
  assertEquals(reply.outcome().outcome, "err");
});

Deno.test("rule 11: a second choice is err", () => {
  for (const choices of [[{ index: 0 }, { index: 1 }], [{ index: 1, delta: { content: "b" } }]]) {
    assertEquals(take([HEAD, event({ choices })]).error, "second_choice");
  }
});

Deno.test("plain event streams: each event is content, whatever it says; OpenAI chunks among them are read as such", () => {
  const told = take(
    [HEAD, chunked("data: hello\n\n"), chunked("event: tick\ndata: 2\n\n"), delta({}), END],
    "open",
    "plain",
  );
  assertEquals([told.outcome, told.t, told.a, told.flags, told.error], ["ok", [20, 30], 40, [], null]);
  assertEquals(take([HEAD, chunked("event: error\ndata: x\n\n")], "open", "plain").outcome, "err");
});

Deno.test("tokens in a chunk: by ids, by log probabilities, by a running count; unknown unless every chunk tells", () => {
  const running = (n: number) =>
    event({ choices: [{ index: 0, delta: { content: "x" } }], usage: { completion_tokens: n } });
  assertEquals(take([HEAD, running(1), running(2), running(5)]).reply.content.tTokens, [1, 1, 3]);
  const more = (text: string, more: unknown) => delta({ content: text }, more as Record<string, unknown>);
  assertEquals(
    take([HEAD, more("a", { token_ids: [1, 2] }), more("b", { logprobs: { content: [{}] } })]).reply.content.tTokens,
    [2, 1],
  );
  assertEquals(take([HEAD, more("a", { token_ids: [1, 2] }), delta({ content: "b" })]).reply.content.tTokens, null);
});
