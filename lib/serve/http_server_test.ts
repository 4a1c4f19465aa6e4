import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Agent, request as httpRequest } from "node:http";
import { gzipSync } from "node:zlib";
import { IoError, UsageError } from "../model/errors.ts";
import { makeCertificates } from "../testing/certificates.ts";
import { missingTool, testUnless } from "../testing/unless.ts";
import { until } from "../testing/until.ts";
import type { HttpAnswer } from "./http.ts";
import { type HttpListener, type HttpOptions, listenHttp } from "./http_server.ts";
import { readTls } from "./tls.ts";

const text = (body: string, status = 200): HttpAnswer => ({ status, headers: { "content-type": "text/plain" }, body });

/** Answers with the length of what it was sent. */
function start(part: Partial<HttpOptions> = {}): Promise<HttpListener> {
  return listenHttp({
    hostname: "127.0.0.1",
    port: 0,
    handler: async (request) => text(`${(await request.read(10_000_000)).length} ${request.path}`),
    ...part,
  });
}

const base = ({ port }: HttpListener) => `http://127.0.0.1:${port}/`;
const delay = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** Sends bytes as they are; what comes back until the other side closes, or until `waitMs`. */
async function raw(listener: HttpListener, bytes: string, waitMs = 3000): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
  const timer = setTimeout(() => connection.close(), waitMs);
  let out = "";
  try {
    await connection.write(new TextEncoder().encode(bytes));
    const buffer = new Uint8Array(65_536);
    for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
      out += new TextDecoder().decode(buffer.subarray(0, n));
    }
    out += "|closed";
  } catch (error) {
    out += `|${(error as Error).name}`;
  }
  clearTimeout(timer);
  return out;
}

Deno.test("a request has path, query, body; parallel ones on few connections all get their answer", async () => {
  await using listener = await start();
  const answer = await fetch(`${base(listener)}a/b?c=d`, { method: "POST", body: new Uint8Array(70_000) });
  assertEquals([answer.status, await answer.text()], [200, "70000 /a/b"]);
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const one = (n: number) =>
    new Promise<string>((resolve, reject) => {
      const sent = httpRequest(base(listener), { method: "POST", agent }, (reply) => {
        let got = "";
        reply.on("data", (chunk) => got += chunk).on("end", () => resolve(got));
      });
      sent.on("error", reject).end("x".repeat(n));
    });
  const replies = await Promise.all(Array.from({ length: 300 }, (_, n) => one(n)));
  assertEquals(replies, Array.from({ length: 300 }, (_, n) => `${n} /`));
  assert(listener.stats.connections <= 10, `${listener.stats.connections} connections`);
  assertEquals(listener.stats.inFlight, 0);
  agent.destroy();
});

Deno.test("what is no request is told so in one line, counted, and cut", async () => {
  await using listener = await start();
  const rows: readonly (readonly [string, string])[] = [
    ["\x00\x01\x02 hello\r\n\r\n", "400"],
    [`GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(40_000)}\r\n\r\n`, "431"],
    ["POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", "400"],
    ["POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -3\r\n\r\n", "400"],
  ];
  for (const [bytes, status] of rows) {
    const got = await raw(listener, bytes);
    assert(got.startsWith(`HTTP/1.1 ${status}`) && got.endsWith("|closed"), got);
  }
  assertEquals(Object.fromEntries(listener.stats.refused), { 400: 3, 431: 1 });
  assertEquals(await (await fetch(base(listener))).text(), "0 /");
  const whole = await raw(listener, "GET http://other/v1/x?y HTTP/1.1\r\nhost: other\r\nconnection: close\r\n\r\n");
  assertStringIncludes(whole, "0 /v1/x");
});

Deno.test("a head that does not come, a body that stalls: cut in time, while others are served", async () => {
  await using listener = await start({ headMs: 300, requestMs: 600 });
  const started = performance.now();
  const slow = Promise.all([
    raw(listener, ""),
    raw(listener, "POST / HTTP/1.1\r\nhost: x\r\n"),
    raw(listener, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc"),
    raw(listener, "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab"),
  ]);
  for (let i = 0; i < 20; i++) assertEquals(await (await fetch(base(listener))).text(), "0 /");
  for (const got of await slow) assert(got.endsWith("|closed") || got.endsWith("|ConnectionReset"), got);
  assert(performance.now() - started < 2900, "each was cut, none waited for the test to give up");
  assert((listener.stats.refused.get("408") ?? 0) >= 2);
  await delay(50);
  assertEquals([listener.stats.inFlight, listener.stats.bodyBytes], [0, 0]);
});

Deno.test("two thousand idle connections harm nobody; beyond the cap idle ones give way", async () => {
  await using listener = await start();
  const idle = await Promise.all(
    Array.from({ length: 2000 }, () => Deno.connect({ hostname: "127.0.0.1", port: listener.port })),
  );
  await until(() => listener.stats.connections >= 2000, "2000 connections");
  assertEquals(await (await fetch(base(listener))).text(), "0 /");
  for (const connection of idle) connection.close();
  await using small = await start({ maxConnections: 20 });
  const kept: Deno.Conn[] = [];
  for (let i = 0; i < 40; i++) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: small.port });
    await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
    const n = await connection.read(new Uint8Array(1000));
    assert(n !== null && n > 0, `connection ${i} got no answer`);
    kept.push(connection);
  }
  assert(small.stats.connections <= 20, `${small.stats.connections} connections`);
  for (const connection of kept) connection.close();
});

Deno.test("beyond the cap connections that say nothing give way, one with a request under way does not", async () => {
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<HttpAnswer>();
  await using listener = await start({
    maxConnections: 20,
    handler: ({ path }) => {
      if (path !== "/slow") return Promise.resolve(text("quick"));
      asked.resolve();
      return answered.promise;
    },
  });
  const slow = fetch(`${base(listener)}slow`);
  await asked.promise;
  const silent: Deno.Conn[] = [];
  for (let i = 0; i < 60; i++) silent.push(await Deno.connect({ hostname: "127.0.0.1", port: listener.port }));
  for (const connection of silent.slice(-10)) await connection.write(new TextEncoder().encode("GET / HT"));
  await until(() => listener.stats.connections === 20, "the cap");
  assertEquals(await (await fetch(`${base(listener)}quick`)).text(), "quick");
  answered.resolve(text("late"));
  assertEquals(await (await slow).text(), "late");
  for (const connection of silent) connection.close();
});

Deno.test("who sends hundreds of requests ahead is cut, a few are answered in order; who takes no answer is cut", async () => {
  let asked = 0;
  const large = "x".repeat(10_000_000);
  await using listener = await start({
    takeMs: 300,
    handler: ({ path }) => {
      asked++;
      return Promise.resolve(text(path === "/large" ? large : path));
    },
  });
  const ahead = (n: number) =>
    Array.from(
      { length: n },
      (_, i) => `GET /${i} HTTP/1.1\r\nhost: x\r\n${i === n - 1 ? "connection: close\r\n" : ""}\r\n`,
    )
      .join("");
  const few = await raw(listener, ahead(10));
  assertEquals(
    [...few.matchAll(/\r\n\r\n\/(\d+)/g)].map(([, n]) => Number(n)),
    Array.from({ length: 10 }, (_, i) => i),
  );
  asked = 0;
  await raw(listener, ahead(500));
  assert(asked <= 16, `${asked} were worked on`);
  await until(() => listener.stats.connections === 0, "all are gone");
  using idle = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
  await idle.write(new TextEncoder().encode("GET /large HTTP/1.1\r\nhost: x\r\n\r\n"));
  await until(() => listener.stats.connections === 1, "it is there");
  await until(() => listener.stats.connections === 0, "it is cut");
  assertEquals(listener.stats.inFlight, 0);
});

Deno.test("a head that can be read in two ways is refused", async () => {
  await using listener = await start();
  const rows: [string, string][] = [
    ["host: x\r\nhost: y", "400"],
    ["host: x\r\nauthorization: Bearer a\r\nAuthorization: Bearer b", "400"],
    ["host: x\r\ncontent-type: application/json\r\ncontent-type: application/x-protobuf", "400"],
    ["host: x\r\ntransfer-encoding: gzip, chunked", "501"],
    ["host: x\r\ntransfer-encoding: chunked\r\ncontent-length: 3", "400"],
    ["host: x\r\ncontent-length: 3\r\ncontent-length: 4", "400"],
    ["host: x\r\nx-a: 1\r\nx-a: 2", "200"],
  ];
  for (const [head, status] of rows) {
    const answer = await raw(listener, `POST / HTTP/1.1\r\n${head}\r\nconnection: close\r\n\r\n`);
    assertStringIncludes(answer, `HTTP/1.1 ${status} `, head);
  }
});

Deno.test("an early answer reaches a sender that is still sending", async () => {
  await using listener = await start({
    handler: async (request) => {
      const error = await request.read(1000).then(() => null, (error) => error);
      return text(error === null ? "taken" : error.message, error?.status ?? 200);
    },
  });
  for (const body of [new Uint8Array(8_000_000), new Blob([new Uint8Array(8_000_000)]).stream()]) {
    const answer = await fetch(base(listener), { method: "POST", body });
    assertEquals(answer.status, 413);
    assertStringIncludes(await answer.text(), "larger than 1000 bytes");
  }
  assertEquals(await (await fetch(base(listener), { method: "POST", body: "x" })).text(), "taken");
  assertEquals(listener.stats.bodyBytes, 0);
});

Deno.test("bodies under way share one bound; what does not fit is told to come again", async () => {
  await using listener = await start({
    maxBodyBytes: 1_000_000,
    handler: async (request) => {
      try {
        return text(`${(await request.read(10_000_000)).length}`);
      } catch (error) {
        return text((error as Error).message, (error as { status: number }).status);
      }
    },
  });
  using half = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
  await half.write(new TextEncoder().encode("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n\r\n"));
  const sent = new Uint8Array(600_000);
  for (let at = 0; at < sent.length;) at += await half.write(sent.subarray(at));
  await until(() => listener.stats.bodyBytes >= 600_000, "the half body");
  const second = await fetch(base(listener), { method: "POST", body: new Uint8Array(600_000) });
  assertEquals([second.status, await second.text()], [
    503,
    'Cannot read "request body": too much is being read at this moment',
  ]);
  const third = await fetch(base(listener), { method: "POST", body: new Uint8Array(300_000) });
  assertEquals([third.status, await third.text()], [200, "300000"]);
});

Deno.test("what a handler throws is our fault: 500, told to nobody but us", async () => {
  const faults: unknown[] = [];
  await using listener = await start({
    handler: () => {
      throw new Error("secret");
    },
    onFault: (error) => faults.push(error),
  });
  const answer = await fetch(base(listener));
  assertEquals([answer.status, await answer.text(), faults.length], [500, "internal error\n", 1]);
});

Deno.test("a stalled sender cannot hold the shutdown; the port is free afterwards", async () => {
  const listener = await start();
  using stalled = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
  await stalled.write(new TextEncoder().encode("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{"));
  await until(() => listener.stats.inFlight > 0, "the request");
  const started = performance.now();
  await Promise.all([listener.shutdown(), listener.shutdown()]);
  assert(performance.now() - started < 5000);
  Deno.listen({ hostname: "127.0.0.1", port: listener.port }).close();
});

Deno.test("a port in use or an impossible address is one clear error", async () => {
  await using listener = await start();
  const taken = `"127.0.0.1:${listener.port}": the port is in use`;
  await assertRejects(() => start({ port: listener.port }), IoError, taken);
  await assertRejects(() => start({ port: 70_000 }), UsageError, "Cannot listen on");
  await assertRejects(() => start({ hostname: "192.0.2.1" }), IoError, "Cannot listen on");
});

Deno.test("TLS paths: half a pair, a file that is none", () => {
  const none = { cert: undefined, key: undefined, clientCa: undefined };
  assertEquals(readTls(none), undefined);
  const here = new URL(import.meta.url).pathname;
  const rows = [{ cert: "a" }, { key: "a" }, { clientCa: "a" }, { cert: "/nowhere", key: "b" }, {
    cert: here,
    key: here,
  }];
  for (const row of rows) {
    let error: unknown;
    try {
      readTls({ ...none, ...row });
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof UsageError || error instanceof IoError, JSON.stringify(row));
  }
});

testUnless(
  await missingTool("curl", "apt-get install curl") ?? await missingTool("openssl", "apt-get install openssl"),
  "TLS: who has no certificate signed by our authority ends in the handshake",
  async () => {
    using ours = await makeCertificates(["server", "client"]);
    using theirs = await makeCertificates(["stranger"]);
    const server = ours.of("server");
    await using mutual = await start({ tls: readTls({ ...server, clientCa: ours.ca })! });
    await using open = await start({ tls: readTls({ ...server, clientCa: undefined })! });
    const curl = async ({ port }: HttpListener, pair?: { cert: string; key: string }) => {
      const own = pair === undefined ? [] : ["--cert", pair.cert, "--key", pair.key];
      const args = ["-sS", "--max-time", "5", "--cacert", ours.ca, ...own, `https://127.0.0.1:${port}/x`];
      const { code, stdout } = await new Deno.Command("curl", { args }).output();
      return code === 0 ? new TextDecoder().decode(stdout) : "failed";
    };
    assertEquals(await curl(open), "0 /x");
    assertEquals(await curl(mutual), "failed");
    assertEquals(await curl(mutual, theirs.of("stranger")), "failed");
    assertEquals(await curl(mutual, ours.of("client")), "0 /x");
    assertEquals([mutual.stats.requests, mutual.stats.refused.get("tls")], [1, 2]);
    assert((await raw(mutual, "GET / HTTP/1.1\r\nhost: x\r\n\r\n")).endsWith("|closed"), "plain text is cut");
  },
);

Deno.test("a gzip body goes through a socket as it is", async () => {
  await using listener = await start();
  const body = new Uint8Array(gzipSync("x".repeat(1000)));
  assertEquals(await (await fetch(base(listener), { method: "POST", body })).text(), `${body.length} /`);
});
