import type { ProbeName } from "../model/signals.ts";

/**
 * What a probe is worth when something has to go: of two that cost the same the smaller weight goes first. The order is the contract's
 * (TLS, run queue, connect, CPU steal, DNS, retransmissions), with the probes it does not name put in where their findings rank; stolen
 * CPU time is one line of a file a second and is never shed.
 */
export const PROBE_WEIGHTS: Readonly<Record<ProbeName, number>> = {
  syscall_latency: 1,
  tls_handshake: 1,
  runqueue_delay: 2,
  disk_io: 2,
  connect_latency: 3,
  mem_reclaim: 3,
  stream: 4,
  dns_latency: 5,
  tcp_retransmit: 6,
};
