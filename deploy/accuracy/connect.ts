/** connect_latency_ms against curl, between two network namespaces: quiet, on a lossy link, and with the first SYN of each connect lost. */
import type { ConnectEvent } from "../../lib/model/kernel_event.ts";
import { ahead } from "../../lib/testing/ahead.ts";
import { Link } from "../../lib/testing/netns.ts";
import { delay, median, only, watched } from "../../lib/testing/watched.ts";
import { type Comparison, lacks, type Measurement } from "./measure.ts";

const PORT = 8480;
const SERVE = `Deno.serve({ hostname: "${Link.FAR}", port: ${PORT}, onListen() {} }, () => new Response("ok"));`;

interface Situation {
  readonly what: string;
  /** nftables' words for the SYNs that are lost where they arrive; none: none are. */
  readonly lost: string | null;
  readonly connects: number;
}

const SITUATIONS: readonly Situation[] = [
  { what: "quiet link", lost: null, connects: 23 },
  { what: "30 % of SYNs lost", lost: "numgen random mod 10 < 3", connects: 9 },
  { what: "first SYN lost", lost: "numgen inc mod 2 < 1", connects: 3 },
];

const took = ({ startNs, tsNs }: ConnectEvent) => (tsNs - startNs) / 1e6;

async function compared(link: Link, { what, lost, connects }: Situation): Promise<Comparison[]> {
  const { near, far } = link;
  if (lost !== null) {
    await far.rules(
      "add table ip lossy",
      "add chain ip lossy in { type filter hook input priority 0; }",
      `add rule ip lossy in tcp dport ${PORT} tcp flags syn / syn,ack ${lost} drop`,
    );
  }
  const said: number[] = [];
  let opened = 0;
  const seen = await watched(async () => {
    const before = await near.counter("Tcp", "ActiveOpens");
    for (let i = 0; i < connects; i++) {
      const wanted = "%{time_connect} %{time_namelookup}";
      const text = await near.run(
        ...ahead("curl", "-s", "-o", "/dev/null", "-w", wanted, `http://${Link.FAR}:${PORT}/`),
      );
      const [connected = NaN, resolved = NaN] = text.split(" ").map(Number);
      said.push((connected - resolved) * 1000);
    }
    opened = await near.counter("Tcp", "ActiveOpens") - before;
  }, { probes: ["connect_latency"] });
  if (lost !== null) await far.rules("delete table ip lossy");
  const events = only(seen, "connect", ({ tuple }) => tuple.dstPort === PORT);
  const common = { signal: "connect_latency_ms", what, n: connects } as const;
  const because = "curl's clock starts before it makes the socket and stops after it has been woken up";
  const timed = { ...common, oracle: "curl time_connect - time_namelookup", unit: "ms", allowed: 10, because } as const;
  const ours = events.map(took);
  return [
    {
      ...common,
      oracle: "TcpActiveOpens",
      stat: "count",
      unit: "count",
      ours: events.length,
      theirs: opened,
      allowed: 0,
    },
    { ...timed, stat: "median", ours: median(ours), theirs: median(said) },
    ...(lost === null
      ? []
      : [{ ...timed, stat: "max", ours: Math.max(...ours), theirs: Math.max(...said), allowed: 10 } as const]),
  ];
}

export const connect: Measurement = {
  name: "connect_latency_ms",
  needs: () => lacks("curl") ?? lacks("ip", "apt-get install iproute2") ?? lacks("nft", "apt-get install nftables"),
  measure: async () => {
    await using link = await Link.make();
    const server = link.far.command([Deno.execPath(), "eval", SERVE]).spawn();
    try {
      for (let i = 0; i < 100 && await link.near.tryRun("curl", "-s", `http://${Link.FAR}:${PORT}/`) === null; i++) {
        await delay(50);
      }
      const all: Comparison[] = [];
      for (const situation of SITUATIONS) all.push(...await compared(link, situation));
      return all;
    } finally {
      server.kill("SIGKILL");
      await server.status;
    }
  },
};
