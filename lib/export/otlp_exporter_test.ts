/** Against real HTTP servers that fail in every way, read by OpenTelemetry's own classes. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import type { Span } from "../model/span.ts";
import { encodeTraces } from "../otlp/mod.ts";
import { makeCertificates } from "../testing/certificates.ts";
import { otlpSink, type OtlpSinkOptions } from "../testing/otlp_sink.ts";
import { missingTool, testUnless } from "../testing/unless.ts";
import { until } from "../testing/until.ts";
import { openOtlpExporter, type OtlpExporterOptions } from "./otlp_exporter.ts";

function span(n: number, size = 0): Span {
  return {
    resource: { "service.name": "gateway" },
    scope: "test",
    traceId: (n + 1).toString(16).padStart(32, "0"),
    spanId: (n + 1).toString(16).padStart(16, "0"),
    parentSpanId: "",
    name: `request ${n}`,
    kind: 2,
    startNs: 1_767_225_600_000_000_001n,
    endNs: 1_767_225_600_500_000_001n,
    attributes: {
      "llm.ebpf.dns.latency_ms": 122.25,
      "llm.ebpf.tcp.retransmits": 3,
      "llm.ebpf.tcp.retry_storm": false,
      ...(size > 0 ? { text: "x".repeat(size) } : {}),
    },
    events: [],
    statusCode: 0,
    statusMessage: "",
  };
}

const spans = (count: number, size?: number) => Array.from({ length: count }, (_, n) => span(n, size));
const FAST = { firstMs: 20, mostMs: 100 };

function open(port: number, part: Partial<OtlpExporterOptions<Span>> = {}) {
  return openOtlpExporter<Span>({
    endpoint: `http://127.0.0.1:${port}`,
    signal: "traces",
    encode: (records) => encodeTraces(records, "protobuf"),
    backOff: FAST,
    lingerMs: 20,
    timeoutMs: 3_000,
    ...part,
  });
}

/** Ten spans to a sink that behaves as told, until the exporter has nothing left. */
async function send(sinkOptions: OtlpSinkOptions, part: Partial<OtlpExporterOptions<Span>> = {}) {
  await using sink = await otlpSink(sinkOptions);
  const words: string[] = [];
  await using exporter = await open(sink.port, { onTrouble: (text) => void words.push(text), ...part });
  exporter.offer(spans(10));
  await until(() => settled(exporter.state), "the spans to be settled");
  await exporter.close();
  return { sink, state: exporter.state, words };
}

function settled({ offered, sent, rejected, refused, dropped }: Awaited<ReturnType<typeof open>>["state"]): boolean {
  return sent + rejected + refused + Object.values(dropped).reduce((a, b) => a + b) === offered;
}

Deno.test("spans arrive whole: one request, protobuf, v1/traces, with the headers that were given", async () => {
  const { sink, state } = await send({}, { headers: { "x-key": "hush" } });
  assertEquals(sink.requests.map(({ path, headers }) => [path, headers["content-type"], headers["x-key"]]), [
    ["/v1/traces", "application/x-protobuf", "hush"],
  ]);
  assertEquals(sink.spans.length, 10);
  assertEquals(sink.spans[3], {
    traceId: "00000000000000000000000000000004",
    spanId: "0000000000000004",
    name: "request 3",
    attributes: {
      "llm.ebpf.dns.latency_ms": 122.25,
      "llm.ebpf.tcp.retransmits": "3",
      "llm.ebpf.tcp.retry_storm": false,
    },
    resource: { "service.name": "gateway" },
  });
  assertEquals([state.sent, state.tries, state.trouble], [10, 1, ""]);
});

Deno.test("gzip, when asked for", async () => {
  const { sink } = await send({}, { compression: "gzip" });
  assertEquals([sink.requests[0]!.headers["content-encoding"], sink.spans.length], ["gzip", 10]);
});

Deno.test("429, 502, 503, 504, a cut connection, no answer in time: tried again until taken", async () => {
  for (const bad of [{ status: 429 }, { status: 502 }, { status: 503 }, { status: 504 }, "cut", "hang"] as const) {
    const { sink, state, words } = await send({ answer: (n) => n < 2 ? bad : { status: 200 } }, { timeoutMs: 200 });
    assertEquals([sink.spans.length, sink.requests.length, state.sent], [10, 3, 10], JSON.stringify(bad));
    assertEquals(words.length, 2, words.join("\n"));
    assertStringIncludes(words[1]!, "takes spans again");
  }
});

Deno.test("Retry-After is obeyed, as seconds and as a date", async () => {
  for (const after of [() => "1", () => new Date(Date.now() + 2_000).toUTCString()]) {
    const { sink } = await send({
      answer: (n) => n === 0 ? { status: 429, headers: { "retry-after": after() } } : { status: 200 },
    });
    const waited = sink.requests[1]!.at - sink.requests[0]!.at;
    assert(waited >= 950, `${waited} ms`); // the back-off alone would be 20 ms; a date has whole seconds
  }
});

Deno.test("every other refusal is final: 400, 401, 404, 413, 500, a redirect; what follows is sent", async () => {
  for (const status of [400, 401, 404, 413, 500, 307]) {
    const { sink, state, words } = await send({ answer: () => ({ status, headers: { location: "/v1/traces" } }) });
    assertEquals([sink.requests.length, state.refused, state.sent], [1, 10, 0], String(status));
    assertStringIncludes(words[0]!, `it answered ${status}; these are lost, and counted`);
  }
});

Deno.test("partial success: what was rejected is counted, and not sent again", async () => {
  const { sink, state } = await send({ answer: () => ({ status: 200, rejected: 3 }) });
  assertEquals([sink.requests.length, state.sent, state.rejected], [1, 7, 3]);
  assertStringIncludes(state.trouble, "not these");
});

Deno.test("many spans are cut into requests that a receiver takes; one that is too large is counted", async () => {
  await using sink = await otlpSink();
  await using exporter = await open(sink.port);
  exporter.offer([...spans(60, 300_000), span(99, 5_000_000)]);
  await until(() => settled(exporter.state), "the spans to be settled");
  assertEquals([sink.spans.length, exporter.state.dropped.too_large], [60, 1]);
  for (const { headers } of sink.requests) assert(Number(headers["content-length"]) <= 4 * 1024 * 1024);
});

Deno.test("an endpoint that is down costs the caller nothing, and memory stays in its bound", async () => {
  await using exporter = await open(free(), { spoolBytes: 200_000 });
  for (let i = 0; i < 20; i++) {
    exporter.offer(spans(1_000));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await until(() => exporter.state.gathering === 0, "the spans to be spooled");
  const { spool, dropped } = exporter.state;
  assert(spool.bytes <= 200_000 && dropped.spool_full > 0 && dropped.too_large === 0, JSON.stringify(exporter.state));
  await until(() => exporter.state.failing > 0, "a failure");
  await exporter.close(0);
  assert(settled(exporter.state), JSON.stringify(exporter.state));
  exporter.offer(spans(1));
  assertEquals(exporter.state.dropped.queue_full, 1);
});

Deno.test("everybody else has a turn between two requests that are encoded", async () => {
  await using exporter = await open(free());
  exporter.offer(spans(20_480));
  let turns = 0;
  while (exporter.state.gathering > 0) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    turns++;
  }
  assert(turns >= 10, `${turns} turns for 20 requests`);
});

Deno.test("on disk: down at first, restarted, then up: every span arrives once", async () => {
  const spoolDirectory = await Deno.makeTempDir();
  const port = free();
  for (let run = 0; run < 3; run++) {
    await using exporter = await open(port, { spoolDirectory });
    exporter.offer(spans(30).map((_, n) => span(run * 30 + n)));
    await exporter.close(50);
  }
  await using sink = await otlpSink({ port });
  await using exporter = await open(port, { spoolDirectory });
  await until(() => sink.spans.length >= 90, "the spans of three runs");
  await exporter.close();
  assertEquals(new Set(sink.spans.map(({ traceId }) => traceId)).size, 90);
  assertEquals([sink.spans.length, exporter.state.spool.items, exporter.state.sent], [90, 0, 90]);
  await Deno.remove(spoolDirectory, { recursive: true });
});

Deno.test("killed in the middle of a spool: nothing that was in it is missing afterwards", async () => {
  const spoolDirectory = await Deno.makeTempDir();
  // Takes three requests, then hangs, so that the kill comes while one is out and others wait.
  await using hanging = await otlpSink({ answer: (n) => n < 3 ? { status: 200 } : "hang" });
  const program = `
    import { openOtlpExporter } from ${JSON.stringify(import.meta.resolve("./otlp_exporter.ts"))};
    const { encodeTraces } = await import(${JSON.stringify(import.meta.resolve("../otlp/mod.ts"))});
    ${span.toString()}
    const exporter = await openOtlpExporter({
      endpoint: "http://127.0.0.1:${hanging.port}", signal: "traces", spoolDirectory: ${
    JSON.stringify(spoolDirectory)
  } + "/t",
      encode: (records) => encodeTraces(records, "protobuf"),
    });
    exporter.offer(Array.from({ length: 20_000 }, (_, n) => span(n)));
    while (exporter.state.gathering > 0 || exporter.state.sent < 3 * 1024) await new Promise((r) => setTimeout(r, 5));
    console.log(exporter.state.spool.items);
    await new Promise((r) => setTimeout(r, 60_000));`;
  const child = new Deno.Command(Deno.execPath(), { args: ["eval", "--no-check", program], stdout: "piped" }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const waiting = Number(new TextDecoder().decode(value));
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  assertEquals(waiting, 20_000 - 3 * 1024);

  await using sink = await otlpSink();
  await using exporter = await open(sink.port, { spoolDirectory: `${spoolDirectory}/t` });
  const all = () => new Set([...hanging.spans, ...sink.spans].map(({ spanId }) => spanId));
  await until(() => all().size === 20_000, "all spans");
  await exporter.close();
  assert(sink.spans.length <= waiting + 1024, "at most the request that was settled last comes twice");
  await Deno.remove(spoolDirectory, { recursive: true });
});

testUnless(
  await missingTool("openssl", "apt-get install openssl"),
  "TLS that does not verify is waited for",
  async () => {
    using certificates = await makeCertificates(["server"]);
    const { cert, key } = certificates.of("server");
    await using sink = await otlpSink({ tls: { cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key) } });
    const endpoint = `https://127.0.0.1:${sink.port}`;
    await using blind = await open(0, { endpoint });
    blind.offer(spans(10));
    await until(() => blind.state.failing > 0, "a failure");
    assertStringIncludes(blind.state.trouble, "certificate is not trusted");
    assertEquals(sink.spans.length, 0);
    await using trusting = await open(0, { endpoint, caFile: certificates.ca });
    trusting.offer(spans(10));
    await until(() => sink.spans.length === 10, "the spans");
  },
);

Deno.test("no URL of a password or a token is told", async () => {
  const words: string[] = [];
  const endpoint = `http://me:hush@127.0.0.1:${free()}/in?token=hush`;
  await using exporter = await open(0, { endpoint, onTrouble: (text) => void words.push(text) });
  exporter.offer(spans(1));
  await until(() => words.length > 0, "words");
  assert(!JSON.stringify([words, exporter.state]).includes("hush"));
  await assertRejects(() => open(0, { endpoint: "127.0.0.1:4318" }), UsageError);
});

/** A port nobody listens on. */
function free(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
