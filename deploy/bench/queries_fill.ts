/** A store as an ordinary day leaves it: requests of ten spans, the kernel events and the SLO events of each, some incidents; up to now. */
import { IoError } from "../../lib/model/errors.ts";
import type { IncidentAttribution } from "../../lib/model/incident_attribution.ts";
import type { ProbeEventV1Alpha2 } from "../../lib/model/probe_event.ts";
import type { SloEvent } from "../../lib/model/slo_event.ts";
import type { Span } from "../../lib/model/span.ts";
import { random } from "../../lib/stats/random.ts";
import { incidentEntry, probeEntry, sloEntry, spanEntry } from "../../lib/store/entries.ts";
import { JournalStore } from "../../lib/store/journal_store.ts";
import type { NewEntry } from "../../lib/store/store.ts";

/** Requests a second, and of what each is made. */
export const RATE = 20;
const [SPANS, PROBES, INDICATORS] = [10, 6, ["ttft_ms", "request_latency_ms", "error_rate"] as const];
/** The first twentieth was not watched by an agent. */
const UNWATCHED = 0.05;
const MS = 1_000_000n;

export interface Filled {
  readonly entries: number;
  /** Traces with kernel events around them, and without. */
  readonly watched: readonly string[];
  readonly unwatched: readonly string[];
  readonly incident: string;
}

/** @param entries about so many @param nowMs Unix milliseconds: when the last request ends */
export async function fill(dir: string, entries: number, nowMs: number): Promise<Filled> {
  const options = { dir, synchronous: "OFF", leaseMs: 60_000, owner: "the benchmark" };
  await using store = await JournalStore.open({ ...options, retainMs: Infinity, retainBytes: Infinity });
  const requests = Math.floor(entries / (SPANS + PROBES + INDICATORS.length));
  const stepNs = 1_000_000_000n / BigInt(RATE);
  const stream = random(`queries ${entries}`);
  const hex = (words: number) =>
    Array.from({ length: words }, () => stream.uint32().toString(16).padStart(8, "0")).join("");
  const [watched, unwatched]: [string[], string[]] = [[], []];
  let incident = "";
  for (let i = 0; i < requests; i++) {
    const startNs = BigInt(nowMs) * MS - BigInt(requests - i) * stepNs;
    const traceId = hex(4);
    const ids = Array.from({ length: SPANS }, () => hex(2));
    const isWatched = i >= requests * UNWATCHED;
    if (i % 40 === 0) (isWatched ? watched : unwatched).push(traceId);
    const parts: NewEntry[][] = [
      ids.map((_, k) => spanEntry(spanOf(traceId, ids, k, startNs), 300)),
      isWatched ? probesOf(traceId, ids, i, startNs).map((probe) => probeEntry(probe, 300)) : [],
      INDICATORS.map((name) => sloEntry(sloOf(name, i, traceId, ids[0]!, startNs), 500)),
    ];
    if (i % Math.ceil(requests / 20) === 0) {
      const [document, id] = incidentOf(i, traceId, startNs);
      parts.push([incidentEntry(document, 2000)]);
      incident = id;
    }
    // A full queue takes nothing more: every hundredth request waits for the disk.
    const appended = parts.filter((part) => part.length > 0).map((part) => store.append(part));
    if (i % 100 === 0 || i === requests - 1) await Promise.all(appended);
    else appended.forEach((one) => void one.catch(() => {}));
  }
  // Nothing of it is left to be judged: that is noted with what is written next.
  store.judged(store.state().last);
  await store.append([probeEntry(probesOf("", ["", ""], requests, BigInt(nowMs) * MS)[2]!, 300)]);
  const { last } = store.state();
  if (last < requests * (SPANS + INDICATORS.length)) {
    throw new IoError(`Cannot fill "${dir}": it holds ${last} entries`);
  }
  return { entries: last, watched, unwatched, incident };
}

function spanOf(traceId: string, ids: readonly string[], k: number, startNs: bigint): Span {
  return {
    resource: { "service.name": "gateway", "host.name": "node-1", "process.pid": 900n },
    scope: "bench",
    traceId,
    spanId: ids[k]!,
    parentSpanId: k === 0 ? "" : ids[0]!,
    name: k === 0 ? "POST /v1/chat/completions" : `step ${k}`,
    kind: k === 0 ? 2 : k === 1 ? 3 : 1,
    startNs: startNs + BigInt(k) * 5n * MS,
    endNs: startNs + BigInt(95 - k) * MS,
    attributes: {
      "http.request.method": "POST",
      "http.response.status_code": 200n,
      "gen_ai.request.model": "lab-7b",
      "server.address": "10.0.0.9",
      "server.port": 8000n,
    },
    events: [],
    statusCode: 0,
    statusMessage: "",
  };
}

function probesOf(traceId: string, ids: readonly string[], i: number, startNs: bigint): ProbeEventV1Alpha2[] {
  const conn_tuple = {
    src_ip: "10.0.0.2",
    dst_ip: "10.0.0.9",
    src_port: 20_000 + i % 40_000,
    dst_port: 8000,
    protocol: "tcp",
  };
  const rows: [number, string, number, object][] = [
    [3, "dns_latency_ms", 2, { attributes: { query_name: "provider", rcode: 0, query_id: i } }],
    [5, "connect_latency_ms", 0.2, { conn_tuple, attributes: { cookie: `c${i}` } }],
    [30, "runqueue_delay_ms", 12, {}],
    [60, "socket_wait_ms", 1.2, { attributes: { cookie: `c${i}` } }],
    [70, "stream_ttft_ms", 60, { conn_tuple, trace_id: traceId, span_id: ids[1], attributes: role("client", i) }],
    [80, "stream_ttft_ms", 80, { trace_id: traceId, span_id: "00000000000000ff", attributes: role("server", i) }],
  ];
  return rows.map(([ms, signal, value, more]) => ({
    schema: "probe_event/v1alpha2",
    ...{ node: "node-1", namespace: "", pod: "", container: "", pid: 900, tid: 900, unit: "ms", status: "ok" as const },
    process: { comm: "gateway" },
    cgroup: "/gateway",
    ts_unix_nano: startNs + BigInt(ms) * MS,
    signal,
    value,
    ...more,
  } as ProbeEventV1Alpha2));
}

const role = (side: string, i: number) => ({ role: side, turn: 0, cookie: `${side}${i}` });

function sloOf(name: SloEvent["sli_name"], i: number, traceId: string, requestId: string, startNs: bigint): SloEvent {
  return {
    event_id: `${i}-${name}`,
    timestamp: iso(startNs + 95n * MS),
    ...{ cluster: "", namespace: "", workload: "", service: "gateway", request_id: requestId, trace_id: traceId },
    sli_name: name,
    sli_value: name === "error_rate" ? 0 : 80 + i % 40,
    unit: name === "error_rate" ? "ratio" : "ms",
    status: "ok",
  };
}

function incidentOf(i: number, traceId: string, startNs: bigint): readonly [IncidentAttribution, string] {
  const incident_id = `inc-${i}`;
  const at = iso(startNs);
  const document: IncidentAttribution = {
    ...{ incident_id, timestamp: at, cluster: "", service: "gateway", opened_at: at, closed_at: at, state: "closed" },
    predicted_fault_domain: "network_dns",
    confidence: 0.8,
    evidence: [{ signal: "dns_latency_ms", value: 120, source: "ebpf" }],
    slo_impact: { sli: "ttft_ms", burn_rate: 14, window_minutes: 5 },
    trace_ids: [traceId],
  };
  return [document, incident_id];
}

function iso(ns: bigint): string {
  return new Date(Number(ns / MS)).toISOString();
}
