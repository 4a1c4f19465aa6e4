/** DNS queries against a small server of our own, asked by dig. */
import { assert, assertEquals } from "@std/assert";
import { createSocket } from "node:dgram";
import { exec, tryExec } from "../host/exec.ts";
import { kernelTest } from "../testing/kernel.ts";
import { delay, median, only, watched } from "../testing/watched.ts";

/** All of 127.0.0.0/8 is this machine, and nobody else listens on port 53 of this one. */
const ADDRESS = "127.53.53.1";
const HEADER_BYTES = 12;

/** Answers by the first label: `nx` with NXDOMAIN, `late` after 50 ms, `void` never, all else with no records. */
function answerOf(query: Uint8Array): { answer: Uint8Array; delayMs: number } | null {
  const label = new TextDecoder().decode(query.subarray(HEADER_BYTES + 1, HEADER_BYTES + 1 + query[HEADER_BYTES]!));
  if (label === "void") return null;
  const answer = query.slice();
  answer[2] = 0x84 | query[2]! & 1; // an answer, with authority
  answer[3] = label === "nx" ? 3 : 0;
  return { answer, delayMs: label === "late" ? 50 : 0 };
}

async function dnsServer(): Promise<AsyncDisposable> {
  const socket = createSocket("udp4");
  socket.on("message", (query, { port, address }) => {
    const reply = answerOf(query);
    if (reply === null) return;
    if (reply.delayMs === 0) socket.send(reply.answer, port, address);
    else setTimeout(() => socket.send(reply.answer, port, address), reply.delayMs);
  });
  await new Promise<void>((done, failed) => {
    socket.once("error", failed);
    socket.bind(53, ADDRESS, done);
  });
  return { [Symbol.asyncDispose]: () => new Promise<void>((done) => socket.close(() => done())) };
}

const dig = (name: string, ...more: string[]) => exec("dig", "-u", "+tries=1", "+time=1", `@${ADDRESS}`, name, ...more);

kernelTest("10 queries are 10 events with name, type and rcode; the delay is the one dig sees", async () => {
  await using _server = await dnsServer();
  const said: number[] = [];
  const seen = await watched(async () => {
    for (let i = 0; i < 5; i++) await dig(`ok${i}.Example.test`, i === 0 ? "AAAA" : "A");
    for (let i = 0; i < 2; i++) await dig("nx.example.test");
    for (let i = 0; i < 3; i++) {
      said.push(Number(/Query time: (\d+) usec/.exec(await dig("late.example.test"))?.[1]) / 1000);
    }
  });
  assertEquals(seen.lost, 0);
  const events = only(seen, "dns", ({ tuple }) => tuple.dstIp === ADDRESS);
  assertEquals(events.map(({ queryName, queryType, rcode }) => `${queryName} ${queryType} ${rcode}`), [
    "ok0.Example.test 28 0",
    ...[1, 2, 3, 4].map((i) => `ok${i}.Example.test 1 0`),
    ...new Array(2).fill("nx.example.test 1 3"),
    ...new Array(3).fill("late.example.test 1 0"),
  ]);
  for (const { owner, tuple, startNs, tsNs } of events) {
    assert(/^(dig|isc-net-0000)$/.test(owner.comm), owner.comm);
    assertEquals([tuple.dstPort, tuple.protocol], [53, "udp"]);
    assert(tsNs > startNs);
  }
  const ours = events.slice(7).map(({ startNs, tsNs }) => (tsNs - startNs) / 1e6);
  const off = ours.map((value, i) => Math.abs(value - said[i]!));
  assert(median(off) < 2, `dig said ${said}, we said ${ours} (ms)`);
  assert(ours.every((value) => value >= 49.5), `${ours}`);
});

kernelTest("a query that nobody answers becomes a failure 5 s after it was asked, once", async () => {
  await using _server = await dnsServer();
  const seen = await watched(async () => {
    await tryExec("dig", "+tries=1", "+time=1", `@${ADDRESS}`, "void.example.test");
    await delay(5500);
  });
  const events = only(seen, "dns", ({ tuple }) => tuple.dstIp === ADDRESS);
  assertEquals(events.map(({ queryName, rcode, tsNs, startNs }) => [queryName, rcode, tsNs - startNs]), [
    ["void.example.test", null, 5e9],
  ]);
});
