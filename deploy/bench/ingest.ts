/**
 * Acknowledged-and-durable spans a second, ours and the OpenTelemetry Collector's, in one run: the same sender and the same bodies, cell by
 * cell in turn. Whoever is not measured is stopped (SIGSTOP), so that neither works off its backlog in the other's time.
 */
import type { Encoding } from "../../lib/otlp/mod.ts";
import { cpuSeconds, type Peer, type Running } from "./ingest_peer.ts";
import { type LoadResult, runLoad } from "./otlp_load.ts";
import { writeRequest } from "./otlp_request.ts";

const SECONDS = 2;
const WARM_SECONDS = 1;
const ROUNDS = 2;
export const BATCHES = [1, 10, 100, 512];
export const CONNECTIONS = [1, 8, 32];

export interface Measured {
  readonly spans_per_s: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  /** CPU time of the server's process for each acknowledged span, microseconds. */
  readonly server_us: number;
  readonly refused: number;
  /** Share of one CPU that the sender took. */
  readonly sender_cpu: number;
}

export interface IngestCell {
  readonly encoding: Encoding;
  readonly batch: number;
  readonly connections: number;
  readonly ours: Measured;
  /** Null: it could not be had. */
  readonly theirs: Measured | null;
}

export interface IngestOptions {
  readonly folder: string;
  /** The sender's program. */
  readonly load: string;
  readonly ours: Peer;
  readonly theirs: Peer | null;
}

export async function measureIngest({ folder, load, ours, theirs }: IngestOptions): Promise<IngestCell[]> {
  const peers = theirs === null ? [ours] : [ours, theirs];
  const found = new Map<string, Measured[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const encoding of ["protobuf", "json"] as const) {
      for (const batch of BATCHES) await group({ folder, load, peers, found, encoding, batch });
    }
  }
  const cells: IngestCell[] = [];
  for (const encoding of ["protobuf", "json"] as const) {
    for (const batch of BATCHES) {
      for (const connections of CONNECTIONS) {
        const of = ({ name }: Peer) => together(found.get([name, encoding, batch, connections].join())!);
        cells.push({ encoding, batch, connections, ours: of(ours), theirs: theirs === null ? null : of(theirs) });
      }
    }
  }
  return cells;
}

interface Group {
  readonly folder: string;
  readonly load: string;
  readonly peers: readonly Peer[];
  readonly found: Map<string, Measured[]>;
  readonly encoding: Encoding;
  readonly batch: number;
}

/** All connections of one batch, on empty stores: a backlog of an earlier cell is no part of the next one's. */
async function group({ folder, load, peers, found, encoding, batch }: Group): Promise<void> {
  const files = writeRequest(folder, encoding, batch);
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ dir: folder });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const running: [Peer, Running][] = [];
  for (const [i, peer] of peers.entries()) {
    const one = stack.use(await peer.start(`${dir}/${i}`));
    // What has just been started compiles itself while it is used.
    await runLoad(load, { files, port: one.port, connections: 8, seconds: WARM_SECONDS });
    Deno.kill(one.pid, "SIGSTOP");
    running.push([peer, one]);
  }
  for (const connections of CONNECTIONS) {
    for (const [{ name }, { port, pid }] of running) {
      Deno.kill(pid, "SIGCONT");
      const before = cpuSeconds(pid);
      const result = await runLoad(load, { files, port, connections, seconds: SECONDS });
      const cpu = cpuSeconds(pid) - before;
      Deno.kill(pid, "SIGSTOP");
      const key = [name, encoding, batch, connections].join();
      found.set(key, [...found.get(key) ?? [], measured(result, batch, cpu)]);
    }
    running.reverse();
  }
}

function measured({ seconds, answered, refused, odd, p50_us, p99_us, cpu_s }: LoadResult, batch: number, cpu: number) {
  const spans = answered * batch;
  return {
    spans_per_s: spans / Math.max(seconds, 1e-3),
    p50_ms: p50_us / 1000,
    p99_ms: p99_us / 1000,
    server_us: cpu * 1e6 / Math.max(1, spans),
    refused: refused + odd,
    sender_cpu: cpu_s / Math.max(seconds, 1e-3),
  };
}

/** The mean of the rounds. */
function together(all: readonly Measured[]): Measured {
  const mean = (of: (one: Measured) => number) => all.reduce((sum, one) => sum + of(one), 0) / all.length;
  return {
    spans_per_s: mean((one) => one.spans_per_s),
    p50_ms: mean((one) => one.p50_ms),
    p99_ms: mean((one) => one.p99_ms),
    server_us: mean((one) => one.server_us),
    refused: all.reduce((sum, one) => sum + one.refused, 0),
    sender_cpu: mean((one) => one.sender_cpu),
  };
}

export interface Ratios {
  /** Of spans a second, ours divided by theirs. */
  readonly geometric_mean: number;
  readonly least: number;
  readonly cells_below_1: number;
  readonly p99_above: number;
}

/** Null where there is nothing to compare with. */
export function ratios(cells: readonly IngestCell[]): Ratios | null {
  const pairs = cells.flatMap(({ ours, theirs }) => theirs === null ? [] : [{ ours, theirs }]);
  if (pairs.length === 0) return null;
  const all = pairs.map(({ ours, theirs }) => ours.spans_per_s / theirs.spans_per_s);
  return {
    geometric_mean: Math.exp(all.reduce((sum, ratio) => sum + Math.log(ratio), 0) / all.length),
    least: Math.min(...all),
    cells_below_1: all.filter((ratio) => ratio < 1).length,
    p99_above: pairs.filter(({ ours, theirs }) => ours.p99_ms > theirs.p99_ms).length,
  };
}
