/** How soon a collector with a million entries on disk answers each question, how soon it starts on them, and what memory that takes. */
import http from "node:http";
import { selfCommand } from "../../lib/host/self.ts";
import { IoError } from "../../lib/model/errors.ts";
import { quantile } from "../../lib/stats/describe.ts";
import { fill, type Filled, RATE } from "./queries_fill.ts";

const SMALL = 10_000;
const LARGE = 1_000_000;
const FIRST = 300;
const AGAIN = 20;
const TIMES = 300;
const SLO_FILE = new URL("../../fixtures/slo/gateway.yaml", import.meta.url).pathname;

export interface QueryRow {
  readonly what: string;
  readonly asked: number;
  readonly bytes: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
}

/** A store of so many entries: until the collector listened, and its memory then; and its memory after all the questions. */
export interface Held {
  readonly entries: number;
  readonly start_ms: number;
  readonly start_mb: number;
  readonly after_mb: number;
}

export interface QueriesResult {
  readonly requests_per_s: number;
  readonly rows: readonly QueryRow[];
  readonly held: readonly Held[];
}

/** @throws IoError when a collector does not start, or an answer is not 200 */
export async function benchQueries(folder: string): Promise<QueriesResult> {
  const held: Held[] = [];
  let rows: readonly QueryRow[] = [];
  for (const entries of [SMALL, LARGE]) {
    const dir = `${folder}/queries-${entries}`;
    const filled = await fill(dir, entries, Date.now());
    const began = performance.now();
    await using collector = await start(dir);
    const [startMs, startMb] = [performance.now() - began, await rssMb(collector.pid)];
    rows = await ask(collector.url, filled);
    held.push({ entries: filled.entries, start_ms: startMs, start_mb: startMb, after_mb: await rssMb(collector.pid) });
  }
  return { requests_per_s: RATE, rows, held };
}

async function ask(url: string, { watched, unwatched, incident }: Filled): Promise<readonly QueryRow[]> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const time = async (what: string, paths: readonly string[]): Promise<QueryRow> => {
      const times: number[] = [];
      let bytes = 0;
      for (const path of paths) {
        const began = performance.now();
        bytes += await get(`${url}${path}`, agent);
        times.push(performance.now() - began);
      }
      const sorted = times.sort((a, b) => a - b);
      const [p50, p99] = [quantile(sorted, 0.5), quantile(sorted, 0.99)];
      return { what, asked: paths.length, bytes: Math.round(bytes / paths.length), p50_ms: p50, p99_ms: p99 };
    };
    const request = (id: string) => `/v1/requests/${id}`;
    const spread = (ids: readonly string[], n: number) =>
      Array.from(
        { length: Math.min(n, ids.length) },
        (_, i) => ids[Math.floor(i * ids.length / Math.min(n, ids.length))]!,
      );
    const same = (path: string, n = TIMES) => Array<string>(n).fill(path);
    // The code is warm before anything counts.
    await time("", [...spread(watched, 60).map(request), ...same("/v1/health", 200)]);
    const some = spread(watched, AGAIN);
    return [
      await time("/v1/health", same("/v1/health")),
      await time("/v1/requests/{trace_id}, no agent watched: first time", spread(unwatched, FIRST).map(request)),
      await time("/v1/requests/{trace_id}: first time", spread(watched.slice(1), FIRST).map(request)),
      await time("", some.map(request)).then(() =>
        time("/v1/requests/{trace_id}: again", Array.from({ length: 25 }, () => some.map(request)).flat())
      ),
      await time("/v1/incidents", same("/v1/incidents")),
      await time("/v1/incidents/{id}", same(`/v1/incidents/${incident}`)),
      await time("/v1/requests (5 minutes): first time", same("/v1/requests", 1)),
      await time("/v1/requests (5 minutes): again", same("/v1/requests")),
      await time("/v1/signals (1 minute): first time", same("/v1/signals", 1)),
      await time("/v1/signals (1 minute): again", same("/v1/signals")),
      await time("/v1/slo", same("/v1/slo")),
      await time("/v1/agents", same("/v1/agents")),
    ];
  } finally {
    agent.destroy();
  }
}

/** Bytes of the answer. */
function get(url: string, agent: http.Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    http.get(url, { agent }, (response) => {
      let bytes = 0;
      response.on("data", (part: Uint8Array) => bytes += part.length);
      response.on(
        "end",
        () =>
          response.statusCode === 200
            ? resolve(bytes)
            : reject(new IoError(`Cannot ask "${url}": it answers ${response.statusCode}`)),
      );
    }).on("error", reject);
  });
}

interface Collector extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

async function start(dir: string): Promise<Collector> {
  const flags = ["--listen", "127.0.0.1:0", "--listen-grpc", "off", "--output", "jsonl", "--output-path", "/dev/null"];
  const [program, ...prefix] = selfCommand();
  const child = new Deno.Command(program!, {
    args: [...prefix, "collector", ...flags, "--store", dir, "--slo", SLO_FILE],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("OTLP at")) {
    const { value, done } = await reader.read();
    if (done) throw new IoError(`Cannot start a collector: ${text.trim()}`);
    text += value;
  }
  const rest = (async () => {
    while (!(await reader.read()).done);
  })();
  return {
    url: /http:\/\/[\d.]+:\d+/.exec(text)![0],
    pid: child.pid,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await child.status;
      await rest;
    },
  };
}

async function rssMb(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await Deno.readTextFile(`/proc/${pid}/status`))![1]) / 1024;
}
