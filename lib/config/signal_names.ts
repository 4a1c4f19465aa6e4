/** Names a signal_set may hold: the catalogue's, and those whose probes are still to come. Pure. */
import { SIGNALS } from "../model/signals.ts";

const TO_COME = [
  "tcp_retransmits_total",
  "tls_handshake_ms",
  "tls_handshake_fail_total",
  "cpu_steal_pct",
  "mem_reclaim_latency_ms",
  "disk_io_latency_ms",
  "syscall_latency_ms",
];

export const SIGNAL_NAMES: readonly string[] = [...new Set([...SIGNALS.map((row) => row.signal), ...TO_COME])];

/** What `signal_set` leaves out; an empty set leaves nothing out. */
export function signalsLeftOut(signalSet: readonly string[]): string[] {
  return signalSet.length === 0 ? [] : SIGNAL_NAMES.filter((name) => !signalSet.includes(name));
}
