import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import grpc from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { get as httpGet } from "node:http";
import { gzipSync } from "node:zlib";
import { IoError, UsageError } from "../model/errors.ts";
import { type Span, SPAN_KIND } from "../model/span.ts";
import { probeEventLog } from "../export/probe_event_log.ts";
import { watchEvents } from "../net/watch_events.ts";
import { encodeLogs, encodeTraces } from "../otlp/mod.ts";
import { digestOf } from "../serve/token_file.ts";
import { SloTracker } from "../slo/tracker.ts";
import { startCollector } from "../testing/collector.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { sloFile } from "../testing/slo.ts";
import { madeRun } from "../testing/telemetry.ts";
import { until } from "../testing/until.ts";
import { incidents } from "./ask/incidents.ts";

const TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const { spans, probes } = madeRun({ seconds: 1 });
const body = encodeTraces(spans, "protobuf");

/** Claims of the token `name`, as a line of the file. */
const line = (name: string, claims: Record<string, unknown> = {}) =>
  JSON.stringify({ kid: "k1", jti: name, ...claims, sha256: digestOf(name).toHex() });

async function tokenFile(...lines: string[]) {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-tokens-" });
  const path = `${folder}/tokens`;
  const write = (...lines: string[]) => {
    Deno.writeTextFileSync(`${path}.new`, lines.join("\n") + "\n", { mode: 0o600 });
    Deno.renameSync(`${path}.new`, path);
  };
  write(...lines);
  return { path, write, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

function post(base: string, token: string | null, what: Uint8Array<ArrayBuffer> = body, headers = {}) {
  const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  return fetch(`${base}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf", ...authorization, ...headers },
    body: what,
  });
}

const get = async (url: string, token: string | null) => {
  const answer = await fetch(url, { headers: token === null ? {} : { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  return { status: answer.status, text, headers: answer.headers };
};

/** The code of a unary call, and what it said. @param kept a client that is used again: without it each call has a connection of its own */
function call(
  port: string,
  token: string | null,
  message: Uint8Array = body,
  kept: grpc.Client | null = null,
): Promise<{ code: number; details: string }> {
  const client = kept ?? new grpc.Client(port, grpc.credentials.createInsecure());
  const metadata = new grpc.Metadata();
  if (token !== null) metadata.set("authorization", `Bearer ${token}`);
  const same = (bytes: Buffer) => bytes;
  return new Promise((resolve) => {
    const deadline = new Date(Date.now() + 5000);
    client.makeUnaryRequest(TRACES, same, same, Buffer.from(message), metadata, { deadline }, (error) => {
      if (kept === null) client.close();
      resolve({ code: error?.code ?? 0, details: error?.details ?? "" });
    });
  });
}

Deno.test("with --token-file every route but /v1/health wants a token, on HTTP, gRPC and the port of metrics", async () => {
  await using file = await tokenFile(
    "plain",
    line("reader", { verbs: ["read"] }),
    line("foreign", { ns: "dev" }),
    line("old", { exp: 1 }),
    line("away", { region: "us" }),
    line("small", { max_bytes: 1000 }),
    line("slow", { qps: 1 }),
  );
  const to = await startCollector({
    tokenFile: file.path,
    place: { cluster: "", namespace: "prod", workload: "", service: "" },
  });
  for (const path of ["/v1/incidents", "/v1/slo", "/v1/agents", "/metrics", "/nowhere", "/v1/health/", "/V1/health"]) {
    const { status, headers } = await get(to.http + path, null);
    assertEquals([status, headers.get("www-authenticate")], [401, "Bearer"], path);
  }
  assertEquals((await get(`${to.http}/v1/health`, null)).status, 200);
  assertEquals((await get(to.metrics, null)).status, 401);
  assertEquals((await get(to.metrics, "plain")).status, 200);
  const rows: readonly (readonly [string | null, number, number])[] = [
    [null, 401, 16],
    ["wrong", 401, 16],
    ["old", 401, 16],
    ["reader", 403, 7],
    ["foreign", 403, 7],
    ["away", 451, 7],
    ["small", 413, 8],
    ["plain", 200, 0],
  ];
  for (const [token, status, code] of rows) {
    const answer = await post(to.http, token);
    assertEquals(answer.status, status, `${token}`);
    assertEquals(answer.headers.get("content-type"), "application/x-protobuf", "a Status in the request's encoding");
    if (status !== 200) assert((await answer.bytes()).length > 10);
    else await answer.body?.cancel();
    assertEquals((await call(to.grpc, token)).code, code, `${token} over gRPC`);
  }
  const bomb = new Uint8Array(gzipSync(new Uint8Array(2000)));
  assert(bomb.length < 1000);
  assertEquals((await post(to.http, "small", bomb, { "content-encoding": "gzip" })).status, 413, "inflated counts too");
  assertEquals((await get(`${to.http}/v1/slo`, "slow")).status, 200);
  const again = await post(to.http, "slow");
  assertEquals([again.status, again.headers.get("retry-after")], [429, "1"]);
  assertEquals((await call(to.grpc, "slow")).code, 8);
  const { text } = await get(to.metrics, "plain");
  for (const [status, n] of [[401, 14], [403, 4], [429, 2], [451, 2]]) {
    assertStringIncludes(text, `llm_slo_collector_door_refused_total{status="${status}"} ${n}\n`);
  }
  assertEquals(await to.end(), 0);
  for (const secret of ["plain", "reader", "wrong"]) assert(!to.io.stderr.includes(secret), to.io.stderr);
});

Deno.test("a token of a namespace sends and reads nothing of another's", async () => {
  const of = (ns: string) =>
    spans.map((span): Span => ({ ...span, resource: { ...span.resource, "k8s.namespace.name": ns } }));
  await using file = await tokenFile(line("a", { ns: "a" }), line("b", { ns: "b" }), line("all"));
  const to = await startCollector({ tokenFile: file.path });
  const mixed = encodeTraces([...of("a").slice(0, 1), ...of("b").slice(1, 2)], "protobuf");
  assertEquals((await post(to.http, "b", mixed)).status, 403);
  assertEquals((await call(to.grpc, "b", mixed)).code, 7);
  assertEquals((await post(to.http, "a", encodeTraces(of("a"), "protobuf"))).status, 200);
  const path = `/v1/requests/${spans[0]!.traceId}`;
  assertEquals((await get(to.http + path, "a")).status, 200);
  assertEquals((await get(to.http + path, "b")).status, 404);
  assertEquals((await get(to.http + path, "all")).status, 200);
  // What names no namespace is the sender's own, and nobody else's.
  const unnamed = spans.map((span): Span => ({ ...span, traceId: span.traceId.replace(/^./, "f") }));
  assertEquals((await post(to.http, "a", encodeTraces(unnamed, "protobuf"))).status, 200);
  const own = `${to.http}/v1/requests/${unnamed[0]!.traceId}`;
  assertEquals([(await get(own, "a")).status, (await get(own, "b")).status], [200, 404]);
  await to.end();
});

Deno.test("a token of a namespace is told of its own objectives and agents, and of nothing that counts all together", async () => {
  await using file = await tokenFile(line("a", { ns: "a" }), line("b", { ns: "b" }), line("all"));
  const to = await startCollector({ tokenFile: file.path, tracker: new SloTracker(sloFile([])), sloFile: "a.yaml" });
  for (const url of [`${to.http}/metrics`, to.metrics]) {
    const statuses = await Promise.all(["a", "b", "all", null].map(async (token) => (await get(url, token)).status));
    assertEquals(statuses, [403, 403, 200, 401], url);
  }
  assertStringIncludes((await get(to.metrics, "a")).text, 'for the namespace \\"a\\", and this collector serves all');
  const json = async (path: string, token: string) => JSON.parse((await get(to.http + path, token)).text);
  const slo = async (token: string) => {
    const { slos, warnings } = await json("/v1/slo?explain=1", token);
    return slos.length === 1 ? slos[0].counts.good + slos[0].counts.bad : warnings.join();
  };
  // Nothing is counted yet, and the file of objectives names no namespace.
  for (const token of ["a", "b", "all"]) assertEquals(await slo(token), 0);
  assertEquals((await post(to.http, "a")).status, 200);
  const requests = spans.filter(({ kind }) => kind === SPAN_KIND.server).length;
  const counted = async (n: number) => {
    for (let i = 0; i < 200 && await slo("all") !== n; i++) await new Promise((resolve) => setTimeout(resolve, 50));
    assertEquals(await slo("all"), n);
  };
  await counted(requests);
  assertEquals(await slo("a"), requests);
  assertStringIncludes(await slo("b"), "other namespaces");
  const others = spans.map((span): Span => ({ ...span, traceId: span.traceId.replace(/^./, "f") }));
  assertEquals((await post(to.http, "b", encodeTraces(others, "protobuf"))).status, 200);
  await counted(2 * requests);
  for (const token of ["a", "b"]) assertStringIncludes(await slo(token), "other namespaces");

  let told = 0n;
  const tell = async (token: string, node: string, n: number) => {
    // None of them is like another.
    const sent = probes.slice(0, n).map((probe) => ({ ...probe, node, ts_unix_nano: probe.ts_unix_nano + ++told }));
    const answer = await fetch(`${to.http}/v1/logs`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: encodeLogs(sent.map((probe) => probeEventLog(probe, {}, 0n)), "json"),
    });
    assertEquals([answer.status, await answer.text()], [200, "{}"]);
  };
  await tell("a", "of a", 2);
  await tell("b", "of b", 3);
  await tell("a", "of both", 4);
  await tell("b", "of both", 5);
  const agents = async (token: string) =>
    (await json("/v1/agents", token)).agents.map((
      { node, events }: { node: string; events: number },
    ) => [node, events]);
  assertEquals(await agents("a"), [["of a", 2], ["of both", 4]]);
  assertEquals(await agents("b"), [["of b", 3], ["of both", 5]]);
  assertEquals(await agents("all"), [["of a", 2], ["of b", 3], ["of both", 9]]);
  await to.end();
});

Deno.test("keys are rotated under load: not one request or span is lost; a bad file changes nothing and is told", async () => {
  await using file = await tokenFile(line("one", { kid: "k1" }));
  const to = await startCollector({ tokenFile: file.path });
  let token = "one";
  const statuses = new Map<number, number>();
  let over = false;
  const tell = (status: number) => statuses.set(status, (statuses.get(status) ?? 0) + 1);
  let sent = 0;
  // One connection: where server and client share a process, Deno 2.9.6 ends in an assertion of nghttp2 after some hundreds.
  const client = new grpc.Client(to.grpc, grpc.credentials.createInsecure());
  const batch = () => {
    const ids = spans.slice(0, 5).map((span): Span => ({ ...span, spanId: (++sent).toString(16).padStart(16, "0") }));
    return encodeTraces(ids, "protobuf");
  };
  const load = [
    async () => tell((await get(`${to.http}/v1/slo`, token)).status),
    async () => tell((await post(to.http, token, batch())).status),
    async () => tell((await call(to.grpc, token, batch(), client)).code === 0 ? 200 : 0),
  ].map(async (once) => {
    while (!over) await once();
  });
  const opens = async (name: string, status: number) => {
    for (let i = 0; i < 100; i++) {
      if ((await get(`${to.http}/v1/slo`, name)).status === status) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`${name} never got ${status}`);
  };
  file.write(line("one", { kid: "k1" }), line("two", { kid: "k2" }));
  await opens("two", 200);
  token = "two";
  await new Promise((done) => setTimeout(done, 50)); // those under way with the old one
  file.write(line("one", { kid: "k1", revoked: true }), line("two", { kid: "k2" }));
  await opens("one", 401);
  file.write('{"s3cret');
  await until(() => to.io.stderr.includes("begins like a JSON object"), "the complaint");
  assertStringIncludes((await get(`${to.http}/v1/health`, null)).text, "what it said before still counts");
  over = true;
  await Promise.all(load);
  client.close();
  assertEquals([...statuses.keys()], [200]);
  const health = JSON.parse((await get(`${to.http}/v1/health`, null)).text);
  assertEquals([sent > 10, health.store.held.span], [true, sent], "every span that was sent is there");
  assert(!to.io.stderr.includes("s3cret"));
  await to.end();
});

Deno.test("a collector that was to be secured does not start without it", async () => {
  await using file = await tokenFile("# none yet");
  await assertRejects(() => startCollector({ tokenFile: file.path }), UsageError, "there is no token in it");
  await assertRejects(
    () => startCollector({ metricsBind: "0.0.0.0:0" }),
    UsageError,
    "it is not loopback, and without TLS",
  );
});

Deno.test("a web page of elsewhere reads nothing of a collector on loopback, whatever name it gives itself", async () => {
  const to = await startCollector({ listenGrpc: "off" });
  for (const url of [`${to.http}/v1/incidents`, to.metrics]) {
    const { hostname, port, pathname } = new URL(url);
    const ask = (host: string) =>
      new Promise<number>((resolve, reject) => {
        const headers = { host, connection: "close" };
        httpGet({ hostname, port, path: pathname, headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        }).on("error", reject);
      });
    assertEquals([await ask("evil.example"), await ask("localhost:4318"), await ask(`${hostname}:${port}`)], [
      403,
      200,
      200,
    ]);
  }
  await to.end();
});

Deno.test("a stream ends when its token is no longer good, also one where nothing happens", async () => {
  await using file = await tokenFile(line("one"), line("two"));
  const watch = { maxClients: 9, maxBehind: 9, stallMs: 1000, heartbeatMs: 60_000 };
  const to = await startCollector({ tokenFile: file.path, watch });
  const headers = { authorization: "Bearer one" };
  const answer = await fetch(`${to.http}/v1/events/stream`, { headers });
  assertEquals(answer.status, 200);
  assertEquals((await get(`${to.http}/v1/events/stream`, null)).status, 401);
  const client = new grpc.Client(to.grpc, grpc.credentials.createInsecure());
  const metadata = new grpc.Metadata();
  metadata.set("authorization", "Bearer one");
  const same = (bytes: Buffer) => bytes;
  const call = client.makeServerStreamRequest(
    "/sloctl.watch.v1.WatchService/Watch",
    same,
    same,
    Buffer.alloc(0),
    metadata,
  );
  const ended = new Promise<number>((resolve) => call.on("error", ({ code }: grpc.ServiceError) => resolve(code)));
  const began = await new Promise<grpc.Metadata>((resolve) => call.on("metadata", resolve));
  assertEquals(began.get("sloctl-commit-seq"), ["0"], "where a stream from now on begins");
  call.resume();
  file.write(line("one", { revoked: true }), line("two"));
  assertStringIncludes(await answer.text(), "retry: 1000"); // it has an end
  assertEquals(await ended, 16);
  client.close();
  await to.end();
});

Deno.test("admin routes: verb and namespace, every call audited by key, nothing secret told", async () => {
  await using file = await tokenFile(
    line("root", { kid: "k-root", verbs: ["admin", "read"] }),
    line("ours", { ns: "prod", verbs: ["admin"] }),
    line("theirs", { ns: "dev", verbs: ["admin"] }),
    line("reader", { verbs: ["read"] }),
  );
  const store = await Deno.makeTempDir({ prefix: "sloctl-admin-" });
  const to = await startCollector({
    tokenFile: file.path,
    listenGrpc: "off",
    place: { cluster: "", namespace: "prod", workload: "", service: "" },
    store: { dir: store, retainMs: undefined, retainMb: 100 },
  });
  const call = async (method: string, path: string, token: string | null) => {
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(to.http + path, { method, headers });
    return { status: answer.status, text: await answer.text() };
  };
  const rows: [string, string, string | null, number][] = [
    ["GET", "/v1/admin/tokens", null, 401],
    ["GET", "/v1/admin/tokens", "reader", 403],
    ["GET", "/v1/admin/tokens", "theirs", 403],
    ["GET", "/v1/admin/tokens", "ours", 200],
    ["POST", "/v1/admin/tokens", "root", 405],
    ["GET", "/v1/admin/nothing", "root", 404],
    ["POST", "/v1/admin/trim?seq=0", "root", 400],
    ["POST", "/v1/admin/trim?seq=2", "root", 200],
  ];
  for (const [method, path, token, status] of rows) {
    assertEquals((await call(method, path, token)).status, status, `${method} ${path} ${token}`);
  }
  const { text } = await call("GET", "/v1/admin/tokens", "root");
  assertEquals(JSON.parse(text).tokens.map(({ jti }: { jti: string }) => jti), ["root", "ours", "theirs", "reader"]);
  assert(!text.includes(digestOf("root").toHex()));
  const audit = to.io.stderr.split("\n").filter((line) => line.startsWith("sloctl: audit: "));
  assertEquals(audit.length, rows.length + 1);
  assertStringIncludes(audit[0]!, "GET /v1/admin/tokens: 401, without a token of ours, from 127.0.0.1");
  assertStringIncludes(audit[7]!, "POST /v1/admin/trim: 200, key k-root, token root");
  const kept: string[] = [];
  const signal = AbortSignal.timeout(5000);
  for await (const item of watchEvents({ url: to.http, token: "root", kinds: ["log"], after: 0, signal })) {
    if (item.kind !== "overflow") kept.push(JSON.stringify(item.document));
    if (kept.at(-1)?.includes("/v1/admin/trim") && kept.at(-1)!.includes("k-root") && kept.at(-1)!.includes("200")) {
      break;
    }
  }
  assertStringIncludes(kept.at(-1)!, "/v1/admin/trim");
  assert(kept.every((text) => text.includes("sloctl.audit") && text.includes("cap.kid")), kept[0]);
  assertEquals(await to.end(), 0);
  const open = await startCollector({ listenGrpc: "off" });
  const refused = await fetch(`${open.http}/v1/admin/tokens`);
  assertEquals([refused.status, (await refused.json()).code], [403, 7], "without tokens nobody may");
  await open.end();
  await Deno.remove(store, { recursive: true });
});

Deno.test("incidents of a collector that wants a token, asked with one and without", async () => {
  await using file = await tokenFile(line("reader", { verbs: ["read"] }));
  const to = await startCollector({ tokenFile: file.path, listenGrpc: "off" });
  const own = `${file.path}.reader`;
  Deno.writeTextFileSync(own, "reader\n");
  const io = fakeIo();
  const options = { url: to.http, store: undefined, since: undefined, service: undefined, state: undefined, limit: 9 };
  assertEquals(await incidents({ ...options, bearerTokenFile: own, json: false }, io), 0);
  const refused = await incidents({ ...options, json: false }, io).then(() => null, (error) => error);
  assert(refused instanceof IoError);
  assertStringIncludes(`${refused.message} ${refused.hint}`, "--bearer-token-file");
  await to.end();
});
