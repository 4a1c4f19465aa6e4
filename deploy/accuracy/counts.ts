/** Counts are exact: 100 look-ups of 100 processes that live a few milliseconds each, in a network namespace of their own. */
import { nameServer } from "../../lib/testing/name_server.ts";
import { Namespace } from "../../lib/testing/netns.ts";
import { only, watched } from "../../lib/testing/watched.ts";
import { type Comparison, lacks, type Measurement } from "./measure.ts";

const PROCESSES = 100;
const RESOLVER = "127.0.0.53";

/** One getent after the other, each a process of its own, with a resolver where programs look for it. */
const ASK = `mount --bind "$1" /etc/resolv.conf && i=0 && while [ $i -lt ${PROCESSES} ]; do
  getent ahosts q$i.test >/dev/null; i=$((i + 1)); done`;

async function shortLived(): Promise<Comparison[]> {
  await using namespace = await Namespace.make();
  await using server = await nameServer(namespace.name, [RESOLVER]);
  const settings = await Deno.makeTempFile({ prefix: "sloctl-resolv-" });
  await Deno.writeTextFile(settings, `nameserver ${RESOLVER}\n`);
  try {
    const seen = await watched(async () => {
      await namespace.run("unshare", "-m", "sh", "-c", ASK, "sh", settings);
    }, { probes: ["dns_latency"] });
    const events = only(seen, "dns", ({ tuple, queryName }) => tuple.dstIp === RESOLVER && queryName.endsWith(".test"));
    const common = { signal: "dns_latency_ms", n: PROCESSES, stat: "count", unit: "count", allowed: 0 } as const;
    const count = (of: (event: typeof events[number]) => unknown) => new Set(events.map(of)).size;
    return [
      {
        ...common,
        what: "processes of a few ms, another network namespace: queries",
        oracle: "the name server's own list",
        ours: events.length,
        theirs: server.asked.length,
      },
      {
        ...common,
        what: "the same: look-ups (A and AAAA are one)",
        oracle: "processes started",
        ours: count(({ resolution }) => resolution),
        theirs: PROCESSES,
      },
      {
        ...common,
        what: "the same: processes told apart",
        oracle: "processes started",
        ours: count(({ owner }) => `${owner.pid}|${owner.startNs}`),
        theirs: PROCESSES,
      },
    ];
  } finally {
    await Deno.remove(settings);
  }
}

export const counts: Measurement = {
  name: "dns_latency_ms counts",
  needs: () => lacks("ip", "apt-get install iproute2") ?? lacks("getent", "apt-get install libc-bin"),
  measure: shortLived,
};
