/** The exact trace, read from the wire. */
import { assertEquals } from "@std/assert";
import { kernelTest } from "../testing/kernel.ts";
import { only, watched } from "../testing/watched.ts";

const encoder = new TextEncoder();
const ANSWER = encoder.encode("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");

/** Answers every request (a text that ends in an empty line), however many packets it comes in. */
function answering(): Deno.TcpListener {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  (async () => {
    for await (const conn of listener) {
      (async () => {
        using _ = conn;
        const buffer = new Uint8Array(8192);
        let text = "";
        for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
          text += new TextDecoder().decode(buffer.subarray(0, n));
          if (!text.endsWith("\r\n\r\n")) continue;
          text = "";
          await conn.write(ANSWER);
        }
      })();
    }
  })();
  return listener;
}

/** Sends the pieces as packets of their own, waits for the answer. */
async function request(port: number, pieces: readonly string[]): Promise<void> {
  using conn = await Deno.connect({ port, hostname: "127.0.0.1" });
  conn.setNoDelay(true);
  for (const piece of pieces) await conn.write(encoder.encode(piece));
  await conn.read(new Uint8Array(ANSWER.length));
}

/** Header lines of 1 KB. */
const cookies = (n: number) => Array.from({ length: n }, () => `cookie: ${"c".repeat(1014)}\r\n`);
const trace = (i: number) => `${i}`.padStart(2, "0").repeat(15) + "af";
const span = (i: number) => `${i}`.padStart(2, "0").repeat(7) + "cd";
const value = (i: number) => `00-${trace(i)}-${span(i)}-01`;
const head = "POST /v1/chat HTTP/1.1\r\nhost: x\r\n";
const end = "\r\n\r\n";

kernelTest("traceparent is read exactly, and nothing else is taken for it", async () => {
  const cases: readonly [what: string, pieces: (i: number) => string[], found: boolean][] = [
    ["plain", (i) => [`${head}traceparent: ${value(i)}${end}`], true],
    ["capitals", (i) => [`${head}TRACEPARENT: ${value(i)}${end}`], true],
    ["camel", (i) => [`${head}TraceParent: ${value(i)}\r\naccept: */*${end}`], true],
    ["no space", (i) => [`${head}traceparent:${value(i)}${end}`], true],
    ["upper-case digits", (i) => [`${head}traceparent: ${value(i).toUpperCase()}${end}`], true],
    ["blanks before it", (i) => [`${head}traceparent: \t ${value(i)}${end}`], true],
    ["beyond the first KB", (i) => [`${head}cookie: ${"c".repeat(1200)}\r\ntraceparent: ${value(i)}${end}`], true],
    ["late in the first 8 KB", (i) => [`${head}cookie: ${"c".repeat(8000)}\r\ntraceparent: ${value(i)}${end}`], true],
    ["late, in packets", (i) => [head, ...cookies(6), `traceparent: ${value(i)}${end}`], true],
    ["beyond the first 8 KB", (i) => [`${head}cookie: ${"c".repeat(8200)}\r\ntraceparent: ${value(i)}${end}`], false],
    ["in the body", (i) => [`${head}content-length: 9${end}\r\ntraceparent: ${value(i)}${end}`], false],
    ["a later version", (i) => [`${head}traceparent: cc${value(i).slice(2)}${end}`], true],
    ["a later version that says more", (i) => [`${head}traceparent: 01${value(i).slice(2)}-more${end}`], true],
    ["version 00 may not say more", (i) => [`${head}traceparent: ${value(i)}-more${end}`], false],
    ["a later version without a dash", (i) => [`${head}traceparent: 01${value(i).slice(2)}0${end}`], false],
    ["beside tracestate", (i) => [`${head}tracestate: a=b\r\ntraceparent: ${value(i)}\r\nx: y${end}`], true],
    ["in the second packet", (i) => [head, `x: y\r\ntraceparent: ${value(i)}${end}`], true],
    ["none", () => [`${head}accept: */*${end}`], false],
    ["a longer name", (i) => [`${head}x-traceparent: ${value(i)}${end}`], false],
    ["all zero", () => [`${head}traceparent: 00-${"0".repeat(32)}-${"0".repeat(16)}-01${end}`], false],
    ["not hex", (i) => [`${head}traceparent: 00-${"z".repeat(32)}-${span(i)}-01${end}`], false],
    ["version ff, which is none", (i) => [`${head}traceparent: ff${value(i).slice(2)}${end}`], false],
    ["cut short", (i) => [`${head}traceparent: 00-${trace(i)}${end}`], false],
  ];
  using listener = answering();
  const { port } = listener.addr;
  const seen = await watched(async () => {
    for (const [i, [, pieces]] of cases.entries()) await request(port, pieces(i));
  }, { pids: [Deno.pid] });
  assertEquals(seen.lost, 0);
  const turns = only(seen, "exchange", ({ phase, tuple }) => phase === "first" && tuple.dstPort === port);
  assertEquals(turns.length, cases.length);
  cases.forEach(([what, , found], i) => {
    const { traceId, spanId } = turns[i]!;
    assertEquals([what, traceId, spanId], found ? [what, trace(i), span(i)] : [what, null, null]);
  });
  // The server's side of the same wire says the same.
  const served = only(seen, "exchange", ({ phase, tuple }) => phase === "first" && tuple.srcPort === port);
  assertEquals(served.map(({ traceId }) => traceId), turns.map(({ traceId }) => traceId));
});

kernelTest("on a kept connection every turn has its own trace", async () => {
  using listener = answering();
  const { port } = listener.addr;
  const seen = await watched(async () => {
    using conn = await Deno.connect({ port, hostname: "127.0.0.1" });
    const buffer = new Uint8Array(ANSWER.length);
    for (const text of [`traceparent: ${value(1)}`, "x: y", `traceparent: ${value(2)}`]) {
      await conn.write(encoder.encode(head + text + end));
      await conn.read(buffer);
    }
  }, { pids: [Deno.pid] });
  for (const phase of ["first", "end"] as const) {
    const turns = only(seen, "exchange", (event) => event.phase === phase && event.tuple.dstPort === port);
    assertEquals(turns.map(({ traceId }) => traceId), [trace(1), null, trace(2)], phase);
  }
});
