/** The probes we have: which programs each owns, what it needs of the kernel, and what nobody sees without it. */
import type { ProbeName } from "../model/signals.ts";

export interface ProbeSpec {
  readonly probe: ProbeName;
  /** Tracepoints it cannot do without, by the kernel's name. */
  readonly needs: readonly string[];
  /** Programs that are left out where their tracepoint is missing: program -> tracepoint. */
  readonly optional: Readonly<Record<string, string>>;
  /**
   * Programs of which a kernel takes one or the other, because a tracepoint's arguments have changed: program -> tracepoint and how
   * many arguments it must have.
   */
  readonly variants?: Readonly<Record<string, readonly [tracepoint: string, args: number]>>;
  /**
   * Two programs for one purpose: the better one, which some kernels refuse (tracing of functions is not everywhere), and the one that is
   * loaded there in its place.
   */
  readonly either?: readonly [better: string, inItsPlace: string];
  /**
   * Tables of what it has under way. They are emptied when its programs are taken off their hooks while the agent runs: ends that nobody
   * saw would later be told as failures, or as waits that never were.
   */
  readonly underWay: readonly string[];
  /** Probes that must be attached again after this one: their programs on a cgroup run after its own. */
  readonly before?: readonly ProbeName[];
  /** What is not seen without this probe. */
  readonly costs: string;
}

export const PROBES: readonly ProbeSpec[] = [
  {
    probe: "dns_latency",
    needs: [],
    optional: { on_inet_sk_error_report: "inet_sk_error_report" },
    underWay: ["dns_pending", "dns_failures", "dns_sending", "dns_streams"],
    costs: "slow and failing name look-ups",
  },
  {
    probe: "connect_latency",
    needs: ["inet_sock_set_state", "sys_exit"],
    optional: {},
    either: ["on_inet_stream_connect", "on_connect_exit"],
    underWay: ["connecting", "connect_calls"],
    costs: "slow and failing connects",
  },
  // Before stream, which asks it about every packet: programs on a cgroup run in the order they were attached.
  {
    probe: "tls_handshake",
    needs: ["inet_sock_set_state"],
    optional: {},
    underWay: ["tls_conns"],
    before: ["stream"],
    costs: "slow and failing TLS handshakes; first bytes over TLS include them",
  },
  {
    probe: "stream",
    needs: ["inet_sock_set_state"],
    optional: { on_sock_recv_length: "sock_recv_length" },
    underWay: ["conns"],
    costs: "first bytes, stalls, and which request they belong to",
  },
  {
    probe: "tcp_retransmit",
    needs: ["tcp_retransmit_skb", "inet_sock_set_state", "tcp_rcv_space_adjust"],
    optional: { on_tcp_retransmit_synack: "tcp_retransmit_synack" },
    underWay: ["tcp_owners", "tcp_listeners"],
    costs: "segments sent again, and the time lost to it",
  },
  {
    probe: "runqueue_delay",
    needs: ["sched_switch", "sched_process_exit", "sched_process_exec"],
    optional: {},
    underWay: ["threads"],
    costs: "waiting for a CPU, and throttling by a quota",
  },
  {
    probe: "mem_reclaim",
    needs: ["mm_vmscan_direct_reclaim_begin", "mm_vmscan_direct_reclaim_end"],
    optional: { on_memcg_begin: "mm_vmscan_memcg_reclaim_begin", on_memcg_end: "mm_vmscan_memcg_reclaim_end" },
    underWay: ["reclaiming"],
    costs: "waiting for memory, at a cgroup's limit or for the whole machine",
  },
  {
    probe: "disk_io",
    needs: ["block_rq_issue", "block_rq_complete"],
    optional: {
      on_insert: "block_rq_insert",
      on_insert_with_queue: "block_rq_insert",
      on_merge: "block_rq_merge",
      on_merge_with_queue: "block_rq_merge",
    },
    variants: {
      on_merge: ["block_rq_merge", 1],
      on_merge_with_queue: ["block_rq_merge", 2],
      on_insert: ["block_rq_insert", 1],
      on_insert_with_queue: ["block_rq_insert", 2],
      on_issue: ["block_rq_issue", 1],
      on_issue_with_queue: ["block_rq_issue", 2],
    },
    underWay: ["requests"],
    costs: "slow disks, and who waits for them",
  },
  {
    probe: "syscall_latency",
    needs: ["sys_enter", "sys_exit", "sched_process_exit", "sched_process_exec"],
    optional: {},
    underWay: ["calling"],
    costs: "slow system calls of the target processes, and timers a thread sleeps on",
  },
];

/** Whether the program is for kernels whose tracepoint has other arguments. `tracepoints`: what this one has, with their number. */
export function isOtherVariant(spec: ProbeSpec, program: string, tracepoints: ReadonlyMap<string, number>): boolean {
  const [tracepoint, args] = spec.variants?.[program] ?? [];
  return tracepoint !== undefined && tracepoints.has(tracepoint) && tracepoints.get(tracepoint) !== args;
}

/** What to leave out of a probe, in the order in which to try: first the program that stands in for a better one, then the better one. */
export function attempts({ either }: ProbeSpec): readonly (readonly string[])[] {
  return either === undefined ? [[]] : [[either[1]], [either[0]]];
}

/** Programs of a probe that this kernel has no hook for. */
export function programsWithout(spec: ProbeSpec, tracepoints: ReadonlyMap<string, number>): Set<string> {
  const absent = Object.entries(spec.optional).filter(([, tracepoint]) => !tracepoints.has(tracepoint))
    .map(([program]) => program);
  const other = Object.keys(spec.variants ?? {}).filter((program) => isOtherVariant(spec, program, tracepoints));
  return new Set([...absent, ...other]);
}
