/** connect_latency_ms and stream_ttft_ms against curl over the loopback: what a guest without a second network can measure. */
import { exec } from "../../lib/host/exec.ts";
import { median, only, watched } from "../../lib/testing/watched.ts";
import type { Comparison, Measurement } from "./measure.ts";

const CONNECTS = 23;
const ANSWER_MS = 50;
const WANTED = "%{time_namelookup} %{time_connect} %{time_pretransfer} %{time_starttransfer}";

async function curled(): Promise<Comparison[]> {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async () => {
    await new Promise((done) => setTimeout(done, ANSWER_MS));
    return new Response("ok");
  });
  const { port } = server.addr as Deno.NetAddr;
  const connected: number[] = [], firstByte: number[] = [];
  const seen = await watched(async () => {
    for (let i = 0; i < CONNECTS; i++) {
      const text = await exec("curl", "-s", "-o", "/dev/null", "-w", WANTED, `http://127.0.0.1:${port}/`);
      const [resolved = NaN, done = NaN, sent = NaN, first = NaN] = text.split(" ").map(Number);
      connected.push((done - resolved) * 1000);
      firstByte.push((first - sent) * 1000);
    }
  }, { probes: ["connect_latency", "stream"] });
  const connects = only(seen, "connect", ({ tuple }) => tuple.dstPort === port).map(({ startNs, tsNs }) =>
    tsNs - startNs
  );
  const turns = only(
    seen,
    "exchange",
    ({ phase, role, tuple }) => phase === "first" && role === "client" && tuple.dstPort === port,
  );
  const waits = turns.map(({ requestEnd, responseStart }) => responseStart!.ns - requestEnd.ns);
  const common = { what: `${CONNECTS} requests over the loopback`, n: CONNECTS, oracle: "curl" } as const;
  const count = { ...common, stat: "count", unit: "count", theirs: CONNECTS, allowed: 0 } as const;
  const time = { ...common, stat: "median", unit: "ms", allowed: 2 } as const;
  return [
    { ...count, signal: "connect_latency_ms", ours: connects.length },
    { ...time, signal: "connect_latency_ms", ours: median(connects) / 1e6, theirs: median(connected) },
    { ...count, signal: "stream_ttft_ms", ours: waits.length },
    { ...time, signal: "stream_ttft_ms", ours: median(waits) / 1e6, theirs: median(firstByte) },
  ];
}

export const loopback: Measurement = { name: "connect_latency_ms and stream_ttft_ms, loopback", measure: curled };
