/** Multiplexed connections: told as one shared exchange, never as requests. */
import { assertEquals } from "@std/assert";
import { exec } from "../host/exec.ts";
import { kernelTest } from "../testing/kernel.ts";
import { cannotRun, serving } from "../testing/serving.ts";
import { only, type Seen, watched } from "../testing/watched.ts";

const needs = () => noNode ?? noHttp2;
const noNode = await cannotRun("node", "--version", "apt-get install nodejs");
const noHttp2 = /HTTP2/.test(await exec("curl", "--version")) ? null : "this curl has no HTTP/2";

/** Answers after 30 ms, then once more after another 30. */
const H2C = `const s = require("node:http2").createServer();
s.on("stream", (t) => { setTimeout(() => { t.respond({ ":status": 200 }); t.write("a"); setTimeout(() => t.end("b"), 30); }, 30); });
s.listen(0, "127.0.0.1", () => console.log(s.address().port));`;

/** Four requests at a time, then four more when these are answered. */
const CLIENT = `const c = require("node:http2").connect(process.argv[1], { rejectUnauthorized: false });
const ask = () => new Promise((done) => c.request({ ":path": "/" }).on("close", done).resume());
const four = () => Promise.all([ask(), ask(), ask(), ask()]);
four().then(four).then(() => c.close());`;

const flags = (seen: Seen, port: number) =>
  only(seen, "exchange", ({ tuple }) => tuple.dstPort === port)
    .map(({ role, phase, shared, turn }) => [role, phase, shared, turn])
    .sort();

kernelTest("HTTP/2 in the clear is one shared exchange, however many requests it carries", async () => {
  await using server = await serving(["node", "-e", H2C]);
  const url = `http://127.0.0.1:${server.port}`;
  const clients: [string, ...string[]][] = [
    ["curl", "-sS", "--http2-prior-knowledge", url],
    ["node", "-e", CLIENT, url],
  ];
  for (const client of clients) {
    const seen = await watched(async () => {
      await exec(...client);
    });
    assertEquals(seen.lost, 0);
    assertEquals(flags(seen, server.port), [
      ["client", "end", true, 0],
      ["client", "first", true, 0],
    ], client[0]);
    assertEquals(only(seen, "gap", ({ tuple }) => [tuple.srcPort, tuple.dstPort].includes(server.port)), []);
  }
}, { needs });

kernelTest("HTTP/1.1 is never shared", async () => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const seen = await watched(async () => {
    await exec("curl", "-sS", url, url);
  });
  assertEquals(flags(seen, server.addr.port).filter(([, , shared]) => shared), []);
}, { needs });
