/** Multiplexed connections: told as one shared exchange, never as requests; and the others, which are not. */
import { assert, assertEquals } from "@std/assert";
import { exec } from "../host/exec.ts";
import type { ExchangeEvent } from "../model/kernel_event.ts";
import { makeCertificates } from "../testing/certificates.ts";
import { kernelTest } from "../testing/kernel.ts";
import { cannotRun, serving } from "../testing/serving.ts";
import { delay, only, type Seen, watched } from "../testing/watched.ts";

const noNode = await cannotRun("node", "--version", "apt-get install nodejs");
const noHttp2 = /HTTP2/.test(await exec("curl", "--version")) ? null : "this curl has no HTTP/2";
const needs = () => noNode ?? noHttp2;
const WATCH = { probes: ["tls_handshake", "stream"] } as const;

/** Answers after 30 ms, then once more after another 30. With a certificate: over TLS, HTTP/1.1 too. */
const SERVER = `const [cert, key] = process.argv.slice(1);
const h2 = require("node:http2"), read = require("node:fs").readFileSync;
const s = cert ? h2.createSecureServer({ cert: read(cert), key: read(key), allowHTTP1: true }) : h2.createServer();
s.on("request", (_, r) => setTimeout(() => { r.write("a"); setTimeout(() => r.end("b"), 30); }, 30));
s.listen(0, "127.0.0.1", () => console.log(s.address().port));`;

/** Four requests at a time, `rounds` times; says so when it is connected, and begins after `wait` ms. */
const CLIENT = `const [url, rounds, wait] = process.argv.slice(1);
const c = require("node:http2").connect(url, { rejectUnauthorized: false });
const ask = () => new Promise((done) => c.request({ ":path": "/" }).on("close", done).resume());
const times = async (n) => { for (let i = 0; i < n; i++) await Promise.all([ask(), ask(), ask(), ask()]); };
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
c.on("connect", async () => { console.log(1); await pause(wait); await times(rounds); c.close(); });`;

const node = (script: string, ...args: string[]): [string, ...string[]] => ["node", "-e", script, ...args];
const exchanges = (seen: Seen, port: number) =>
  only(seen, "exchange", ({ tuple }) => tuple.dstPort === port || tuple.srcPort === port);
const told = (events: readonly ExchangeEvent[]) =>
  events.map(({ role, phase, shared, turn }) => `${role} ${phase}${shared ? " shared" : ""} ${turn}`).sort();
const ONE_SHARED = ["client end shared 0", "client first shared 0", "server end shared 0", "server first shared 0"];
const ONE_TURN = ["client end 0", "client first 0", "server end 0", "server first 0"];

kernelTest(
  "HTTP/2 is one shared exchange at either end, in the clear and over TLS, however many requests",
  async () => {
    using certificates = await makeCertificates(["server"]);
    const files = certificates.of("server");
    await using plain = await serving(node(SERVER));
    await using secure = await serving(node(SERVER, files.cert, files.key));
    const [http, https] = [`http://127.0.0.1:${plain.port}`, `https://127.0.0.1:${secure.port}`];
    const clients: [number, [string, ...string[]]][] = [
      [plain.port, ["curl", "-sS", "--http2-prior-knowledge", http]],
      [plain.port, node(CLIENT, http, "2", "0")],
      [secure.port, ["curl", "-sSk", "--http2", https]],
      [secure.port, ["curl", "-sSk", "--http2", "--tls-max", "1.2", https]],
      [secure.port, node(CLIENT, https, "2", "0")],
    ];
    for (const [port, client] of clients) {
      const seen = await watched(async () => {
        await exec(...client);
      }, WATCH);
      assertEquals([seen.lost, told(exchanges(seen, port))], [0, ONE_SHARED], client.join(" "));
      assertEquals(only(seen, "gap", ({ tuple }) => [tuple.srcPort, tuple.dstPort].includes(port)), []);
    }
  },
  { needs },
);

kernelTest("HTTP/1.1 is not shared, although HTTP/2 was offered", async () => {
  using certificates = await makeCertificates(["server"]);
  const files = certificates.of("server");
  const [cert, key] = [Deno.readTextFileSync(files.cert), Deno.readTextFileSync(files.key)];
  await using secure = await serving(node(SERVER, files.cert, files.key));
  // A server that knows of no protocol names, and packs its answer to the hello so that nobody can tell.
  using silent = Deno.listenTls({ port: 0, hostname: "127.0.0.1", cert, key });
  (async () => {
    for await (const conn of silent) {
      await conn.read(new Uint8Array(4096));
      await delay(30);
      await conn.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
      conn.close();
    }
  })();
  const rows: [number, string[]][] = [
    [secure.port, ["--http1.1"]],
    [secure.port, ["--http1.1", "--tls-max", "1.2"]],
    [silent.addr.port, ["--http2"]],
  ];
  for (const [port, flags] of rows) {
    const seen = await watched(async () => {
      await exec("curl", "-sSk", ...flags, `https://127.0.0.1:${port}/`);
    }, WATCH);
    const events = exchanges(seen, port);
    assertEquals(told(events), ONE_TURN, flags.join(" "));
    for (const { phase, requestEnd, responseStart } of events) {
      const ms = (responseStart!.ns - requestEnd.ns) / 1e6;
      assert(phase === "end" || (ms > 25 && ms < 200), `${flags.join(" ")}: ${ms} ms`);
    }
  }
}, { needs });

kernelTest("a shared connection older than the probe is recognised by its frames", async () => {
  await using plain = await serving(node(SERVER));
  await using client = await serving(node(CLIENT, `http://127.0.0.1:${plain.port}`, "4", "500"));
  const seen = await watched(() => delay(1200), WATCH);
  await client.kill("SIGKILL");
  const shared = exchanges(seen, plain.port).filter((event) => event.shared);
  assertEquals(new Set(shared.map(({ role }) => role)), new Set(["client", "server"]));
  assert(shared.every((event) => event.preexisting), "they were there before");
}, { needs });

/** Answers a request with these pieces, `pauseMs` before each. */
async function answering(pieces: readonly string[], pauseMs: number): Promise<AsyncDisposable & { port: number }> {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  (async () => {
    for await (const conn of listener) {
      await conn.read(new Uint8Array(4096));
      for (const piece of pieces) {
        await delay(pauseMs);
        await conn.write(new TextEncoder().encode(piece));
      }
      await delay(pauseMs);
      conn.close();
    }
  })();
  await delay(0);
  return {
    port: listener.addr.port,
    [Symbol.asyncDispose]: () => Promise.resolve(listener.close()),
  };
}

kernelTest("after 101 Switching Protocols there are no turns; 100 Continue is not the first byte", async () => {
  const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
  await using websocket = await answering(["HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n", "x"], 20);
  await using patient = await answering(["HTTP/1.1 100 Continue\r\n\r\n", OK], 40);
  const seen = await watched(async () => {
    const switched = await Deno.connect({ port: websocket.port, hostname: "127.0.0.1" });
    await switched.write(new TextEncoder().encode("GET / HTTP/1.1\r\nupgrade: websocket\r\n\r\n"));
    while (await switched.read(new Uint8Array(512)) !== null);
    switched.close();
    await exec("curl", "-sS", "-H", "Expect: 100-continue", "-d", "body", `http://127.0.0.1:${patient.port}/`);
  }, WATCH);
  assertEquals(told(exchanges(seen, websocket.port)), ONE_SHARED);
  const turns = exchanges(seen, patient.port);
  assertEquals(told(turns), ONE_TURN);
  for (const { role, requestEnd, responseStart } of turns) {
    const ms = (responseStart!.ns - requestEnd.ns) / 1e6;
    assert(ms > 35, `${role}: ${ms} ms after the body was sent`);
  }
});
