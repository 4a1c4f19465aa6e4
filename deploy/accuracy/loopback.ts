/**
 * Over the loopback, which is what a guest without a second network has: connect_latency_ms and stream_ttft_ms against curl, socket_wait_ms
 * against the reader's own clock.
 */
import { exec } from "../../lib/host/exec.ts";
import { ahead } from "../../lib/testing/ahead.ts";
import { median, only, watched } from "../../lib/testing/watched.ts";
import { type Comparison, type Measurement, repeats } from "./measure.ts";

const CONNECTS = repeats(23);
const ANSWER_MS = 50;
const WANTED = "%{time_namelookup} %{time_connect} %{time_pretransfer} %{time_starttransfer}";

async function curled(withConnects: boolean): Promise<Comparison[]> {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async () => {
    await new Promise((done) => setTimeout(done, ANSWER_MS));
    return new Response("ok");
  });
  const { port } = server.addr as Deno.NetAddr;
  const connected: number[] = [], firstByte: number[] = [];
  const seen = await watched(async () => {
    for (let i = 0; i < CONNECTS; i++) {
      const text = await exec(...ahead("curl", "-s", "-o", "/dev/null", "-w", WANTED, `http://127.0.0.1:${port}/`));
      const [resolved = NaN, done = NaN, sent = NaN, first = NaN] = text.split(" ").map(Number);
      connected.push((done - resolved) * 1000);
      firstByte.push((first - sent) * 1000);
    }
  }, { probes: withConnects ? ["connect_latency", "stream"] : ["stream"] });
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
  const connectRows: Comparison[] = [
    { ...count, signal: "connect_latency_ms", ours: connects.length },
    { ...time, signal: "connect_latency_ms", ours: median(connects) / 1e6, theirs: median(connected) },
  ];
  return [
    ...withConnects ? connectRows : [],
    { ...count, signal: "stream_ttft_ms", ours: waits.length },
    { ...time, signal: "stream_ttft_ms", ours: median(waits) / 1e6, theirs: median(firstByte) },
  ];
}

export const loopback: Measurement = {
  name: "connect_latency_ms and stream_ttft_ms, loopback",
  measure: () => curled(true),
};

/** Where connects are not to be had. */
export const firstBytes: Measurement = { name: "stream_ttft_ms, loopback", measure: () => curled(false) };

const READS = 5;
const UNREAD_MS = 60;

/** Each answer comes at once, and is read 60 ms later. */
async function readLate(): Promise<Comparison[]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const theirs: number[] = [];
  const seen = await watched(async () => {
    const [client, server] = await Promise.all([Deno.connect({ hostname: "127.0.0.1", port }), listener.accept()]);
    using _client = client;
    using _server = server;
    const bytes = new Uint8Array(64);
    for (let i = 0; i < READS; i++) {
      await client.write(bytes);
      await server.read(bytes);
      await server.write(bytes);
      const since = performance.now();
      await new Promise((done) => setTimeout(done, UNREAD_MS));
      theirs.push(performance.now() - since);
      await client.read(bytes);
    }
  }, { probes: ["stream"] });
  const ours = only(seen, "unread", ({ role, tuple }) => role === "client" && tuple.dstPort === port)
    .map(({ startNs, tsNs }) => tsNs - startNs);
  const common = { signal: "socket_wait_ms", what: "a reader that sleeps", n: READS, oracle: "its clock" } as const;
  return [
    { ...common, stat: "count", unit: "count", ours: ours.length, theirs: READS, allowed: 0 },
    { ...common, stat: "median", unit: "ms", ours: median(ours) / 1e6, theirs: median(theirs), allowed: 5 },
  ];
}

export const lateReader: Measurement = { name: "socket_wait_ms, loopback", measure: readLate };
