import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { IoError, UsageError } from "../model/errors.ts";
import type { Span } from "../model/span.ts";
import { encodeTraces } from "../otlp/mod.ts";
import { type OtlpReceiver, serveOtlp } from "./otlp.ts";
import { SeenSpans } from "./seen_spans.ts";

const span = (n: number): Span => ({
  traceId: "0102030405060708090a0b0c0d0e0f10",
  spanId: n.toString(16).padStart(16, "0"),
  parentSpanId: "",
  name: "a",
  kind: 2,
  startNs: 1n,
  endNs: 2n,
  attributes: {},
  events: [],
  statusCode: 0,
  statusMessage: "",
  resource: {},
  scope: "",
});

function start(onSpans?: (spans: readonly Span[]) => void, maxBodyBytes?: number) {
  return serveOtlp({ hostname: "127.0.0.1", port: 0, onSpans: onSpans ?? (() => {}), maxBodyBytes });
}

async function send(receiver: OtlpReceiver, init: RequestInit, path = "/v1/traces") {
  const reply = await fetch(`http://127.0.0.1:${receiver.port}${path}`, { method: "POST", ...init });
  const bytes = await reply.bytes();
  return {
    status: reply.status,
    type: reply.headers.get("content-type"),
    allow: reply.headers.get("allow"),
    bytes,
    text: new TextDecoder().decode(bytes),
  };
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}

const JSON_TYPE = { "content-type": "application/json" };
const PROTO_TYPE = { "content-type": "application/x-protobuf" };

Deno.test("good requests are answered in their own encoding and their spans handed on", async () => {
  const got: string[] = [];
  await using receiver = await start((spans) => got.push(...spans.map((one) => one.spanId)));
  const rows: readonly (readonly [Record<string, string>, Uint8Array<ArrayBuffer>, string])[] = [
    [JSON_TYPE, encodeTraces([span(1)], "json"), "{}"],
    [{ "content-type": "Application/JSON; charset=utf-8" }, encodeTraces([span(2)], "json"), "{}"],
    [PROTO_TYPE, encodeTraces([span(3)], "protobuf"), ""],
    [{ ...PROTO_TYPE, "content-encoding": "gzip" }, await gzip(encodeTraces([span(4)], "protobuf")), ""],
    [{ ...JSON_TYPE, "content-encoding": "GZIP" }, await gzip(encodeTraces([span(5)], "json")), "{}"],
    [{ ...JSON_TYPE, "content-encoding": "identity" }, encodeTraces([span(6)], "json"), "{}"],
    [PROTO_TYPE, new Uint8Array(), ""],
    [JSON_TYPE, new TextEncoder().encode("{}"), "{}"],
  ];
  for (const [headers, body, text] of rows) {
    const reply = await send(receiver, { headers, body });
    const type = text === "{}" ? "application/json" : "application/x-protobuf";
    assertEquals([reply.status, reply.type, reply.text], [200, type, text], JSON.stringify(headers));
  }
  assertEquals(got, [1, 2, 3, 4, 5, 6].map((n) => span(n).spanId));
});

Deno.test("refusals: status, encoding, and a message; never 500", async () => {
  await using receiver = await start(undefined, 1000);
  const bomb = await gzip(new Uint8Array(2_000_000));
  assert(bomb.length > 1000 && bomb.length < 10_000);
  const small = (await gzip(new Uint8Array(20_000))).slice();
  assert(small.length < 1000);
  const rows: readonly (readonly [string, RequestInit, number, string, string?])[] = [
    ["C4 missing type", { body: new Uint8Array(3) }, 415, "content-type"],
    ["C4 other type", { headers: { "content-type": "text/plain" }, body: "x" }, 415, "content-type"],
    ["C5 GET", { method: "GET" }, 405, "only POST"],
    ["C5 PUT", { method: "PUT", headers: JSON_TYPE, body: "{}" }, 405, "only POST"],
    ["C5 path", { headers: JSON_TYPE, body: "{}" }, 404, "/v1/traces only", "/v1/other"],
    ["logs", { headers: JSON_TYPE, body: "{}" }, 404, "/v1/traces only", "/v1/logs"],
    ["metrics", { headers: JSON_TYPE, body: "{}" }, 404, "/v1/traces only", "/v1/metrics"],
    ["C3 empty JSON", { headers: JSON_TYPE, body: "" }, 400, "empty"],
    ["C6 JSON", { headers: JSON_TYPE, body: "{}{}" }, 400, "Cannot decode"],
    ["C6 protobuf", { headers: PROTO_TYPE, body: new Uint8Array([255]) }, 400, "Cannot decode"],
    ["C7 gzip", { headers: { ...JSON_TYPE, "content-encoding": "gzip" }, body: "{}" }, 400, "gzip"],
    [
      "C7 cut gzip",
      { headers: { ...JSON_TYPE, "content-encoding": "gzip" }, body: small.slice(0, 20) },
      400,
      "gzip",
    ],
    ["C7 zstd", { headers: { ...JSON_TYPE, "content-encoding": "zstd" }, body: "{}" }, 415, "zstd"],
    ["C8 raw", { headers: JSON_TYPE, body: " ".repeat(1001) }, 413, "1000 bytes"],
    ["C8 bomb", { headers: { ...PROTO_TYPE, "content-encoding": "gzip" }, body: small }, 413, "1000 bytes"],
    ["C8 stream", { headers: JSON_TYPE, body: new Blob([bomb]).stream() }, 413, "1000 bytes"],
  ];
  for (const [name, init, status, message, path] of rows) {
    const reply = await send(receiver, init, path);
    assertEquals(reply.status, status, name);
    assertStringIncludes(reply.text, message);
    const proto = new Headers(init.headers).get("content-type") === PROTO_TYPE["content-type"];
    assertEquals(reply.type, proto ? "application/x-protobuf" : "application/json", name);
    if (!proto) assertEquals(typeof JSON.parse(reply.text).message, "string", name);
    assertEquals(reply.allow, status === 405 ? "POST" : null, name);
  }
  const undecodable = await send(receiver, { headers: JSON_TYPE, body: "{" });
  assertEquals(JSON.parse(undecodable.text).details[0].fieldViolations[0].field, "body");
  assertEquals(receiver.stats.answers.get(500), undefined);
  assertEquals(receiver.stats.answers.get(413), 3);
});

Deno.test("a large body over the limit still gets its answer", async () => {
  await using receiver = await start(undefined, 1_000_000);
  const reply = await send(receiver, { headers: JSON_TYPE, body: new Uint8Array(8_000_000) });
  assertEquals(reply.status, 413);
});

Deno.test("partial success, warnings and duplicates are told and counted", async () => {
  const got: Span[] = [];
  await using receiver = await start((spans) => got.push(...spans));
  const bad = { ...span(2), endNs: 0n };
  const body = encodeTraces([span(1), bad, span(1)], "json");
  const reply = await send(receiver, { headers: JSON_TYPE, body });
  assertEquals(JSON.parse(reply.text), {
    partialSuccess: { rejectedSpans: "1", errorMessage: "1 with a bad time_order" },
  });
  assertEquals((await send(receiver, { headers: PROTO_TYPE, body: encodeTraces([span(1)], "protobuf") })).text, "");
  const snake = await send(receiver, { headers: JSON_TYPE, body: '{"resource_spans":[]}' });
  assertEquals(snake.status, 200);
  assertStringIncludes(JSON.parse(snake.text).partialSuccess.errorMessage, "lowerCamelCase");
  assertEquals(got, [span(1)]);
  assertEquals(receiver.stats.duplicates, 2);
  assertEquals(receiver.stats.spans, 1);
  assertEquals([...receiver.stats.rejected], [["time_order", 1]]);
});

Deno.test("spans the pipeline refuses may be sent again", async () => {
  let broken = true;
  let taken = 0;
  await using receiver = await start((spans) => {
    if (broken) throw new Error("disk full");
    taken += spans.length;
  });
  const init = { headers: PROTO_TYPE, body: encodeTraces([span(1)], "protobuf") };
  assertEquals((await send(receiver, init)).status, 503);
  broken = false;
  assertEquals((await send(receiver, init)).status, 200);
  assertEquals(taken, 1);
});

Deno.test("parallel senders all get through", async () => {
  let taken = 0;
  await using receiver = await start((spans) => taken += spans.length);
  const one = (n: number) =>
    send(receiver, {
      headers: { ...PROTO_TYPE, "accept-encoding": "gzip" },
      body: encodeTraces([span(n)], "protobuf"),
    });
  const replies = await Promise.all(Array.from({ length: 200 }, (_, n) => one(n + 1)));
  assertEquals(replies.filter((reply) => reply.status === 200).length, 200);
  assertEquals(taken, 200);
});

Deno.test("a port in use or an impossible address is one clear error", async () => {
  await using receiver = await start();
  const at = (hostname: string, port: number) => serveOtlp({ hostname, port, onSpans: () => {} });
  await assertRejects(
    () => at("127.0.0.1", receiver.port),
    IoError,
    `"127.0.0.1:${receiver.port}": the port is in use`,
  );
  await assertRejects(() => at("127.0.0.1", 70000), UsageError, "Cannot listen on");
  await assertRejects(() => at("192.0.2.1", 0), IoError, "Cannot listen on");
});

Deno.test("the stop signal shuts it down, a stalled sender cannot hold it", async () => {
  const stop = new AbortController();
  const receiver = await serveOtlp({ hostname: "127.0.0.1", port: 0, onSpans: () => {}, signal: stop.signal });
  using stalled = await Deno.connect({ hostname: "127.0.0.1", port: receiver.port });
  const head = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
  await stalled.write(new TextEncoder().encode(head));
  await new Promise((resolve) => setTimeout(resolve, 50));
  stop.abort();
  await receiver.shutdown();
  await assertRejects(() => Deno.connect({ hostname: "127.0.0.1", port: receiver.port }));
});

Deno.test("SeenSpans forgets the oldest, never more than its horizon", () => {
  const seen = new SeenSpans(4);
  assertEquals(seen.fresh([span(1), span(2), span(1)]).length, 2);
  assertEquals(seen.fresh([span(3), span(2)]).length, 1);
  assertEquals(seen.fresh([span(4), span(5)]).length, 2);
  assertEquals(seen.fresh([span(5), span(4), span(3)]), []);
  assertEquals(seen.fresh([span(1)]).length, 1);
});
