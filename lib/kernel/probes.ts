/** The probes we have: which programs each owns, what it needs of the kernel, and what nobody sees without it. */
import type { ProbeName } from "../model/signals.ts";

export interface ProbeSpec {
  readonly probe: ProbeName;
  /** Tracepoints it cannot do without, by the kernel's name. */
  readonly needs: readonly string[];
  /** Programs that are left out where their hook is missing: program -> tracepoint, or `fexit/` and a function. */
  readonly optional: Readonly<Record<string, string>>;
  /** Programs that are left out where there is a tracepoint to do their work: program -> tracepoint. */
  readonly insteadOf?: Readonly<Record<string, string>>;
  /**
   * Programs of which a kernel takes one or the other, because a tracepoint's arguments have changed: program -> tracepoint and how
   * many arguments it must have.
   */
  readonly variants?: Readonly<Record<string, readonly [tracepoint: string, args: number]>>;
  /** Programs for one purpose, the best one first: the first that the kernel takes is loaded (tracing of functions is not everywhere). */
  readonly oneOf?: readonly string[];
  /**
   * Tables of what it has under way. They are emptied when its programs are taken off their hooks while the agent runs: ends that nobody
   * saw would later be told as failures, or as waits that never were.
   */
  readonly underWay: readonly string[];
  /** Probes that must be attached again after this one: their programs on a cgroup run after its own. */
  readonly before?: readonly ProbeName[];
  /** Programs it can do without, where they are refused, and what is not seen then; null: a signal's own row says it. */
  readonly spare?: { readonly programs: readonly string[]; readonly loses: string | null };
  /** Programs that tell when an application reads. */
  readonly reads?: readonly string[];
  /** It has a plain form, which needs no BTF of the kernel (`<probe>.plain.bpf.c`). */
  readonly plain?: PlainForm;
  /** What is not seen without this probe. */
  readonly costs: string;
}

export interface PlainForm {
  /** A classic tracepoint, and the fields of it whose offsets the form is told, in the order of its struct. */
  readonly tracepoint?: readonly [name: string, fields: readonly string[]];
  /** What is not seen in this form. */
  readonly loses: string;
}

export const PROBES: readonly ProbeSpec[] = [
  {
    probe: "dns_latency",
    needs: [],
    optional: { on_inet_sk_error_report: "inet_sk_error_report" },
    underWay: ["dns_pending", "dns_failures", "dns_sending", "dns_streams", "dns_askers"],
    spare: { programs: ["dns_release"], loses: "that an asker gave up before an answer came (told as a timeout)" },
    plain: {
      loses: "several DNS messages in one TCP segment, or one in several; that nobody listens (told as a timeout)",
    },
    costs: "slow and failing name look-ups",
  },
  {
    probe: "connect_latency",
    needs: ["inet_sock_set_state", "sys_exit"],
    optional: {},
    oneOf: ["on_inet_stream_connect", "on_connect_return", "on_connect_exit"],
    underWay: ["connecting", "connect_calls"],
    spare: {
      programs: ["on_connect4", "on_connect6"],
      loses: "connects that fail before a packet is sent: no route, no port left, forbidden",
    },
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
    underWay: ["conns", "accepting"],
    optional: {
      on_sock_recv_length: "sock_recv_length",
      on_tcp_recvmsg: "fexit/tcp_recvmsg",
      on_tcp_recvmsg_nonblock: "fexit/tcp_recvmsg",
    },
    insteadOf: { on_tcp_recvmsg: "sock_recv_length", on_tcp_recvmsg_nonblock: "sock_recv_length" },
    variants: {
      on_tcp_recvmsg: ["fexit/tcp_recvmsg", 5],
      on_tcp_recvmsg_nonblock: ["fexit/tcp_recvmsg", 6],
    },
    spare: { programs: ["on_tcp_recvmsg", "on_tcp_recvmsg_nonblock"], loses: null },
    reads: ["on_sock_recv_length", "on_tcp_recvmsg", "on_tcp_recvmsg_nonblock"],
    plain: {
      loses: "connections older than the agent; trace ids; which process of several that share a socket",
    },
    costs: "first bytes, stalls, and which request they belong to",
  },
  {
    probe: "tcp_retransmit",
    needs: ["tcp_retransmit_skb", "inet_sock_set_state", "tcp_rcv_space_adjust"],
    optional: { on_tcp_retransmit_synack: "tcp_retransmit_synack" },
    underWay: ["tcp_owners", "tcp_listeners", "tuple_owners"],
    plain: {
      tracepoint: [
        "tcp/tcp_retransmit_skb",
        ["state", "sport", "dport", "family", "saddr", "daddr", "saddr_v6", "daddr_v6"],
      ],
      loses:
        "SYN-ACKs; loss probes by their name; segments beside what was sent at once; how many were sent in all; owners " +
        "of connections older than the agent",
    },
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

/** Hooks to look for, by the names that the specs know them by. */
export const HOOKS: readonly string[] = PROBES.flatMap((spec) => [
  ...spec.needs,
  ...Object.values(spec.optional),
  ...Object.values(spec.insteadOf ?? {}),
]);

/** Whether the program is for other kernels: whose hook has other arguments, or is not there. `hooks`: what this one has, with their number. */
export function isOtherVariant(spec: ProbeSpec, program: string, hooks: ReadonlyMap<string, number>): boolean {
  const [hook, args] = spec.variants?.[program] ?? [];
  if (hook !== undefined && hooks.has(hook) && hooks.get(hook) !== args) return true;
  return hooks.has(spec.insteadOf?.[program] ?? "");
}

/** One way to have a probe. */
export interface Level {
  /** File in bpf/out, without its endings. */
  readonly object: string;
  /** Set where it is the plain form. */
  readonly plain?: PlainForm;
  /** Programs to leave out, in the order in which to try: all that stand in for the best one, then all but the next. */
  readonly attempts: readonly (readonly string[])[];
  /** What is not seen this way; null: nothing is lost. */
  readonly loses: string | null;
}

/** The ways to have a probe, the best one first. */
export function levels({ probe, oneOf, spare, plain }: ProbeSpec): Level[] {
  const ways = oneOf === undefined ? [[]] : oneOf.map((one) => oneOf.filter((other) => other !== one));
  const all: Level[] = [{ object: probe, attempts: ways, loses: null }];
  if (spare !== undefined) {
    all.push({ object: probe, attempts: ways.map((way) => [...way, ...spare.programs]), loses: spare.loses });
  }
  if (plain !== undefined) all.push({ object: `${probe}.plain`, plain, attempts: [[]], loses: plain.loses });
  return all;
}

/** Programs of a probe that this kernel has no hook for. */
export function programsWithout(spec: ProbeSpec, tracepoints: ReadonlyMap<string, number>): Set<string> {
  const absent = Object.entries(spec.optional).filter(([, tracepoint]) => !tracepoints.has(tracepoint))
    .map(([program]) => program);
  const other = Object.keys({ ...spec.variants, ...spec.insteadOf }).filter((program) =>
    isOtherVariant(spec, program, tracepoints)
  );
  return new Set([...absent, ...other]);
}
