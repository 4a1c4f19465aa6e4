/** The journal: acknowledged spans a second by encoding, batch and connections, beside the disk's own sync of the same minute. */
import { selfCommand } from "../../lib/host/self.ts";
import { IoError } from "../../lib/model/errors.ts";
import type { Encoding } from "../../lib/otlp/mod.ts";
import { quantile } from "../../lib/stats/describe.ts";
import { bodies } from "./journal_bodies.ts";

const SECONDS = 2;
const BATCHES = [1, 10, 100, 512];
const CONNECTIONS = [1, 8, 32];
const QUERIES = 500;

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

export interface JournalCell {
  readonly encoding: Encoding;
  readonly batch: number;
  readonly connections: number;
  readonly spans_per_s: number;
  readonly requests_per_s: number;
  /** From the request to its answer, milliseconds. */
  readonly ms: Percentiles;
  /** Answers other than 200. */
  readonly refused: number;
}

export interface JournalResult {
  readonly seconds: number;
  readonly cells: readonly JournalCell[];
  /** 4 KiB appended to a file and synced, in the folder of the store, milliseconds. */
  readonly disk_sync_ms: { readonly before: Percentiles; readonly after: Percentiles };
  /** `GET /v1/requests/{trace_id}` of a trace that is held, milliseconds. */
  readonly query_ms: Percentiles;
  /** What was held at the end, the collector's memory then, and how long its next start took until it listened. */
  readonly held: {
    readonly entries: number;
    readonly database_mb: number;
    readonly rss_mb: number;
    readonly start_ms: number;
  };
}

interface Collector extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly startMs: number;
}

export async function benchJournal(folder: string): Promise<JournalResult> {
  const dir = `${folder}/store`;
  const before = await diskSync(folder);
  const cells: JournalCell[] = [];
  let query: Percentiles;
  let rssMb: number;
  let entries: number;
  {
    await using collector = await start(dir);
    for (const encoding of ["protobuf", "json"] as const) {
      for (const batch of BATCHES) {
        for (const connections of CONNECTIONS) cells.push(await cell(collector.url, encoding, batch, connections));
      }
    }
    await settled(collector.url);
    entries = (await (await fetch(`${collector.url}/v1/health`)).json()).store.last_seq;
    query = await queries(collector.url);
    rssMb = Number(/VmRSS:\s+(\d+)/.exec(await Deno.readTextFile(`/proc/${collector.pid}/status`))![1]) / 1024;
  }
  const after = await diskSync(folder);
  const size = (await Deno.stat(`${dir}/journal.db`)).size / 1e6;
  await using again = await start(dir);
  const held = { entries, database_mb: size, rss_mb: rssMb, start_ms: again.startMs };
  return { seconds: SECONDS, cells, disk_sync_ms: { before, after }, query_ms: query, held };
}

async function start(dir: string): Promise<Collector> {
  const flags = ["--listen", "127.0.0.1:0", "--listen-grpc", "off", "--output", "jsonl", "--output-path", "/dev/null"];
  const [program, ...prefix] = selfCommand();
  const began = performance.now();
  const child = new Deno.Command(program!, {
    args: [...prefix, "collector", ...flags, "--store", dir],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let text = "";
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  while (!text.includes("OTLP at")) {
    const { value, done } = await reader.read();
    if (done) throw new IoError(`Cannot start a collector: ${text.trim()}`);
    text += value;
  }
  const startMs = performance.now() - began;
  const rest = (async () => {
    while (!(await reader.read()).done);
  })();
  return {
    url: /http:\/\/[\d.]+:\d+/.exec(text)![0],
    pid: child.pid,
    startMs,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await child.status;
      await rest;
    },
  };
}

/** Each connection sends its next request when the last was answered. */
async function cell(url: string, encoding: Encoding, batch: number, connections: number): Promise<JournalCell> {
  const headers = { "content-type": encoding === "json" ? "application/json" : "application/x-protobuf" };
  const times: number[] = [];
  let refused = 0;
  const senders = Array.from({ length: connections }, () => bodies(encoding, batch));
  const began = performance.now();
  const until = began + SECONDS * 1000;
  await Promise.all(senders.map(async (made) => {
    while (performance.now() < until) {
      const body = made.next();
      const sent = performance.now();
      const response = await fetch(`${url}/v1/traces`, { method: "POST", headers, body });
      await response.arrayBuffer();
      if (response.status === 200) times.push(performance.now() - sent);
      else {
        refused++;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }));
  const seconds = (performance.now() - began) / 1000;
  const requests = times.length / seconds;
  return {
    encoding,
    batch,
    connections,
    spans_per_s: requests * batch,
    requests_per_s: requests,
    ms: percentiles(times),
    refused,
  };
}

/** Until everything that was taken is judged, too. */
async function settled(url: string): Promise<void> {
  const last = async () => (await (await fetch(`${url}/v1/health`)).json()).store.last_seq;
  for (let [before, now] = [-1, await last()]; before !== now; [before, now] = [now, await last()]) {
    await new Promise((resolve) => setTimeout(resolve, 4_000));
  }
}

async function queries(url: string): Promise<Percentiles> {
  const made = bodies("protobuf", 1);
  const ids: string[] = [];
  for (let i = 0; i < 50; i++) {
    const body = made.next();
    const headers = { "content-type": "application/x-protobuf" };
    const response = await fetch(`${url}/v1/traces`, { method: "POST", headers, body });
    await response.arrayBuffer();
    if (response.status === 200) ids.push(traceIdOf(body));
  }
  const ask = async (id: string) => await (await fetch(`${url}/v1/requests/${id}`)).arrayBuffer();
  for (const id of ids) await ask(id);
  const times: number[] = [];
  for (let i = 0; i < QUERIES; i++) {
    const began = performance.now();
    await ask(ids[i % ids.length]!);
    times.push(performance.now() - began);
  }
  return percentiles(times);
}

/** Of the only span of a protobuf body: the first field of 16 bytes with number 1. */
function traceIdOf(body: Uint8Array): string {
  for (let at = 0; at < body.length; at++) {
    if (body[at] === 0x0a && body[at + 1] === 0x10 && body[at + 18] === 0x12 && body[at + 19] === 8) {
      return body.subarray(at + 2, at + 18).toHex();
    }
  }
  throw new Error("there is no span in the body");
}

async function diskSync(folder: string): Promise<Percentiles> {
  const path = `${folder}/sync`;
  const times: number[] = [];
  using file = await Deno.open(path, { create: true, write: true, truncate: true });
  const page = new Uint8Array(4096);
  for (let i = 0; i < 300; i++) {
    file.writeSync(page);
    const began = performance.now();
    file.syncDataSync();
    times.push(performance.now() - began);
  }
  return percentiles(times);
}

function percentiles(times: readonly number[]): Percentiles {
  const sorted = times.toSorted((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}
