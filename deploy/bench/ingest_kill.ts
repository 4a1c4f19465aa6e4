/** `kill -9` under load, ours and the OpenTelemetry Collector's: what was acknowledged and is gone, and what is there twice. */
import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeTraces } from "../../lib/otlp/mod.ts";
import { databasePath } from "../../lib/store/journal_db.ts";
import { JournalReader } from "../../lib/store/journal_reader.ts";
import type { Peer } from "./ingest_peer.ts";
import { runLoad } from "./otlp_load.ts";
import type { RequestFiles } from "./otlp_request.ts";

const LOAD_MS = 1_000;
const CONNECTIONS = 8;
/** A receiver to which nothing came for so long has everything. */
const QUIET_MS = 4_000;

export interface Killed {
  readonly kills: number;
  /** Spans. */
  readonly acknowledged: number;
  readonly lost: number;
  readonly doubled: number;
}

interface KillOptions {
  readonly folder: string;
  readonly load: string;
  readonly files: RequestFiles;
  readonly kills: number;
}

/** Sends for a while, kills, starts again; as often as asked for. Yields the ids that were acknowledged. */
async function rounds(peer: Peer, dir: string, { folder, load, files, kills }: KillOptions): Promise<string[]> {
  const acked = `${folder}/acked`;
  const ids: string[] = [];
  for (let kill = 0; kill < kills; kill++) {
    await using running = await peer.start(dir);
    const loading = runLoad(load, { files, port: running.port, connections: CONNECTIONS, seconds: 30, acked });
    await new Promise((resolve) => setTimeout(resolve, LOAD_MS + 150 * kill));
    await running.end("SIGKILL");
    await loading;
    const bytes = await Deno.readFile(acked);
    for (let at = 0; at < bytes.length; at += 8) ids.push(bytes.subarray(at, at + 8).toHex());
  }
  return ids;
}

export async function killOurs(peer: Peer, options: KillOptions): Promise<Killed> {
  const dir = `${options.folder}/killed-ours`;
  const acked = await rounds(peer, dir, options);
  await using again = await peer.start(dir);
  await again.end("SIGTERM");
  using reader = new JournalReader(databasePath(dir));
  const counts = new Map<string, number>();
  for (let from = 0;;) {
    const page = reader.after(from, 10_000);
    for (const { kind, spanId } of page) if (kind === "span") counts.set(spanId, (counts.get(spanId) ?? 0) + 1);
    if (page.length < 10_000) break;
    from = page.at(-1)!.commitSeq;
  }
  return judged(options.kills, acked, counts);
}

/** @param peerOf what sends to the address given */
export async function killTheirs(peerOf: (sink: string) => Peer, options: KillOptions): Promise<Killed> {
  const counts = new Map<string, number>();
  let heardMs = performance.now();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    // Who sends is killed in the middle of it, too.
    request.on("error", () => {});
    request.on("end", () => {
      heardMs = performance.now();
      const { spans } = decodeTraces(Buffer.concat(parts), "protobuf");
      for (const { spanId } of spans) counts.set(spanId, (counts.get(spanId) ?? 0) + 1);
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const peer = peerOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const dir = `${options.folder}/killed-theirs`;
    const acked = await rounds(peer, dir, options);
    await using _again = await peer.start(dir);
    heardMs = performance.now();
    while (performance.now() - heardMs < QUIET_MS) await new Promise((resolve) => setTimeout(resolve, 100));
    return judged(options.kills, acked, counts);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function judged(kills: number, acked: readonly string[], counts: ReadonlyMap<string, number>): Killed {
  return {
    kills,
    acknowledged: acked.length,
    lost: acked.filter((id) => !counts.has(id)).length,
    doubled: [...counts.values()].filter((n) => n > 1).length,
  };
}
