/** What the programs at system calls are told of single calls: struct `known_calls` of bpf/syscall_latency.bpf.c. */
import { syscallNumber } from "../model/syscalls.ts";

/** enum llm_slo_sleep: calls that come back empty-handed when a timer of the caller is due, and how they say when that is. */
const MS_ARG3 = 1, MS_ARG4 = 2, POINTER = 3;
/** enum llm_slo_waits */
const WAITS = 16, WAITS_IF_NO_FILE = 32;

const SLEEPS: Readonly<Record<string, number>> = {
  poll: MS_ARG3,
  epoll_wait: MS_ARG4,
  epoll_pwait: MS_ARG4,
  select: POINTER,
  nanosleep: POINTER,
  clock_nanosleep: POINTER,
  pselect6: POINTER,
  ppoll: POINTER,
  epoll_pwait2: POINTER,
};

/**
 * Calls that do nothing but wait until somebody else, or a timer, does something: slow in every idle process, and nothing is wrong.
 * A lock that is held for long hides among them (futex). Reading is one of them where it is not from a file.
 */
const WAITING =
  "poll ppoll select pselect6 epoll_wait epoll_pwait epoll_pwait2 nanosleep clock_nanosleep restart_syscall pause futex futex_wait " +
  "futex_waitv rt_sigsuspend rt_sigtimedwait wait4 waitid io_getevents io_pgetevents io_uring_enter semop semtimedop msgrcv " +
  "mq_timedreceive accept accept4 recvfrom recvmsg recvmmsg";
const READING = "read readv";

/** Number of the call on this machine -> bits of both enums. */
export function knownCalls(machine: typeof Deno.build.arch): ReadonlyMap<number, number> {
  const known = new Map<number, number>();
  const add = (name: string, bits: number) => {
    const number = syscallNumber(name, machine);
    if (number !== undefined) known.set(number, (known.get(number) ?? 0) | bits);
  };
  for (const [name, how] of Object.entries(SLEEPS)) add(name, how);
  for (const name of WAITING.split(" ")) add(name, WAITS);
  for (const name of READING.split(" ")) add(name, WAITS_IF_NO_FILE);
  return known;
}
