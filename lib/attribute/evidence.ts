/** What the kernel measured during an incident and during the baseline, signal by signal, in words for a person. */
import type { Domain, Evidence } from "../model/attribution.ts";
import type { KernelEvent } from "../model/kernel_event.ts";
import { mean, median } from "../stats/describe.ts";

export interface Window {
  readonly startNs: number;
  readonly endNs: number;
  /** Requests that began in it: what per-request figures are divided by. */
  readonly requests: number;
}

/** What a domain is seen by; these rows come first. */
const SIGNALS_OF: Readonly<Partial<Record<Domain, readonly string[]>>> = {
  network_dns: ["dns_latency_ms"],
  network_egress: ["connect_latency_ms", "tcp_retransmits_total", "tls_handshake_ms"],
  cpu_throttle: ["cfs_throttled_ms", "runqueue_delay_ms", "cpu_steal_pct"],
  memory_pressure: ["mem_reclaim_latency_ms", "disk_io_latency_ms"],
};

interface Measure {
  readonly signal: string;
  readonly unit: string;
  readonly what: string;
  readonly of: (events: readonly KernelEvent[], window: Window) => number | null;
}

const average = (values: number[]) => values.length === 0 ? null : mean(values);
const middle = (values: number[]) => values.length === 0 ? null : median(values);
const perRequest = (ms: number, window: Window) => window.requests === 0 ? null : ms / window.requests;

const MEASURES: readonly Measure[] = [
  {
    signal: "dns_latency_ms",
    unit: "ms",
    what: "median time to a DNS answer",
    of: (events) =>
      middle(events.flatMap((e) => e.kind === "dns" && e.rcode !== null ? [(e.tsNs - e.startNs) / 1e6] : [])),
  },
  {
    signal: "connect_latency_ms",
    unit: "ms",
    what: "mean TCP handshake",
    of: (events) =>
      average(events.flatMap((e) => e.kind === "connect" && e.errno === 0 ? [(e.tsNs - e.startNs) / 1e6] : [])),
  },
  {
    signal: "tcp_retransmits_total",
    unit: "segments per request",
    what: "segments sent again",
    of: (events, window) =>
      perRequest(events.reduce((sum, e) => e.kind === "retransmit" ? sum + e.segments : sum, 0), window),
  },
  {
    signal: "tls_handshake_ms",
    unit: "ms",
    what: "median TLS handshake",
    of: (events) =>
      middle(
        events.flatMap((e) => e.kind === "tls" && e.role === "client" && !e.failed ? [(e.tsNs - e.startNs) / 1e6] : []),
      ),
  },
  {
    signal: "cfs_throttled_ms",
    unit: "ms per request",
    what: "threads stood still with the CPU quota spent",
    of: (events, window) => perRequest(summed(events, "throttled"), window),
  },
  {
    signal: "runqueue_delay_ms",
    unit: "ms per request",
    what: "threads waited for a CPU",
    of: (events, window) => perRequest(summed(events, "runq"), window),
  },
  {
    signal: "cpu_steal_pct",
    unit: "%",
    what: "CPU time of the machine that the hypervisor gave to others",
    of: (events) => average(events.flatMap((e) => e.kind === "steal" ? [100 * e.share] : [])),
  },
  {
    signal: "mem_reclaim_latency_ms",
    unit: "ms per request",
    what: "threads had to free memory before they got some",
    of: (events, window) =>
      perRequest(events.reduce((sum, e) => e.kind === "reclaim" ? sum + (e.tsNs - e.startNs) / 1e6 : sum, 0), window),
  },
  {
    signal: "disk_io_latency_ms",
    unit: "ms",
    what: "median block request",
    of: (events) => middle(events.flatMap((e) => e.kind === "disk" && !e.byKernel ? [(e.tsNs - e.startNs) / 1e6] : [])),
  },
  {
    signal: "socket_wait_ms",
    unit: "ms",
    what: "median time that arrived bytes lay unread",
    of: (events) =>
      middle(events.flatMap((e) => {
        if (e.kind !== "exchange" || e.phase !== "first" || e.firstRead === null) return [];
        const arrived = e.role === "client" ? e.responseStart : e.requestEnd;
        return arrived === null ? [] : [Math.max(0, e.firstRead.ns - arrived.ns) / 1e6];
      })),
  },
];

function summed(events: readonly KernelEvent[], kind: "throttled" | "runq"): number {
  let ns = 0;
  for (const event of events) {
    if (event.kind === kind) ns += event.tsNs - event.startNs;
    else if (event.kind === "wait_sum") ns += kind === "runq" ? event.runqNs : event.throttledNs;
  }
  return ns / 1e6;
}

/**
 * One row per signal: those the domain is seen by first, then by how far they moved. Events of the watched service, and of no process
 * in particular (stolen CPU time).
 */
export function evidence(
  domain: Domain,
  events: readonly KernelEvent[],
  incident: Window,
  baseline: Window,
): Evidence[] {
  const own = (row: Evidence) => SIGNALS_OF[domain]?.includes(row.signal) ? 0 : 1;
  const inside = (window: Window) =>
    events.filter((event) => event.tsNs > window.startNs && event.tsNs <= window.endNs);
  const [during, before] = [inside(incident), inside(baseline)];
  return MEASURES.map(({ signal, unit, what, of }) => {
    const value = of(during, incident);
    const was = of(before, baseline);
    return {
      signal,
      value,
      baseline: was,
      unit,
      sentence: `${what}: ${show(value, unit)}, at baseline ${show(was, unit)}`,
    };
  }).sort((a, b) => own(a) - own(b) || moved(b) - moved(a));
}

/** Change in milliseconds: what counts for a request, however small the baseline was. */
function moved(row: Evidence): number {
  return row.value === null || row.baseline === null ? -Infinity : row.value - row.baseline;
}

function show(value: number | null, unit: string): string {
  return value === null ? "not seen" : `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`;
}
