/** dns_latency_ms against dig, which times its own query. */
import { exec } from "../../lib/host/exec.ts";
import { ahead } from "../../lib/testing/ahead.ts";
import { median, only, watched } from "../../lib/testing/watched.ts";
import { type Comparison, lacks, type Measurement, repeats } from "./measure.ts";
import { lateResolver, RESOLVER } from "./resolver.ts";

const QUERIES = repeats(20);
const LATE_MS = [0, 20, 150];

async function askedLate(lateMs: number): Promise<Comparison[]> {
  await using _resolver = await lateResolver(lateMs);
  const said: number[] = [];
  const seen = await watched(async () => {
    for (let i = 0; i < QUERIES; i++) {
      const text = await exec(...ahead("dig", "-u", "+tries=1", "+time=2", `@${RESOLVER}`, `q${i}.late${lateMs}.test`));
      said.push(Number(/Query time: (\d+) usec/.exec(text)?.[1]) / 1000);
    }
  }, { probes: ["dns_latency"] });
  const events = only(seen, "dns", ({ tuple }) => tuple.dstIp === RESOLVER);
  const common = { signal: "dns_latency_ms", what: `resolver ${lateMs} ms late`, oracle: "dig", n: QUERIES } as const;
  return [
    { ...common, stat: "count", unit: "count", ours: events.length, theirs: QUERIES, allowed: 0 },
    {
      ...common,
      stat: "median",
      unit: "ms",
      ours: median(events.map(({ startNs, tsNs }) => (tsNs - startNs) / 1e6)),
      theirs: median(said),
      allowed: 10,
      because: "dig's clock starts before the packet leaves and stops after dig has been woken up",
    },
  ];
}

function late(name: string, ms: readonly number[]): Measurement {
  return {
    name,
    needs: () => lacks("dig", "apt-get install bind9-dnsutils"),
    measure: async () => {
      const all: Comparison[] = [];
      for (const lateMs of ms) all.push(...await askedLate(lateMs));
      return all;
    },
  };
}

export const dns = late("dns_latency_ms", LATE_MS);

/** The same in short, for machines on which it was measured before. */
export const dnsBrief = late("dns_latency_ms, one delay", LATE_MS.slice(1, 2));
