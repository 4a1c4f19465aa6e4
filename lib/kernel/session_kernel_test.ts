/** The session itself: what loads, what it costs, what it loses, and that it says so. */
import { assert, assertEquals } from "@std/assert";
import { encodeConfig, USUAL } from "../decode/config.ts";
import { KIND, WIRE } from "../decode/wire.gen.ts";
import type { ProbeName } from "../model/signals.ts";
import { kernelTest } from "../testing/kernel.ts";
import { delay } from "../testing/watched.ts";
import { PROBES } from "./probes.ts";
import { RunStats } from "./run_stats.ts";
import { ProbeSession } from "./session.ts";

function open(probes: readonly ProbeName[], timers = false): ProbeSession {
  return new ProbeSession({
    probes,
    pids: [Deno.pid],
    config: (haveRead) =>
      encodeConfig({ ...USUAL, turnsPerSecond: 1e9, haveRead, byPid: true, byCgroup: false, timers }),
  });
}

kernelTest("every probe loads and attaches alone", () => {
  for (const { probe } of PROBES) {
    using session = open([probe], true);
    assertEquals([session.attached, session.missing], [[probe], []]);
  }
});

/** Request and answer over one connection of ours, to and fro. */
async function turns(count: number): Promise<void> {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const [client, server] = await Promise.all([
    Deno.connect({ port: listener.addr.port, hostname: "127.0.0.1" }),
    listener.accept(),
  ]);
  using _client = client;
  using _server = server;
  const byte = new Uint8Array(1);
  for (let i = 0; i < count; i++) {
    await client.write(byte);
    await server.read(byte);
    await server.write(byte);
    await client.read(byte);
  }
}

kernelTest("a ring that nobody reads overflows, and every lost record is counted", async () => {
  using session = open(["stream"]);
  const TURNS = 4000;
  await turns(TURNS);
  await delay(20);
  let delivered = 0;
  const exchanges = (view: DataView, at: number) => {
    if (view.getUint16(at + WIRE.event.kind, true) === KIND.exchange) delivered++; // beside waits of unread bytes
  };
  session.drain(exchanges);
  const dropped = session.drops()[KIND.exchange]!;
  assert(dropped > 0, "the ring did not overflow");
  assertEquals(delivered + dropped, TURNS * 4, `${delivered} delivered, ${dropped} dropped`); // first and end, both sides
  // Once read, there is room again.
  await turns(10);
  await delay(20);
  delivered = 0;
  session.drain(exchanges);
  assertEquals(delivered, 40);
  assertEquals(session.drops()[KIND.exchange], dropped);
});

kernelTest("run statistics count each run of a program while they are on", async () => {
  using session = open(["stream"]);
  using stats = new RunStats();
  assert(stats.enabled);
  await turns(50);
  const { runs, ns } = session.costs().find(({ program }) => program === "stream_egress")!;
  assert(runs >= 100 && ns > 0, `${runs} runs, ${ns} ns`); // two segments a turn, and the handshake
});
