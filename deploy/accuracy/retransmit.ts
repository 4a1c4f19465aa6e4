/**
 * tcp_retransmits_total against the counters of the very namespaces the segments were sent in, at both ends of a link that loses packets
 * where they arrive. The probe is alone: it needs no other to know whose the sockets are, nor that of the listener that was there before.
 */
import type { RetransmitEvent } from "../../lib/model/kernel_event.ts";
import { Link, type Namespace } from "../../lib/testing/netns.ts";
import { delay, only, type Seen, watched } from "../../lib/testing/watched.ts";
import { type Comparison, lacks, type Measurement } from "./measure.ts";

const PORT = 7777;
const REQUEST = 4_000;
const ANSWER = 12_000;
const REQUESTS = 30;
const LOST_PCT = 8;

/** The server closes first: then every segment of the client is sent by a socket, none by what the kernel keeps of it afterwards. */
const SERVER = `for await (const conn of Deno.listen({ hostname: "${Link.FAR}", port: ${PORT} })) {
  (async () => {
    using _ = conn;
    const bytes = new Uint8Array(65536);
    for (let n = 0; n < ${REQUEST};) n += await conn.read(bytes) ?? ${REQUEST};
    await conn.write(new Uint8Array(${ANSWER}));
  })().catch(() => {});
}`;
const CLIENT = `for (let i = 0; i < ${REQUESTS}; i++) {
  using conn = await Deno.connect({ hostname: "${Link.FAR}", port: ${PORT} });
  await conn.write(new Uint8Array(${REQUEST}));
  const bytes = new Uint8Array(65536);
  while (await conn.read(bytes) !== null);
}`;

type Counters = Record<"retransmitted" | "synAgain" | "probes" | "sent", number>;

async function counters(namespace: Namespace): Promise<Counters> {
  return {
    retransmitted: await namespace.counter("Tcp", "RetransSegs"),
    synAgain: await namespace.counter("TcpExt", "TCPSynRetrans"),
    probes: await namespace.counter("TcpExt", "TCPLossProbes"),
    sent: await namespace.counter("Tcp", "OutSegs"),
  };
}

const less = (after: Counters, before: Counters): Counters => ({
  retransmitted: after.retransmitted - before.retransmitted,
  synAgain: after.synAgain - before.synAgain,
  probes: after.probes - before.probes,
  sent: after.sent - before.sent,
});

interface Run {
  readonly seen: Seen;
  readonly client: number;
  readonly near: Counters;
  readonly far: Counters;
}

/** One client process, and what the kernel counted at either end meanwhile. */
async function run({ near, far }: Link): Promise<Run> {
  let [client, nearCounted, farCounted] = [0, {} as Counters, {} as Counters];
  const seen = await watched(async () => {
    const before = [await counters(near), await counters(far)] as const;
    const process = near.command([Deno.execPath(), "eval", CLIENT]).spawn();
    client = process.pid;
    await process.status;
    for (let last = -1; last !== (await counters(near)).sent; await delay(700)) last = (await counters(near)).sent; // the last FINs
    [nearCounted, farCounted] = [less(await counters(near), before[0]), less(await counters(far), before[1])];
  }, { probes: ["tcp_retransmit"] });
  return { seen, client, near: nearCounted, far: farCounted };
}

async function lose({ near, far }: Link): Promise<void> {
  for (const [end, match] of [[far, `tcp dport ${PORT}`], [near, `tcp sport ${PORT}`]] as const) {
    await end.rules(
      "add table ip lossy",
      "add chain ip lossy in { type filter hook input priority 0; }",
      `add rule ip lossy in ${match} numgen random mod 100 < ${LOST_PCT} drop`,
    );
  }
}

const common = { signal: "tcp_retransmits_total", n: REQUESTS, unit: "count", allowed: 0 } as const;

function quiet({ seen, client, near }: Run): Comparison[] {
  const sent = only(seen, "segments", ({ owner }) => owner.pid === client).reduce(
    (sum, { segments }) => sum + segments,
    0,
  );
  const what = "quiet link: segments sent by the client";
  return [{ ...common, what, oracle: "TcpOutSegs", stat: "sum", ours: sent, theirs: near.sent }];
}

function lossy({ seen, client, near, far }: Run, server: number): Comparison[] {
  const of = (pid: number) => only(seen, "retransmit", ({ owner }) => owner.pid === pid);
  const sum = (events: readonly RetransmitEvent[]) => events.reduce((all, { segments }) => all + segments, 0);
  const [asked, answered] = [of(client), of(server)];
  const where = `${LOST_PCT} % lost each way:`;
  const again = { ...common, oracle: "TcpRetransSegs", stat: "sum" } as const;
  return [
    { ...again, what: `${where} sent again by the client`, ours: sum(asked), theirs: near.retransmitted },
    { ...again, what: `${where} by the server, SYN-ACKs included`, ours: sum(answered), theirs: far.retransmitted },
    {
      ...again,
      what: `${where} SYNs of the client`,
      oracle: "TcpExtTCPSynRetrans",
      ours: sum(asked.filter((event) => event.of === "syn")),
      theirs: near.synAgain,
    },
    {
      ...again,
      what: `${where} SYN-ACKs of the server`,
      oracle: "TcpExtTCPSynRetrans",
      ours: sum(answered.filter((event) => event.of === "synack")),
      theirs: far.synAgain,
    },
    {
      ...again,
      what: `${where} tail loss probes of the client`,
      oracle: "TcpExtTCPLossProbes",
      ours: sum(asked.filter((event) => event.of === "tlp")),
      theirs: near.probes,
      allowed: 3,
      because: "the kernel's counter also has probes that carry new data, and those of a recovery that has begun",
    },
  ];
}

export const retransmit: Measurement = {
  name: "tcp_retransmits_total",
  needs: () => lacks("ip", "apt-get install iproute2") ?? lacks("nft", "apt-get install nftables"),
  timeoutMs: 120_000,
  measure: async () => {
    await using link = await Link.make();
    const server = link.far.command([Deno.execPath(), "eval", SERVER]).spawn();
    try {
      await delay(1000);
      const sent = quiet(await run(link));
      await lose(link);
      return [...sent, ...lossy(await run(link), server.pid)];
    } finally {
      server.kill("SIGKILL");
      await server.status;
    }
  },
};
