import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Span } from "../model/span.ts";
import { encodeTraces } from "../otlp/mod.ts";
import { madeRun } from "../testing/telemetry.ts";
import { serveOtlp } from "./otlp.ts";

const JSON_TYPE = { "content-type": "application/json" };
const PROTO_TYPE = { "content-type": "application/x-protobuf" };

Deno.test("through a socket: parallel senders, gzip, refusals, and counts that agree", async () => {
  const { spans } = madeRun({ seconds: 20 });
  const kept: Span[] = [];
  const sink = { spans: (batch: readonly Span[]) => void kept.push(...batch) };
  await using server = await serveOtlp({ hostname: "127.0.0.1", port: 0, maxBodyBytes: 100_000, sink });
  const post = async (path: string, init: RequestInit) => {
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method: "POST", ...init });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  const gzip = (bytes: Uint8Array<ArrayBuffer>) =>
    new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
  const answers = await Promise.all(spans.map(async (span, i) => {
    const body = encodeTraces([span], i % 2 === 0 ? "json" : "protobuf");
    const headers = { ...(i % 2 === 0 ? JSON_TYPE : PROTO_TYPE), "accept-encoding": "gzip" };
    if (i % 3 > 0) return await post("/v1/traces", { headers, body });
    return await post("/v1/traces", { headers: { ...headers, "content-encoding": "gzip" }, body: await gzip(body) });
  }));
  assertEquals(answers.filter(({ status }) => status === 200).length, spans.length);
  assertEquals(new Set(kept.map((span) => span.traceId + span.spanId)).size, spans.length);
  // A sink for spans alone takes spans alone.
  assertEquals((await post("/v1/logs", { headers: JSON_TYPE, body: "{}" })).status, 404);
  const get = await post("/v1/traces", { method: "GET" });
  assertEquals([get.status, get.headers.get("allow")], [405, "POST"]);
  const large = await post("/v1/traces", { headers: JSON_TYPE, body: new Uint8Array(3_000_000) });
  assertEquals(large.status, 413);
  const broken = await post("/v1/traces", { headers: JSON_TYPE, body: "{" });
  assertEquals([broken.status, broken.headers.get("content-type")], [400, "application/json"]);
  assertStringIncludes(JSON.parse(broken.text).message, "Cannot decode");
  assertEquals(Object.fromEntries(server.answers), { 200: spans.length, 404: 1, 405: 1, 413: 1, 400: 1 });
  assertEquals([server.stats.traces.taken, server.stats.traces.undecodable], [spans.length, 1]);
  assert(server.stats.traces.bytes > 100 * spans.length);
});
