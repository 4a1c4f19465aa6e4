/** What becomes of queries that nobody answers: a full table is counted, a sweep empties it, and nothing is told twice. */
import { assert, assertEquals } from "@std/assert";
import { encodeConfig, USUAL } from "../decode/config.ts";
import { decodeRecord } from "../decode/record.ts";
import { KIND } from "../decode/wire.gen.ts";
import { monotonicNs } from "../host/clock.ts";
import { ProbeSession } from "../kernel/session.ts";
import type { DnsEvent } from "../model/kernel_event.ts";
import { Datagrams, dnsAnswer, dnsQuery } from "../testing/dns_query.ts";
import { kernelTest } from "../testing/kernel.ts";
import { delay } from "../testing/watched.ts";
import { sweepDns } from "./watch_dns.ts";

/** All of 127.0.0.0/8 is this machine, and nobody else listens on port 53 of these. */
const SERVER = "127.53.55.1";
const SILENT = "127.53.55.2";
/** Entries of dns_pending, bpf/dns_state.bpf.h. */
const ROOM = 4096;
const MANY = 5000;

function open(): ProbeSession {
  return new ProbeSession({
    probes: ["dns_latency"],
    pids: [Deno.pid],
    config: (haveRead) => encodeConfig({ ...USUAL, haveRead, byPid: true, byCgroup: false }),
  });
}

function drained(session: ProbeSession): DnsEvent[] {
  const events: DnsEvent[] = [];
  session.drain((view, at, length) => events.push(decodeRecord(view, at, length) as DnsEvent));
  return events;
}

kernelTest("a full table of queries is counted, and the sweep makes room again", async () => {
  using session = open();
  await using _silent = await Datagrams.bound(SILENT, 53);
  await using answering = await Datagrams.bound(SERVER, 53);
  await using client = await Datagrams.bound("0.0.0.0");
  answering.socket.on(
    "message",
    (query, { port, address }) => answering.send(dnsAnswer(new Uint8Array(query)), address, port),
  );
  for (let i = 0; i < MANY; i++) await client.send(dnsQuery(i, "many.test"), SILENT);
  assertEquals(session.untracked()[KIND.dns], MANY - ROOM);
  assertEquals(sweepDns(session, monotonicNs()).length, 0, "none is due yet");
  const records = sweepDns(session, monotonicNs() + 6e9);
  assertEquals(records.length, ROOM);
  for (const bytes of records.slice(0, 5)) {
    const event = decodeRecord(new DataView(bytes.buffer), 0, bytes.byteLength) as DnsEvent;
    assertEquals([event.rcode, event.queryName, event.tsNs - event.startNs], [null, "many.test", 5e9]);
    assertEquals([event.owner.pid, event.endClock], [Deno.pid, null]);
  }
  await client.send(dnsQuery(1, "later.test"), SERVER);
  await delay(200);
  assertEquals(drained(session).map(({ queryName, rcode }) => [queryName, rcode]), [["later.test", 0]]);
  assertEquals(session.drops()[KIND.dns], 0);
});

kernelTest("a query that is answered while the sweep looks at it is told once", async () => {
  using session = open();
  await using server = await Datagrams.bound(SERVER, 53);
  await using client = await Datagrams.bound("0.0.0.0");
  server.socket.on(
    "message",
    (query, { port, address }) => server.send(dnsAnswer(new Uint8Array(query)), address, port),
  );
  let swept = 0, answered = 0;
  for (let i = 0; i < MANY; i++) {
    const sent = client.send(dnsQuery(i, "race.test"), SERVER);
    swept += sweepDns(session, monotonicNs() + 6e9).length; // as if its time were over
    await sent;
    if (i % 50 === 0) await delay(1);
    answered += drained(session).length;
  }
  await delay(50);
  swept += sweepDns(session, monotonicNs() + 6e9).length;
  answered += drained(session).length;
  assertEquals(swept + answered, MANY);
  assert(answered > 0, `${swept} swept, ${answered} answered`);
});
