/**
 * The signal catalogue: one row per signal, naming its unit, its probe and the hint above which a person is shown it as elevated.
 * Attribution never uses the hint; it compares with a baseline.
 */

export type SignalName =
  | "dns_latency_ms"
  | "dns_errors_total"
  | "connect_latency_ms"
  | "connect_errors_total"
  | "stream_ttft_ms"
  | "stream_gap_ms"
  | "socket_wait_ms"
  | "tcp_retransmits_total"
  | "tls_handshake_ms"
  | "tls_handshake_fail_total"
  | "runqueue_delay_ms"
  | "cfs_throttled_ms";

export type ProbeName =
  | "dns_latency"
  | "connect_latency"
  | "tls_handshake"
  | "stream"
  | "tcp_retransmit"
  | "runqueue_delay";

export interface SignalRow {
  readonly signal: SignalName;
  readonly probe: ProbeName;
  readonly unit: "ms" | "count";
  /** Display hint in the signal's unit; null where only a baseline can tell. */
  readonly elevated: number | null;
  readonly meaning: string;
}

export const SIGNALS: readonly SignalRow[] = [
  { signal: "dns_latency_ms", probe: "dns_latency", unit: "ms", elevated: 40, meaning: "DNS query to its answer" },
  {
    signal: "dns_errors_total",
    probe: "dns_latency",
    unit: "count",
    elevated: 1,
    meaning: "DNS answers with an error code, and queries without an answer",
  },
  {
    signal: "connect_latency_ms",
    probe: "connect_latency",
    unit: "ms",
    elevated: 80,
    meaning: "TCP handshake, first SYN to established",
  },
  {
    signal: "connect_errors_total",
    probe: "connect_latency",
    unit: "count",
    elevated: 1,
    meaning: "TCP connects that failed",
  },
  {
    signal: "stream_ttft_ms",
    probe: "stream",
    unit: "ms",
    elevated: 800,
    meaning: "last request byte to first response byte on one socket",
  },
  {
    signal: "stream_gap_ms",
    probe: "stream",
    unit: "ms",
    elevated: null,
    meaning: "pause of at least 10 ms between two response segments",
  },
  {
    signal: "socket_wait_ms",
    probe: "stream",
    unit: "ms",
    elevated: 10,
    meaning: "bytes arrived, not yet read by the application",
  },
  {
    signal: "tcp_retransmits_total",
    probe: "tcp_retransmit",
    unit: "count",
    elevated: 2,
    meaning: "TCP segments sent again",
  },
  {
    signal: "tls_handshake_ms",
    probe: "tls_handshake",
    unit: "ms",
    elevated: 60,
    meaning: "ClientHello to the client's last handshake record",
  },
  {
    signal: "tls_handshake_fail_total",
    probe: "tls_handshake",
    unit: "count",
    elevated: 1,
    meaning: "TLS handshakes that failed",
  },
  {
    signal: "runqueue_delay_ms",
    probe: "runqueue_delay",
    unit: "ms",
    elevated: 10,
    meaning: "runnable, waiting for a CPU, throttled time taken out",
  },
  {
    signal: "cfs_throttled_ms",
    probe: "runqueue_delay",
    unit: "ms",
    elevated: 40,
    meaning: "runnable, but the CPU quota of the cgroup was spent",
  },
];
