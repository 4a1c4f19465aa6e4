/** P(signal above its threshold | domain), written by hand: the usual construction, kept as it is to be compared with. */
import type { Domain } from "../model/attribution.ts";

const SIGNALS = [
  "dns_latency_ms",
  "tcp_retransmits_total",
  "runqueue_delay_ms",
  "connect_latency_ms",
  "tls_handshake_ms",
  "cpu_steal_pct",
  "cfs_throttled_ms",
  "mem_reclaim_latency_ms",
  "disk_io_latency_ms",
  "syscall_latency_ms",
  "connect_errors_total",
  "tls_handshake_fail_total",
] as const;

//                    dns  retx  runq  conn  tls  steal cfs  recl disk  sysc cerr tlsf
const ROWS: Readonly<Record<Domain, readonly number[]>> = {
  network_dns: /*    */ [.95, .10, .05, .40, .30, .05, .05, .05, .05, .30, .15, .05],
  network_egress: /* */ [.20, .80, .05, .85, .75, .05, .05, .05, .05, .40, .80, .70],
  cpu_throttle: /*   */ [.05, .05, .90, .15, .15, .60, .90, .05, .05, .35, .05, .05],
  memory_pressure: /**/ [.05, .05, .55, .05, .05, .10, .10, .90, .80, .40, .05, .05],
  provider_throttle: [.05, .10, .40, .70, .70, .05, .05, .05, .05, .60, .10, .10],
  provider_error: /* */ [.05, .20, .05, .60, .50, .05, .05, .05, .05, .50, .70, .60],
  retrieval_backend: [.05, .05, .05, .15, .10, .05, .05, .05, .45, .35, .10, .05],
  unknown: /*        */ [.05, .05, .05, .05, .05, .05, .05, .05, .05, .05, .05, .05],
};

export const BAYES_TABLE = Object.fromEntries(
  Object.entries(ROWS).map(([domain, row]) => [domain, Object.fromEntries(SIGNALS.map((name, i) => [name, row[i]!]))]),
) as Readonly<Record<Domain, Readonly<Record<string, number>>>>;
