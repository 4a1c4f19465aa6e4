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
  | "cfs_throttled_ms"
  | "cpu_steal_pct"
  | "mem_reclaim_latency_ms"
  | "disk_io_latency_ms"
  | "syscall_latency_ms";

export type ProbeName =
  | "dns_latency"
  | "connect_latency"
  | "tls_handshake"
  | "stream"
  | "tcp_retransmit"
  | "runqueue_delay"
  | "mem_reclaim"
  | "disk_io"
  | "syscall_latency";

/** Not a program in the kernel: files that are read once a second. */
export type PolledName = "cpu_steal";

export interface SignalRow {
  readonly signal: SignalName;
  readonly probe: ProbeName | PolledName;
  readonly unit: "ms" | "count" | "pct";
  /** Display hint in the signal's unit; null where only a baseline can tell. */
  readonly elevated: number | null;
  readonly meaning: string;
  /** What it is read from: tracepoints by the kernel's name, `cgroup_skb`, files. Shared hooks stand in every row they serve. */
  readonly hooks: readonly string[];
  /** Oldest Linux on which it is complete, as `5.8`; what an older one lacks stands in `misses`. */
  readonly minKernel: string;
  /** Capabilities it cannot do without. CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON. */
  readonly rights: readonly string[];
  /** What it does not see even where all of that is there. */
  readonly misses: string;
}

const TRACING = ["CAP_BPF", "CAP_PERFMON"];
const PACKETS = [...TRACING, "CAP_NET_ADMIN"];
const PACKET_HOOKS = ["cgroup_skb/egress", "cgroup_skb/ingress"];

const DNS_HOOKS = [
  ...PACKET_HOOKS,
  "cgroup/sendmsg4",
  "cgroup/sendmsg6",
  "cgroup/sock_release",
  "inet_sk_error_report",
];
const DNS_MISSES =
  "DNS over TLS, HTTPS or QUIC, other ports than 53; names from a cache, a file or a local socket (nscd, " +
  "nss-resolve); raw sockets; before 5.14 that nobody listens, before 5.9 that an asker gave up (told as a timeout)";

export const SIGNALS: readonly SignalRow[] = [
  {
    signal: "dns_latency_ms",
    probe: "dns_latency",
    unit: "ms",
    elevated: 40,
    meaning: "DNS query to its answer",
    hooks: DNS_HOOKS,
    minKernel: "5.8",
    rights: PACKETS,
    misses: DNS_MISSES,
  },
  {
    signal: "dns_errors_total",
    probe: "dns_latency",
    unit: "count",
    elevated: 1,
    meaning: "DNS answers with an error code, and queries without an answer",
    hooks: DNS_HOOKS,
    minKernel: "5.8",
    rights: PACKETS,
    misses: DNS_MISSES,
  },
  {
    signal: "connect_latency_ms",
    probe: "connect_latency",
    unit: "ms",
    elevated: 80,
    meaning: "TCP handshake, first SYN to established",
    hooks: ["inet_sock_set_state"],
    minKernel: "5.8",
    rights: PACKETS,
    misses: "connects that were under way when the probe attached; MPTCP and SMC",
  },
  {
    signal: "connect_errors_total",
    probe: "connect_latency",
    unit: "count",
    elevated: 1,
    meaning: "TCP connects that failed",
    hooks: [
      "cgroup/connect4",
      "cgroup/connect6",
      "inet_sock_set_state",
      "fexit/inet_stream_connect",
      "sys_exit_connect",
      "sys_exit",
    ],
    minKernel: "5.8",
    rights: PACKETS,
    misses:
      "calls that a security module forbids; why MSG_FASTOPEN failed inside the call. Without function tracing: why one of " +
      "io_uring or of a 32-bit program did",
  },
  {
    signal: "stream_ttft_ms",
    probe: "stream",
    unit: "ms",
    elevated: 800,
    meaning: "last request byte to first response byte on one socket",
    hooks: [...PACKET_HOOKS, "inet_sock_set_state"],
    minKernel: "5.8",
    rights: PACKETS,
    misses: "which of several multiplexed requests (HTTP/2) the bytes belong to",
  },
  {
    signal: "stream_gap_ms",
    probe: "stream",
    unit: "ms",
    elevated: null,
    meaning: "pause of at least 10 ms between two response segments",
    hooks: PACKET_HOOKS,
    minKernel: "5.8",
    rights: PACKETS,
    misses: "pauses under 10 ms; which of several multiplexed requests (HTTP/2) paused",
  },
  {
    signal: "socket_wait_ms",
    probe: "stream",
    unit: "ms",
    elevated: 10,
    meaning: "bytes arrived, not yet read by the application",
    hooks: [...PACKET_HOOKS, "sock_recv_length", "fexit/tcp_recvmsg"],
    minKernel: "6.3",
    rights: PACKETS,
    misses: "reads through io_uring or splice; before 6.3 all reads, where functions may not be traced",
  },
  {
    signal: "tcp_retransmits_total",
    probe: "tcp_retransmit",
    unit: "count",
    elevated: 2,
    meaning: "TCP segments sent again: data, SYNs, SYN-ACKs, tail loss probes",
    hooks: [
      "tcp_retransmit_skb",
      "tcp_retransmit_synack",
      "inet_sock_set_state",
      "tcp_rcv_space_adjust",
      "iter/task_file",
      "iter/bpf_map_elem",
    ],
    minKernel: "5.9",
    rights: TRACING,
    misses:
      "MPTCP as a whole (its subflows are told); whose an accepted connection is before it is read from: it is taken for the " +
      "listener's",
  },
  {
    signal: "tls_handshake_ms",
    probe: "tls_handshake",
    unit: "ms",
    elevated: 60,
    meaning: "ClientHello to the client's last handshake record",
    hooks: [...PACKET_HOOKS, "inet_sock_set_state"],
    minKernel: "5.8",
    rights: PACKETS,
    misses: "TLS inside another protocol (STARTTLS), QUIC",
  },
  {
    signal: "tls_handshake_fail_total",
    probe: "tls_handshake",
    unit: "count",
    elevated: 1,
    meaning: "TLS handshakes that failed",
    hooks: [...PACKET_HOOKS, "inet_sock_set_state"],
    minKernel: "5.8",
    rights: PACKETS,
    misses: "failures after the handshake; the reason inside an encrypted alert",
  },
  {
    signal: "runqueue_delay_ms",
    probe: "runqueue_delay",
    unit: "ms",
    elevated: 10,
    meaning: "runnable, waiting for a CPU, throttled time taken out",
    hooks: ["sched_switch", "sched_process_exit", "sched_process_exec"],
    minKernel: "5.8",
    rights: TRACING,
    misses: "where threads are not marked as throttled (below 6.18) that time counts as waiting",
  },
  {
    signal: "cfs_throttled_ms",
    probe: "runqueue_delay",
    unit: "ms",
    elevated: 40,
    meaning: "runnable, but the CPU quota of the cgroup was spent",
    hooks: ["sched_switch", "sched_process_exit", "sched_process_exec", "cpu.stat"],
    minKernel: "6.18",
    rights: TRACING,
    misses: "on older kernels told by control group from cpu.stat: not which thread, nor when",
  },
  {
    signal: "cpu_steal_pct",
    probe: "cpu_steal",
    unit: "pct",
    elevated: 2,
    meaning: "share of all CPU time that the hypervisor gave to somebody else, each second",
    hooks: ["/proc/stat"],
    minKernel: "5.8",
    rights: [],
    misses: "who lost it: it is the machine's; hypervisors that do not report it",
  },
  {
    signal: "mem_reclaim_latency_ms",
    probe: "mem_reclaim",
    unit: "ms",
    elevated: 5,
    meaning: "a thread had to free memory before it got some, at its cgroup's limit or for the machine",
    hooks: [
      "mm_vmscan_direct_reclaim_begin",
      "mm_vmscan_direct_reclaim_end",
      "mm_vmscan_memcg_reclaim_begin",
      "mm_vmscan_memcg_reclaim_end",
    ],
    minKernel: "5.8",
    rights: TRACING,
    misses: "stalls that began before the probe attached; compaction, and reading back what was swapped out",
  },
  {
    signal: "disk_io_latency_ms",
    probe: "disk_io",
    unit: "ms",
    elevated: 10,
    meaning: "block request, from being queued for its device until it was complete",
    hooks: ["block_rq_insert", "block_rq_issue", "block_rq_merge", "block_rq_complete"],
    minKernel: "5.8",
    rights: TRACING,
    misses: "who dirtied what a kernel thread writes back later; devices without requests (zram, dm and md themselves)",
  },
  {
    signal: "syscall_latency_ms",
    probe: "syscall_latency",
    unit: "ms",
    elevated: 50,
    meaning: "system call of a target process; calls that only wait for somebody else are counted, not told",
    hooks: ["sys_enter", "sys_exit", "sched_process_exit", "sched_process_exec"],
    minKernel: "5.8",
    rights: TRACING,
    misses:
      "io_uring; locks (futex) among the calls that only wait; 32-bit programs on a 64-bit kernel have other numbers",
  },
];
