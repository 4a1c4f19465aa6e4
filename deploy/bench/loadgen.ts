/**
 * The load generator against a server that keeps its own log: what it delivers, how far its stamps are off, what it costs; and beside
 * it, in turns on the same server, the load tools that are installed.
 */
import { measure } from "../../lib/model/measure.ts";
import type { RequestRecord } from "../../lib/model/request_record.ts";
import { quantile } from "../../lib/stats/describe.ts";
import { median } from "./numbers.ts";
import { type Peer, PEERS } from "./loadgen_peers.ts";
import { compileServer, type Served, startServer } from "./sse_server.ts";
import { timed } from "./timed.ts";

const SLOCTL = new URL("../../sloctl", import.meta.url).pathname;
const RATE = 2000;
const SECONDS = 4;
const ROUNDS = 3;
const STREAMS = { rate: 50, seconds: 15, chunks: 200, everyMs: 50 };
const STALL = { rate: 500, seconds: 4, afterMs: 1000, forMs: 1000 };

/** Error of a stamp: what the client says a first byte took, less what the server says it took; ms. */
export interface StampError {
  readonly p50: number;
  readonly p99: number;
}

export interface RateResult {
  readonly client: string;
  /** Why it is not measured here; then nothing else is. */
  readonly skipped?: string;
  /** Of the requests that were due, the share the server saw. */
  readonly delivered?: number;
  readonly error?: StampError;
  /** Of ours: how long after the server wrote the first byte its stamp stands, ms. */
  readonly late?: StampError;
  readonly cpu_us?: number;
}

export interface StreamsResult {
  readonly open: number;
  /** Of the chunks the server wrote, the share that was stamped. */
  readonly chunks: number;
  /** Of the chunks that many streams bring in the time, the share the server could write. */
  readonly server_share: number;
  readonly late_ms: StampError;
  readonly cpu_us_per_chunk: number;
}

export interface StallResult {
  readonly client: string;
  readonly skipped?: string;
  /** What it reports at p99, ms, and under which name. */
  readonly reported?: readonly { readonly name: string; readonly ms: number }[];
  readonly sent?: number;
}

export interface LoadgenResult {
  readonly rate: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly at_rate: readonly RateResult[];
  readonly streams: StreamsResult;
  readonly closed: readonly {
    readonly client: string;
    readonly per_second: number | null;
    readonly skipped?: string;
  }[];
  readonly stall: readonly StallResult[];
  /** What p99 is for requests due evenly over a run of which a part was a stall, ms. */
  readonly stall_true_p99_ms: number;
  readonly one_by_one: readonly { readonly client: string; readonly error?: StampError; readonly skipped?: string }[];
}

/** @throws UnsupportedError without a C compiler */
export async function benchLoadgen(folder: string): Promise<LoadgenResult> {
  const program = await compileServer(folder);
  const versions = new Map<Peer, string>();
  for (const peer of PEERS) versions.set(peer, await peer.version());
  const has = (peer: Peer) => !versions.get(peer)!.startsWith("not ");
  const name = (peer: Peer) => has(peer) ? versions.get(peer)! : peer.name;
  const why = (peer: Peer) => `${peer.name} is ${versions.get(peer)}`;

  // In turns, so that what else the machine does falls on all of them.
  const ours: Attempt[] = [];
  const theirs = new Map<Peer, Attempt[]>(PEERS.filter((peer) => peer.atRate !== undefined).map((peer) => [peer, []]));
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await oursAtRate(program, folder));
    for (const [peer, attempts] of theirs) if (has(peer)) attempts.push(await peerAtRate(peer, program, folder));
  }
  const at_rate = [
    { client: "sloctl", ...summary(ours) },
    ...[...theirs].map(([peer, attempts]) =>
      attempts.length > 0 ? { client: name(peer), ...summary(attempts) } : { client: peer.name, skipped: why(peer) }
    ),
  ];
  const streams = await oursStreams(program, folder);
  const closed: LoadgenResult["closed"][number][] = [
    { client: "sloctl", per_second: await oursClosed(program, folder) },
  ];
  const stall: StallResult[] = [await oursStalled(program, folder)];
  const one_by_one: { client: string; error?: StampError; skipped?: string }[] = [
    { client: "sloctl", error: await oursOneByOne(program, folder) },
  ];
  for (const peer of PEERS) {
    const skipped = has(peer) ? undefined : why(peer);
    if (peer.closed !== undefined) {
      const run = peer.closed;
      const per_second = skipped === undefined ? await withServer(program, folder, (url) => run(url, folder)) : null;
      closed.push({ client: name(peer), per_second, ...(skipped !== undefined && { skipped }) });
    }
    if (peer.stalled !== undefined) {
      const run = peer.stalled;
      if (skipped !== undefined) stall.push({ client: peer.name, skipped });
      else {
        const reported = await withServer(program, folder, (url) => run(url, STALL.rate, STALL.seconds, folder), STALL);
        stall.push({ client: name(peer), ...reported });
      }
    }
    if (peer.oneByOne !== undefined) {
      if (skipped !== undefined) one_by_one.push({ client: peer.name, skipped });
      else one_by_one.push({ client: name(peer), error: await peerOneByOne(peer, program, folder) });
    }
  }
  const late = STALL.forMs - 0.01 * STALL.seconds * 1000;
  return {
    rate: RATE,
    seconds: SECONDS,
    rounds: ROUNDS,
    at_rate,
    streams,
    closed,
    stall,
    stall_true_p99_ms: late,
    one_by_one,
  };
}

interface Attempt {
  readonly delivered: number;
  readonly error: StampError;
  readonly late?: StampError;
  readonly cpu_us: number;
}

/** Medians of the rounds. */
function summary(attempts: readonly Attempt[]): Omit<RateResult, "client"> {
  const medians = (values: readonly StampError[]): StampError => ({
    p50: median(values.map(({ p50 }) => p50)),
    p99: median(values.map(({ p99 }) => p99)),
  });
  const late = attempts.flatMap(({ late }) => late === undefined ? [] : [late]);
  return {
    delivered: median(attempts.map(({ delivered }) => delivered)),
    error: medians(attempts.map(({ error }) => error)),
    ...(late.length > 0 && { late: medians(late) }),
    cpu_us: median(attempts.map(({ cpu_us }) => cpu_us)),
  };
}

async function withServer<T>(
  program: string,
  folder: string,
  run: (url: string) => Promise<T>,
  stall?: { readonly afterMs: number; readonly forMs: number },
): Promise<T> {
  const server = await startServer(program, folder, stall);
  try {
    return await run(server.url);
  } finally {
    await server.end();
  }
}

/** One run of our own command line; its records, the server's log, and the CPU time of the whole process. */
async function ours(
  program: string,
  folder: string,
  args: readonly string[],
  stall?: typeof STALL,
): Promise<{ records: RequestRecord[]; log: Served[]; cpuMs: number }> {
  const server = await startServer(program, folder, stall);
  const out = `${folder}/load`;
  const { cpuMs } = await timed([SLOCTL, "loadgen", "--target", server.url, "--out", out, ...args], folder);
  const log = await server.end();
  const records = (await Deno.readTextFile(`${out}/requests.jsonl`)).trim().split("\n").map((line) => JSON.parse(line));
  await Deno.remove(out, { recursive: true });
  return { records, log, cpuMs };
}

/** Per request: what the client says the first byte took, less what the server says. */
function errors(records: readonly RequestRecord[], log: readonly Served[]): number[] {
  const served = new Map(log.map((entry) => [entry.trace, entry]));
  return records.flatMap((record) => {
    const entry = served.get(record.trace_id.slice(0, 16));
    const [ttft] = measure("ttft.content.from_send", record);
    return entry === undefined || ttft === undefined ? [] : [Math.abs(ttft - (entry.firstNs - entry.gotNs) / 1e6)];
  });
}

const quantiles = (values: readonly number[]): StampError => ({
  p50: quantile(values, 0.5),
  p99: quantile(values, 0.99),
});

async function oursAtRate(program: string, folder: string): Promise<Attempt> {
  const args = ["--arrival", "constant", "--rps", `${RATE}`, "--duration-sec", `${SECONDS}`];
  const { records, log, cpuMs } = await ours(program, folder, args);
  return {
    delivered: log.length / (RATE * SECONDS),
    error: quantiles(errors(records, log)),
    late: quantiles(lateness(records, log)),
    cpu_us: 1000 * cpuMs / log.length,
  };
}

/** Per request: how long after the server wrote the first chunk we stamped it. */
function lateness(records: readonly RequestRecord[], log: readonly Served[]): number[] {
  const served = new Map(log.map((entry) => [entry.trace, entry]));
  return records.flatMap(({ trace_id, t_ns: [first] }) => {
    const entry = served.get(trace_id.slice(0, 16));
    return entry === undefined || first === undefined ? [] : [(first - entry.firstNs) / 1e6];
  });
}

async function peerAtRate(peer: Peer, program: string, folder: string): Promise<Attempt> {
  const server = await startServer(program, folder);
  const { ttfb, cpuMs } = await peer.atRate!(server.url, RATE, SECONDS, folder);
  const log = await server.end();
  const service = quantile(log.map(({ firstNs, gotNs }) => (firstNs - gotNs) / 1e6), 0.5);
  return {
    delivered: log.length / (RATE * SECONDS),
    error: { p50: ttfb.p50 - service, p99: ttfb.p99 - service },
    cpu_us: 1000 * cpuMs / log.length,
  };
}

async function oursStreams(program: string, folder: string): Promise<StreamsResult> {
  const { rate, seconds, chunks, everyMs } = STREAMS;
  const path = `/v1/chat/completions?chunks=${chunks}&every_us=${everyMs * 1000}`;
  const args = ["--path", path, "--arrival", "constant", "--rps", `${rate}`, "--duration-sec", `${seconds}`];
  const { records, log, cpuMs } = await ours(program, folder, args);
  const served = new Map(log.map((entry) => [entry.trace, entry]));
  const late = records.flatMap((record) => {
    const entry = served.get(record.trace_id.slice(0, 16));
    if (entry === undefined || record.t_ns.length === 0) return [];
    return [(record.t_ns[0]! - entry.firstNs) / 1e6, (record.t_ns.at(-1)! - entry.lastNs) / 1e6];
  });
  const written = log.reduce((sum, entry) => sum + entry.chunks, 0);
  // The server writes a chunk late rather than not at all: how much longer its streams took than they should have.
  const took = log.reduce((sum, entry) => sum + entry.lastNs - entry.firstNs, 0) / log.length / 1e6;
  return {
    open: Math.min(rate * seconds, rate * chunks * everyMs / 1000),
    chunks: records.reduce((sum, record) => sum + record.t_ns.length, 0) / written,
    server_share: Math.min(1, (chunks - 1) * everyMs / took),
    late_ms: quantiles(late),
    cpu_us_per_chunk: 1000 * cpuMs / written,
  };
}

async function oursClosed(program: string, folder: string): Promise<number> {
  const { records } = await ours(program, folder, [
    "--arrival",
    "closed",
    "--concurrency",
    "50",
    "--duration-sec",
    "3",
  ]);
  return records.filter(({ outcome }) => outcome === "ok").length / 3;
}

async function oursStalled(program: string, folder: string): Promise<StallResult> {
  const args = ["--arrival", "constant", "--rps", `${STALL.rate}`, "--duration-sec", `${STALL.seconds}`];
  const { records, log } = await ours(program, folder, args, STALL);
  const at = (def: string) => quantile(records.flatMap((record) => [...measure(def, record)]), 0.99);
  const defs = ["ttft.content.from_schedule", "ttft.content.from_send"];
  return { client: "sloctl", reported: defs.map((name) => ({ name, ms: at(name) })), sent: log.length };
}

async function oursOneByOne(program: string, folder: string): Promise<StampError> {
  const { records, log } = await ours(program, folder, [
    "--arrival",
    "closed",
    "--concurrency",
    "1",
    "--requests",
    "200",
  ]);
  return quantiles(errors(records, log));
}

/** Requests one after the other: the order of the log is the order of the answers. */
async function peerOneByOne(peer: Peer, program: string, folder: string): Promise<StampError> {
  const server = await startServer(program, folder);
  const ttfb = await peer.oneByOne!(server.url, 200, folder);
  const log = await server.end();
  return quantiles(
    ttfb.flatMap((ms, i) => log[i] === undefined ? [] : [Math.abs(ms - (log[i].firstNs - log[i].gotNs) / 1e6)]),
  );
}
