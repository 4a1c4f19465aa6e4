/** The probes we have: which programs each owns, what it needs of the kernel, and what nobody sees without it. */
import type { ProbeName } from "../model/signals.ts";

export interface ProbeSpec {
  readonly probe: ProbeName;
  /** Tracepoints it cannot do without, by the kernel's name. */
  readonly needs: readonly string[];
  /** Programs that are left out where their tracepoint is missing: program -> tracepoint. */
  readonly optional: Readonly<Record<string, string>>;
  /** Programs that serve the split of requests and are left out of a plain diagnosis, because they run at every system call. */
  readonly timers: readonly string[];
  /** What is not seen without this probe. */
  readonly costs: string;
}

export const PROBES: readonly ProbeSpec[] = [
  {
    probe: "dns_latency",
    needs: [],
    optional: {},
    timers: [],
    costs: "slow and failing name look-ups",
  },
  {
    probe: "connect_latency",
    needs: ["inet_sock_set_state"],
    optional: {},
    timers: [],
    costs: "slow and failing connects",
  },
  // Before stream, which asks it about every packet: programs on a cgroup run in the order they were attached.
  {
    probe: "tls_handshake",
    needs: ["inet_sock_set_state"],
    optional: {},
    timers: [],
    costs: "slow and failing TLS handshakes; first bytes over TLS include them",
  },
  {
    probe: "stream",
    needs: ["inet_sock_set_state"],
    optional: { on_sock_recv_length: "sock_recv_length" },
    timers: [],
    costs: "first bytes, stalls, and which request they belong to",
  },
  {
    probe: "tcp_retransmit",
    needs: ["tcp_retransmit_skb"],
    optional: { on_tcp_retransmit_synack: "tcp_retransmit_synack" },
    timers: [],
    costs: "segments sent again, and the time lost to it",
  },
  {
    probe: "runqueue_delay",
    needs: ["sched_switch", "sched_process_exit"],
    optional: { on_sys_enter: "sys_enter", on_sys_exit: "sys_exit" },
    timers: ["on_sys_enter", "on_sys_exit"],
    costs: "waiting for a CPU, and throttling by a quota",
  },
];

/** How a system call says how long it may sleep: enum llm_slo_sleep of bpf/llm_slo_event.h. */
const MS_ARG3 = 1, MS_ARG4 = 2, POINTER = 3;

/** System calls that come back empty-handed when a timer of the caller is due. [number, how] */
export const SLEEP_CALLS: Readonly<Record<typeof Deno.build.arch, readonly (readonly [number, number])[]>> = {
  // poll select nanosleep clock_nanosleep epoll_wait pselect6 ppoll epoll_pwait epoll_pwait2
  x86_64: [
    [7, MS_ARG3],
    [23, POINTER],
    [35, POINTER],
    [230, POINTER],
    [232, MS_ARG4],
    [270, POINTER],
    [271, POINTER],
    [281, MS_ARG4],
    [441, POINTER],
  ],
  // epoll_pwait pselect6 ppoll nanosleep clock_nanosleep epoll_pwait2
  aarch64: [[22, MS_ARG4], [72, POINTER], [73, POINTER], [101, POINTER], [115, POINTER], [441, POINTER]],
};
