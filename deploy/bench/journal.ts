/** The journal: acknowledged spans a second beside the OpenTelemetry Collector's, kills, a million events held, and the disk's own sync. */
import { SloctlError } from "../../lib/model/errors.ts";
import { quantile } from "../../lib/stats/describe.ts";
import { type IngestCell, measureIngest, type Ratios, ratios } from "./ingest.ts";
import { type Killed, killOurs, killTheirs } from "./ingest_kill.ts";
import { OURS } from "./ingest_peer.ts";
import { buildCollector, COLLECTOR_VERSION, collectorPeer } from "./otel_collector.ts";
import { compileLoad, runLoad } from "./otlp_load.ts";
import { benchTrace, writeEvents, writeRequest } from "./otlp_request.ts";
import { compileServer, startServer } from "./sse_server.ts";

const QUERIES = 500;
const KILLS = 3;
/** Events that are held when memory and start-up are looked at. */
const HELD = 1_000_000;
/** Judging what was sent is waited for so long at most. */
const SETTLE_MS = 60_000;

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

/** Kernel events as OTLP logs. */
export interface EventCell {
  readonly batch: number;
  readonly connections: number;
  readonly events_per_s: number;
  readonly ms: Percentiles;
}

export interface JournalResult {
  readonly cells: readonly IngestCell[];
  readonly ratios: Ratios | null;
  /** Of the other; or why it could not be had. */
  readonly peer: string;
  readonly killed: { readonly ours: Killed; readonly theirs: Killed | null };
  readonly events: readonly EventCell[];
  /** 4 KiB appended to a file and synced, in the folder of the store, milliseconds. */
  readonly disk_sync_ms: { readonly before: Percentiles; readonly after: Percentiles };
  /** `GET /v1/requests/{trace_id}` of a trace that is held, milliseconds. */
  readonly query_ms: Percentiles;
  readonly held: Held;
}

/** What was held at the end, the collector's memory then, and how long its next start took until it listened. */
export interface Held {
  readonly entries: number;
  /** Of them, not judged yet when it was looked at. */
  readonly backlog: number;
  readonly database_mb: number;
  readonly rss_mb: number;
  readonly start_ms: number;
}

/** Takes about seven minutes, two of them for the build of what it is compared with. */
export async function benchJournal(folder: string): Promise<JournalResult> {
  const load = await compileLoad(folder);
  const before = await diskSync(folder);
  const sink = await startServer(await compileServer(folder), folder);
  let built: string | null = null;
  let why = "";
  try {
    built = await buildCollector(folder);
  } catch (error) {
    if (!(error instanceof SloctlError)) throw error;
    why = error.message;
  }
  const theirs = built === null ? null : collectorPeer(built, sink.url);
  const cells = await measureIngest({ folder, load, ours: OURS, theirs });
  const killing = { folder, load, files: writeRequest(folder, "protobuf", 10), kills: KILLS };
  const killed = {
    ours: await killOurs(OURS, killing),
    theirs: built === null ? null : await killTheirs((to) => collectorPeer(built!, to), killing),
  };
  await sink.end();
  const { events, query, held } = await million(folder, load);
  const after = await diskSync(folder);
  return {
    cells,
    ratios: ratios(cells),
    peer: built === null ? why : `OpenTelemetry Collector ${COLLECTOR_VERSION}`,
    killed,
    events,
    disk_sync_ms: { before, after },
    query_ms: query,
    held,
  };
}

/** A store with a million events: some of the kernel, the others spans. */
async function million(folder: string, load: string) {
  const dir = `${folder}/store`;
  const events: EventCell[] = [];
  let query: Percentiles;
  let part: Omit<Held, "start_ms">;
  {
    await using collector = await OURS.start(dir);
    const url = `http://127.0.0.1:${collector.port}`;
    for (const [batch, connections] of [[1, 8], [100, 8], [512, 8]] as const) {
      const files = writeEvents(folder, batch);
      const { port } = collector;
      const sent = await runLoad(load, { files, port, connections, seconds: 2 });
      events.push({
        batch,
        connections,
        events_per_s: sent.answered * batch / sent.seconds,
        ms: { p50: sent.p50_us / 1000, p99: sent.p99_us / 1000 },
      });
    }
    const files = writeRequest(folder, "protobuf", 100);
    while (await lastSeq(url) < HELD) await runLoad(load, { files, port: collector.port, connections: 4, seconds: 1 });
    const backlog = await settled(url);
    query = await queries(url);
    const rss = Number(/VmRSS:\s+(\d+)/.exec(await Deno.readTextFile(`/proc/${collector.pid}/status`))![1]);
    part = { entries: await lastSeq(url), backlog, rss_mb: rss / 1024, database_mb: 0 };
    await collector.end("SIGTERM");
  }
  const size = (await Deno.stat(`${dir}/journal.db`)).size / 1e6;
  await using again = await OURS.start(dir);
  return { events, query, held: { ...part, database_mb: size, start_ms: again.startMs } };
}

async function lastSeq(url: string): Promise<number> {
  return (await (await fetch(`${url}/v1/health`)).json()).store.last_seq;
}

/** Until everything that was taken is judged, too; what is left after a while. */
async function settled(url: string): Promise<number> {
  const left = async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const of = (name: string) => Number(new RegExp(`^${name} (\\S+)`, "m").exec(text)?.[1] ?? 0);
    return of("llm_slo_collector_backlog_entries") + of("llm_slo_collector_held_spans");
  };
  const until = performance.now() + SETTLE_MS;
  while (await left() > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 500));
  return await left();
}

async function queries(url: string): Promise<Percentiles> {
  const ids: string[] = [];
  for (let i = 0; i < 50; i++) {
    const { body, traceId } = benchTrace();
    const headers = { "content-type": "application/x-protobuf" };
    const response = await fetch(`${url}/v1/traces`, { method: "POST", headers, body });
    await response.arrayBuffer();
    if (response.status === 200) ids.push(traceId);
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
