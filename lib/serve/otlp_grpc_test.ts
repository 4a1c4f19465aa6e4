import { assert, assertEquals, assertRejects } from "@std/assert";
import grpc from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { IoError } from "../model/errors.ts";
import type { LogRecord } from "../model/log_record.ts";
import { Overload } from "../model/overload.ts";
import type { Receipt } from "../model/receipt.ts";
import type { Span } from "../model/span.ts";
import { encodeLogs, encodeTraces } from "../otlp/mod.ts";
import { ask } from "../testing/ask.ts";
import { makeCertificates } from "../testing/certificates.ts";
import { madeRun } from "../testing/telemetry.ts";
import { missingTool, testUnless } from "../testing/unless.ts";
import { until } from "../testing/until.ts";
import { Door } from "./door.ts";
import { type GrpcOptions, serveGrpc } from "./otlp_grpc.ts";
import { otlpRoute } from "./otlp_http.ts";
import { OtlpReceiver, type OtlpSink } from "./otlp_receiver.ts";
import { routes } from "./routes.ts";
import { readTls } from "./tls.ts";

const LOG: LogRecord = {
  timeNs: 1n,
  observedNs: 1n,
  severity: 9,
  severityText: "INFO",
  eventName: "",
  body: "",
  attributes: {},
  traceId: "",
  spanId: "",
  resource: {},
  scope: "",
};
const TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

function start(sink: OtlpSink, part: Partial<GrpcOptions> = {}) {
  const receiver = new OtlpReceiver({ sink, onFault: () => {} });
  return serveGrpc({ hostname: "127.0.0.1", port: 0, receiver, ...part });
}

interface Called {
  readonly code: number;
  readonly details: string;
  readonly bytes: Buffer | undefined;
  readonly status: Buffer | undefined;
}

/** One unary call with these bytes. */
function call(
  port: number,
  message: Uint8Array,
  { path = TRACES, credentials = grpc.credentials.createInsecure(), options = {}, keys = [] as string[] } = {},
): Promise<Called> {
  const client = new grpc.Client(`127.0.0.1:${port}`, credentials, options);
  const same = (bytes: Buffer) => bytes;
  const deadline = new Date(Date.now() + 5000);
  const metadata = new grpc.Metadata();
  for (const key of keys) metadata.add("idempotency-key", key);
  return new Promise<Called>((resolve) => {
    client.makeUnaryRequest(
      path,
      same,
      same,
      Buffer.from(message),
      metadata,
      { deadline },
      (error, bytes) => {
        client.close();
        const [status] = error?.metadata?.get("grpc-status-details-bin") ?? [];
        resolve({ code: error?.code ?? 0, details: error?.details ?? "", bytes, status: status as Buffer | undefined });
      },
    );
  });
}

Deno.test("gRPC: good, partly bad and undecodable requests; other methods", async () => {
  const kept: Span[] = [];
  await using server = await start({ spans: (spans) => void kept.push(...spans) });
  const { spans } = madeRun({ seconds: 1 });
  const good = await call(server.port, encodeTraces(spans, "protobuf"));
  assertEquals([good.code, good.bytes?.length, kept.length], [0, 0, spans.length]);
  const bad = { ...spans[0]!, endNs: 0n };
  const partly = await call(server.port, encodeTraces([bad], "protobuf"));
  assertEquals([partly.code, partly.bytes?.toString("hex").slice(4, 8)], [0, "0801"]);
  const broken = await call(server.port, new Uint8Array([0x0a, 0xff]));
  assertEquals([broken.code, broken.status?.subarray(0, 2).toString("hex")], [3, "0803"]);
  assert(broken.details.includes('Cannot decode "OTLP request"'), broken.details);
  assertEquals((await call(server.port, new Uint8Array(), { path: "/x.Y/Z" })).code, 12);
  const logs = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
  assertEquals((await call(server.port, new Uint8Array(), { path: logs })).code, 12, "no sink, no service");
});

Deno.test("gRPC: idempotency-key in the metadata is the header of HTTP, for one and the same keys", async () => {
  const kept = new Map<string, Receipt>();
  const taken: string[] = [];
  const keep = (receipt?: Receipt) => void (receipt !== undefined && kept.set(receipt.key, receipt));
  const sink: OtlpSink = {
    logs: (logs, _bytes, receipt) => {
      taken.push(...logs.map(({ body }) => String(body)));
      keep(receipt);
    },
    receiptOf: (key) => Promise.resolve(kept.get(key) ?? null),
  };
  await using server = await start(sink);
  const path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
  const log = (body: string) => encodeLogs([{ ...LOG, body }], "protobuf");
  const send = (message: Uint8Array, ...keys: string[]) => call(server.port, message, { path, keys });
  const [first, again] = [await send(log("a"), "k1"), await send(log("a"), "k1")];
  assertEquals([first.code, again.code, first.bytes, taken], [0, 0, again.bytes, ["a"]]);
  const other = await send(log("b"), "k1");
  assertEquals([other.code, other.details.includes('"k1": another request has it')], [6, true]);
  assertEquals([(await send(log("b"), "k2")).code, (await send(log("b"))).code, taken], [0, 0, ["a", "b", "b"]]);
  // Together: taken once, both told so.
  const both = await Promise.all([send(log("c"), "k3"), send(log("c"), "k3")]);
  assertEquals([both.map(({ code }) => code), taken.at(-1), taken.length], [[0, 0], "c", 4]);
  assertEquals((await send(log("d"), "x".repeat(256))).code, 3);
  const route = otlpRoute({ receiver: new OtlpReceiver({ sink }) });
  const headers = { "content-type": "application/x-protobuf", "idempotency-key": "k1" };
  const answer = await ask(routes([route]), { method: "POST", path: "/v1/logs", headers, body: log("a") });
  assertEquals([answer.status, taken.length], [200, 4], "taken over gRPC, known over HTTP");
});

Deno.test("gRPC: a full pipeline is UNAVAILABLE, so that the sender comes again", async () => {
  let full = true;
  await using server = await start({
    spans: () => {
      if (full) throw new Overload("the queue is full");
    },
  });
  const body = encodeTraces(madeRun({ seconds: 1 }).spans, "protobuf");
  const refused = await call(server.port, body);
  assertEquals(refused.code, 14);
  assert(refused.details.includes("the queue is full"), refused.details);
  full = false;
  assertEquals((await call(server.port, body)).code, 0);
});

Deno.test("gRPC: too large a message, raw or inflated, is RESOURCE_EXHAUSTED; gzip is understood", async () => {
  await using server = await start({ spans: () => {} }, { maxMessageBytes: 100_000 });
  const gzip = { options: { "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip } };
  assertEquals((await call(server.port, new Uint8Array(200_000))).code, 8);
  assertEquals((await call(server.port, new Uint8Array(50_000_000), gzip)).code, 8);
  const { spans } = madeRun({ seconds: 1 });
  assertEquals((await call(server.port, encodeTraces(spans, "protobuf"), gzip)).code, 0);
});

Deno.test("gRPC: a port in use is one clear error", async () => {
  await using server = await start({ spans: () => {} });
  await assertRejects(
    () => start({ spans: () => {} }, { port: server.port }),
    IoError,
    `"127.0.0.1:${server.port}": the port is in use`,
  );
});

testUnless(await missingTool("openssl", "apt-get install openssl"), "gRPC: TLS, and TLS on both sides", async () => {
  using ours = await makeCertificates(["server", "client"]);
  using theirs = await makeCertificates(["stranger"]);
  const bytes = (path: string) => Buffer.from(Deno.readFileSync(path));
  const reach = async (clientCa: string | undefined, pair?: { cert: string; key: string }) => {
    await using server = await start({ spans: () => {} }, { tls: readTls({ ...ours.of("server"), clientCa })! });
    const own = pair === undefined ? [] as const : [bytes(pair.key), bytes(pair.cert)] as const;
    const credentials = grpc.credentials.createSsl(bytes(ours.ca), ...own);
    const options = { "grpc.ssl_target_name_override": "localhost" };
    return (await call(server.port, new Uint8Array(), { credentials, options })).code === 0;
  };
  assertEquals(await reach(undefined), true);
  assertEquals(await reach(ours.ca, ours.of("client")), true);
  assertEquals(await reach(ours.ca), false);
  assertEquals(await reach(ours.ca, theirs.of("stranger")), false);
});

Deno.test("gRPC: beyond the cap connections that say nothing give way, one with a call under way does not", async () => {
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  let first = true;
  await using server = await start({
    spans: () => {
      if (!first) return;
      first = false;
      asked.resolve();
      return answered.promise;
    },
  }, { maxConnections: 20 });
  const body = (n: number) => encodeTraces(madeRun({ seconds: 1 }).spans.slice(n, n + 1), "protobuf");
  const slow = call(server.port, body(0));
  await asked.promise;
  const silent: Deno.Conn[] = [];
  for (let i = 0; i < 60; i++) silent.push(await Deno.connect({ hostname: "127.0.0.1", port: server.port }));
  await until(() => server.connections === 20, "the cap");
  assertEquals((await call(server.port, body(1))).code, 0);
  answered.resolve();
  assertEquals((await slow).code, 0);
  for (const connection of silent) connection.close();
});

Deno.test("gRPC: a message that does not come ends its call, and the connection waits again", async () => {
  const door = new Door({ tokens: [], namespace: "", region: "", nowMs: Date.now, clockMs: () => performance.now() });
  await using strict = await start({ spans: () => {} }, { door, maxConnections: 1 });
  for (let i = 0; i < 3; i++) assertEquals((await call(strict.port, new Uint8Array())).code, 16);
  await using server = await start({ spans: () => {} }, { messageMs: 200, maxConnections: 1 });
  const client = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure());
  const same = (bytes: Buffer) => bytes;
  const code = await new Promise<number>((resolve) => {
    const started = client.makeClientStreamRequest(TRACES, same, same, (error) => resolve(error?.code ?? 0));
    started.on("error", () => {});
  });
  assertEquals(code, 4);
  assertEquals((await call(server.port, new Uint8Array())).code, 0, "the one connection there may be gave way");
  client.close();
});

Deno.test("gRPC: messages under way share one bound; what does not fit is told to come again", async () => {
  const answered = Promise.withResolvers<void>();
  const spans = madeRun({ seconds: 60 }).spans;
  const body = (from: number) => encodeTraces(spans.slice(from, from + 100), "protobuf");
  const size = body(0).length;
  await using server = await start({ spans: () => answered.promise }, { maxHeldBytes: 3 * size });
  const first = [call(server.port, body(0)), call(server.port, body(100))];
  await until(() => server.heldBytes > 2 * size, "two of them");
  const large = await call(server.port, encodeTraces(spans, "protobuf"));
  assertEquals([large.code, large.details], [
    14,
    "Cannot read the message: too much is being read at this moment",
  ]);
  answered.resolve();
  assertEquals((await Promise.all(first)).map(({ code }) => code), [0, 0]);
  assertEquals((await call(server.port, body(200))).code, 0);
  assertEquals(server.heldBytes, 0);
});
