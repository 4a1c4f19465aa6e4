/** Bad weather for streams and TLS: full tables, peers that die or reset in the middle of an answer, an interface that goes away. */
import { assert, assertEquals } from "@std/assert";
import { encodeConfig, USUAL } from "../decode/config.ts";
import { tuple } from "../decode/fields.ts";
import { decodeRecord } from "../decode/record.ts";
import { KIND, WIRE } from "../decode/wire.gen.ts";
import { exec } from "../host/exec.ts";
import type { ExchangeEvent, KernelEvent } from "../model/kernel_event.ts";
import { kernelTest } from "../testing/kernel.ts";
import { Link } from "../testing/netns.ts";
import { cannotRun, serving } from "../testing/serving.ts";
import { delay, only, type Seen, watched } from "../testing/watched.ts";
import { ProbeSession } from "./session.ts";

const noNode = await cannotRun("node", "--version", "apt-get install nodejs");
const WATCH = { probes: ["stream"] } as const;

function open(tables: Readonly<Record<string, number>>): ProbeSession {
  const config = { ...USUAL, byPid: true, byCgroup: false };
  return new ProbeSession({
    probes: ["tls_handshake", "stream"],
    tables,
    pids: [Deno.pid],
    config: (haveRead) => encodeConfig({ ...config, haveRead }),
  });
}

function drained(session: ProbeSession): KernelEvent[] {
  const events: KernelEvent[] = [];
  session.drain((view, at, length) => void events.push(decodeRecord(view, at, length) as KernelEvent));
  return events;
}

/** Entries of the table of connections at this port. */
function held(session: ProbeSession, port: number): number {
  const tuples = [...session.values("conns")].map(({ value }) =>
    tuple(new DataView(value.buffer), WIRE.exchange.tuple)
  );
  return tuples.filter(({ srcPort, dstPort }) => srcPort === port || dstPort === port).length;
}

/** `n` connections at a time, each asked and answered once; then all are closed. */
async function connections(n: number, listener: Deno.TcpListener): Promise<void> {
  const byte = new Uint8Array(1);
  const ends: Deno.TcpConn[] = [];
  for (let i = 0; i < n; i++) {
    const [client, server] = await Promise.all([
      Deno.connect({ port: listener.addr.port, hostname: "127.0.0.1" }),
      listener.accept(),
    ]);
    await client.write(byte);
    await server.read(byte);
    await server.write(byte);
    await client.read(byte);
    ends.push(client, server);
  }
  ends.forEach((conn) => conn.close());
}

kernelTest("a full table of connections: what is not followed is counted, and the table empties", async () => {
  const ROOM = 64;
  using session = open({ conns: ROOM });
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  await connections(60, listener); // 120 ends
  await delay(50);
  const told = new Set(drained(session).flatMap((event) => event.kind === "exchange" ? [event.cookie] : []));
  const untracked = session.untracked()[KIND.exchange]!;
  assert(told.size > 0 && told.size <= ROOM, `${told.size} followed`);
  assert(untracked >= 120 - ROOM, `${untracked} counted`);
  assertEquals(held(session, port), 0, "closed connections leave the table");
  await connections(5, listener);
  await delay(50);
  const after = drained(session).filter((event) => event.kind === "exchange" && event.phase === "end");
  assertEquals(after.length, 10, "there is room again");
});

/** A TLS 1.2 ClientHello as short as can be, and one byte more. */
const HELLO = new Uint8Array(49);
HELLO.set([22, 3, 1, 0, 44, 1, 0, 0, 40, 3, 3]);

kernelTest("a full table of handshakes is counted as well", async () => {
  using session = open({ tls_conns: 4 });
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const ends: Deno.TcpConn[] = [];
  for (let i = 0; i < 10; i++) {
    const [client, server] = await Promise.all([
      Deno.connect({ port: listener.addr.port, hostname: "127.0.0.1" }),
      listener.accept(),
    ]);
    await client.write(HELLO);
    await server.read(new Uint8Array(64));
    ends.push(client, server);
  }
  ends.forEach((conn) => conn.close());
  await delay(50);
  const failed = drained(session).filter((event) => event.kind === "tls" && event.failed);
  assert(failed.length > 0 && failed.length <= 4, `${failed.length} followed`);
  assert(session.untracked()[KIND.tls]! >= 16, `${session.untracked()[KIND.tls]} counted`);
});

/** Sends a piece each 20 ms; then, of what it is told: ends itself, resets the connection, or goes on for ever. */
const SERVER = `const how = process.argv[1], host = process.argv[2];
const s = require("node:net").createServer((c) => { c.on("error", () => {}); c.once("data", () => {
  let n = 0; setInterval(() => { c.write("piece"); if (++n < 5) return;
    if (how === "die") process.kill(process.pid, "SIGKILL"); if (how === "reset") c.resetAndDestroy(); }, 20); }); });
s.listen(how === "on" ? 8080 : 0, host, () => console.log(s.address().port));`;

const turns = (seen: Seen, port: number) =>
  only(seen, "exchange", ({ tuple }) => [tuple.srcPort, tuple.dstPort].includes(port));
const told = (events: readonly ExchangeEvent[]) =>
  events.map(({ role, phase, turn }) => `${role} ${phase} ${turn}`).sort();

for (const [what, how] of [["dies", "die"], ["resets the connection", "reset"]] as const) {
  kernelTest(`a server that ${what} in the middle of an answer: one turn, with what had come`, async () => {
    await using server = await serving(["node", "-e", SERVER, how, "127.0.0.1"]);
    const seen = await watched(async () => {
      using conn = await Deno.connect({ port: server.port, hostname: "127.0.0.1" });
      await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
      const buffer = new Uint8Array(512);
      while (await conn.read(buffer).catch(() => null) !== null);
    }, WATCH);
    const events = turns(seen, server.port);
    assertEquals(told(events), ["client end 0", "client first 0", "server end 0", "server first 0"]);
    for (const { role, chunks } of events.filter(({ phase }) => phase === "end")) assertEquals(chunks, 5, role);
    assertEquals(only(seen, "gap", ({ tuple, role }) => role === "client" && tuple.dstPort === server.port).length, 4);
  }, { needs: () => noNode });
}

kernelTest("an interface that goes away in the middle of an answer: one turn, and no pause is made up", async () => {
  await using link = await Link.make();
  const inside = (argv: readonly string[]) => ["ip", "netns", "exec", link.far.name, ...argv] as [string, ...string[]];
  await using server = await serving(inside(["node", "-e", SERVER, "on", Link.FAR]));
  const netns = await link.near.inode();
  const seen = await watched(async () => {
    const url = `http://${Link.FAR}:${server.port}/`;
    const argv = ["curl", "-sN", "--http0.9", "-m", "2", url];
    await using client = link.near.command(argv, { stdout: "piped" }).spawn();
    const reader = client.stdout.getReader();
    for (let bytes = 0; bytes < 5 * "piece".length;) bytes += (await reader.read()).value?.length ?? Infinity;
    await exec("ip", "-n", link.near.name, "link", "del", "veth0");
    await reader.cancel();
    await client.status;
    await delay(100);
  }, WATCH);
  const events = turns(seen, server.port).filter(({ owner, role }) => owner.netns === netns && role === "client");
  const phases = events.map(({ phase }) => phase);
  // Whether the kernel gives the socket up at once or tries on, it is told as ended once at most.
  assert(["first", "first end"].includes(phases.join(" ")), phases.join(" "));
  const gaps = only(seen, "gap", ({ owner, role }) => owner.netns === netns && role === "client");
  const pauses = gaps.map(({ startNs, tsNs }) => tsNs - startNs);
  assert(pauses.length >= 3 && pauses.every((ns) => ns < 1e9), `pauses of ${pauses} ns`);
}, { needs: () => noNode });
