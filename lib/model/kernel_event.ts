/**
 * What the kernel told us, decoded from one ring record, or read from /proc and cgroupfs once a second (steal, group_throttled).
 * Nothing here is derived: the stages to the right do that.
 *
 * Times are nanoseconds on the kernel's monotonic clock, as numbers: exact to the nanosecond for 104 days of uptime and to
 * 2 ns for 208, which no signal here can feel. Wall time exists only at the edges (see lib/host/clock.ts).
 */

/** Who owns the thing, remembered in process context (trap T10); pid is the thread group, tid the thread, initial pid namespace. */
export interface Owner {
  readonly pid: number;
  readonly tid: number;
  /** Name of the process (its group leader), not of the pool thread that happened to run. */
  readonly comm: string;
  /** Id of the cgroup v2 directory, or, with bit 62, of that of a v1 hierarchy (lib/identity/cgroup_tree.ts); 0 where the kernel could not say. */
  readonly cgroupId: bigint;
  /** Inode of the network namespace; 0 where it does not apply. */
  readonly netns: number;
  /**
   * When the process began, nanoseconds on the boot clock: with the pid it names one process for the life of the machine, since
   * pids are used again. Absent or 0 where the source does not tell.
   */
  readonly startNs?: number;
}

/** One process for the life of the machine; where its beginning is not known, whoever has the pid. */
export function processKey({ pid, startNs }: Pick<Owner, "pid" | "startNs">): string {
  return startNs ? `${pid}@${startNs}` : `${pid}`;
}

/** A connection; `src` is the owner's end. */
export interface Tuple {
  readonly srcIp: string;
  readonly srcPort: number;
  readonly dstIp: string;
  readonly dstPort: number;
  readonly protocol: "tcp" | "udp";
}

/**
 * A thread's clock, cumulative since the probe first saw the thread: how long it ran, waited for a CPU, and was throttled. The
 * difference of two readings says what a window of that thread was spent on; the rest it slept.
 */
export interface ThreadClock {
  readonly runNs: number;
  readonly runqNs: number;
  readonly throttledNs: number;
  /** Freeing memory for an allocation of its own: within the other three and its sleep, not beside them. */
  readonly reclaimNs: number;
}

interface Base {
  /** When the thing ended. */
  readonly tsNs: number;
  readonly owner: Owner;
}

/** One DNS query and its answer, or its absence. */
export interface DnsEvent extends Base {
  readonly kind: "dns";
  readonly startNs: number;
  readonly tuple: Tuple;
  readonly queryName: string;
  readonly queryType: number;
  readonly queryId: number;
  /** Socket cookie: the queries of one socket have the same. */
  readonly cookie: string;
  /** How often it was sent, to however many servers. */
  readonly packets: number;
  /** Response code, the upper bits of EDNS included; null when there was no answer: none within 5 s, or see the next lines. */
  readonly rcode: number | null;
  /** Records in the answer's first section; 0 with rcode 0: the name is there, this type of record is not. */
  readonly answers: number;
  /** The answer did not fit a datagram: its asker must ask again over TCP. */
  readonly truncated: boolean;
  /** Without an answer: its asker gave up, closed its socket or used its id for another question. */
  readonly abandoned: boolean;
  /** Without an answer: what the socket was told instead, as a positive errno (111: nobody listens there). Else 0. */
  readonly errno: number;
  /** Which queries were one look-up, as lib/correlate/resolutions.ts has it; absent where nobody asked it. */
  readonly resolution?: string;
  /** Clocks of the process's main thread (tid = pid), which waits for the pool thread that asks. */
  readonly startClock: ThreadClock | null;
  readonly endClock: ThreadClock | null;
}

/** One TCP connect and how it ended. */
export interface ConnectEvent extends Base {
  readonly kind: "connect";
  readonly startNs: number;
  readonly tuple: Tuple;
  /** Socket cookie; joins the connect with the exchanges that follow on the same socket. "0" when it failed before having one. */
  readonly cookie: string;
  /** 0 on success, else a positive errno. */
  readonly errno: number;
  /** Clocks of the owner thread. */
  readonly startClock: ThreadClock | null;
  readonly endClock: ThreadClock | null;
}

/** A stamp on a socket together with its owner thread's clock at that instant (null: the thread was not known yet). */
export interface Stamp {
  readonly ns: number;
  readonly clock: ThreadClock | null;
}

/**
 * One request-response turn on a TCP socket. `client`: bytes went out first. `server`: bytes came in first.
 * A turn is told twice: `first` when the first response byte was read (client) or sent (server), `end` when the turn is over.
 */
export interface ExchangeEvent extends Base {
  readonly kind: "exchange";
  readonly phase: "first" | "end";
  readonly role: "client" | "server";
  readonly tuple: Tuple;
  readonly cookie: string;
  /** 0 for the first turn on the connection. */
  readonly turn: number;
  /** True when the connection existed before the probe attached: connect and earlier turns were not seen. */
  readonly preexisting: boolean;
  /**
   * True when several requests run on the connection at a time (HTTP/2, gRPC): then there is one exchange for the whole connection,
   * told `first` when that was recognised and answered, `end` when it closed, and it is no request: its stamps belong to nobody's.
   */
  readonly shared: boolean;
  readonly requestStart: Stamp;
  /** Last byte of the request seen so far. */
  readonly requestEnd: Stamp;
  readonly responseStart: Stamp | null;
  readonly responseEnd: Stamp | null;
  /** When the owner read the first response byte (client) or the first request byte (server); null where the kernel cannot tell. */
  readonly firstRead: Stamp | null;
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Response segments so far, and the longest pause between two of them. */
  readonly chunks: number;
  readonly maxGapNs: number;
  /** From the W3C `traceparent` header seen on the wire; null when there was none to see. */
  readonly traceId: string | null;
  readonly spanId: string | null;
}

/** A pause of at least 10 ms between two response segments of one turn: as they came to a client, or left a server. */
export interface GapEvent extends Base {
  readonly kind: "gap";
  readonly startNs: number;
  readonly role: "client" | "server";
  readonly tuple: Tuple;
  readonly cookie: string;
  readonly traceId: string | null;
}

/**
 * Bytes that had arrived on a socket lay unread for at least 1 ms, from `startNs` until they were read. What is read in pieces waits
 * from piece to piece, so the waits of one arrival do not overlap.
 */
export interface UnreadEvent extends Base {
  readonly kind: "unread";
  readonly startNs: number;
  readonly role: "client" | "server";
  readonly tuple: Tuple;
  readonly cookie: string;
  /** Of the turn that ran when they were read. */
  readonly traceId: string | null;
}

/** A thread that could run but did not: it waited for a CPU, or its cgroup's quota was spent. Above the threshold, one by one. */
export interface WaitEvent extends Base {
  readonly kind: "runq" | "throttled";
  readonly startNs: number;
}

/** What stayed under the threshold for one thread since the last such record. */
export interface WaitSumEvent extends Base {
  readonly kind: "wait_sum";
  readonly runqNs: number;
  readonly runqCount: number;
  readonly throttledNs: number;
  readonly throttledCount: number;
  /** How many of the runq ones were how short; bounds in lib/model/histogram.ts. */
  readonly runqCounts: readonly number[];
}

/**
 * A thread slept until a timer of its own was due. From when it first waited for that timer, although sockets may have called it
 * away in between. For the split of requests; no signal of its own.
 */
export interface TimerEvent extends Base {
  readonly kind: "timer";
  readonly startNs: number;
  readonly endClock: ThreadClock | null;
}

/** One TLS handshake, told once however often the library was called for it. Ends when done, or when it failed. */
export interface TlsEvent extends Base {
  readonly kind: "tls";
  readonly startNs: number;
  readonly tuple: Tuple;
  readonly cookie: string;
  /** `server`: the ClientHello came in. */
  readonly role: "client" | "server";
  readonly version13: boolean;
  readonly failed: boolean;
  /** Who ended a failed one, by an alert or by closing: the owner, or the other end. null when it did not fail. */
  readonly failedBy: "here" | "peer" | null;
  /** Description of the alert that ended it (RFC 8446), `encrypted` when it could not be read; null when there was none. */
  readonly alert: number | "encrypted" | null;
  readonly startClock: ThreadClock | null;
  readonly endClock: ThreadClock | null;
}

/** Segments sent again. */
export interface RetransmitEvent extends Base {
  readonly kind: "retransmit";
  readonly tuple: Tuple;
  /** "0" where the socket had none. */
  readonly cookie: string;
  readonly segments: number;
  /** By this socket in all its life, repeats and acknowledgements included: what makes a rate of a count. null: it has none yet. */
  readonly segmentsSent: number | null;
  /** Of what: a SYN, a SYN-ACK (the listener's), data, or `tlp`: a tail loss probe, which is sent before anybody knows of a loss. */
  readonly of: "syn" | "synack" | "tlp" | "data";
}

/**
 * Segments that a process has sent since the last such event, repeats included: to one peer, or as a server to all the clients of one port
 * of its own. No signal: it makes a rate of what was sent again.
 */
export interface SegmentsEvent extends Base {
  readonly kind: "segments";
  readonly role: "client" | "server";
  /** The other end; of a server its own. */
  readonly end: { readonly ip: string; readonly port: number };
  readonly segments: number;
}

/** A thread had to free memory before it got some. Its own time: what kswapd does costs nobody a wait. */
export interface ReclaimEvent extends Base {
  readonly kind: "reclaim";
  readonly startNs: number;
  /** At the memory limit of its cgroup, or because the machine was short of memory. */
  readonly at: "cgroup" | "machine";
  readonly pages: number;
}

/**
 * One block request. The owner is who asked for it: what a file system writes back later is a kernel thread's, whoever dirtied it.
 */
export interface DiskEvent extends Base {
  readonly kind: "disk";
  /** Queued for the device. */
  readonly startNs: number;
  /** Given to the device. */
  readonly issuedNs: number;
  /** `254:0` */
  readonly device: string;
  readonly operation: DiskOperation;
  readonly sector: number;
  readonly bytes: number;
  /** The owner is a kernel thread: writeback, a journal, swap. */
  readonly byKernel: boolean;
  /** 0 on success, else a positive errno. */
  readonly errno: number;
}

export type DiskOperation = "read" | "write" | "flush" | "discard" | "write_zeroes" | "other";

/** One system call of a target at or over the threshold that did more than wait for somebody else. */
export interface SyscallEvent extends Base {
  readonly kind: "syscall";
  readonly startNs: number;
  /** `fsync`; `syscall_999` where the number has no name here. */
  readonly call: string;
  /** What it returned; negative: an errno. */
  readonly result: number;
}

/** What was not told one by one since the last such record, for one process; the owner's tid is 0. */
export interface TallyEvent extends Base {
  readonly kind: "tally";
  readonly of:
    | {
      readonly kind: "disk";
      readonly device: string;
      readonly operation: DiskOperation;
      readonly bytes: number;
      readonly byKernel: boolean;
    }
    /** `waits`: it only waited for somebody else, such as epoll_wait or reading from an idle socket. */
    | { readonly kind: "syscall"; readonly call: string; readonly waits: boolean }
    /** Turns of connections, by the time to the first byte of the answer. */
    | { readonly kind: "turn"; readonly role: "client" | "server" };
  readonly sumNs: number;
  /** How many were how long; bounds in lib/model/histogram.ts. */
  readonly counts: readonly number[];
}

/** CPU time that the hypervisor gave to somebody else while this machine wanted it. The whole machine's; nobody owns it. */
export interface StealEvent extends Base {
  readonly kind: "steal";
  readonly startNs: number;
  /** Of the time of all CPUs, in [0, 1]. */
  readonly share: number;
  /** Summed over CPUs, to the 10 ms. */
  readonly stolenNs: number;
  readonly cpus: number;
}

/** What a CPU quota took from a control group; only where the kernel cannot tell which thread was throttled. */
export interface GroupThrottledEvent extends Base {
  readonly kind: "group_throttled";
  readonly startNs: number;
  /** Path as in /proc/PID/cgroup. */
  readonly cgroup: string;
  /** Summed over CPUs: not a wall time. */
  readonly throttledNs: number;
  readonly throttledPeriods: number;
  readonly periods: number;
}

/** The owner of what belongs to no process. */
export const NOBODY: Owner = { pid: 0, tid: 0, comm: "", cgroupId: 0n, netns: 0 };

export type KernelEvent =
  | DnsEvent
  | ConnectEvent
  | ExchangeEvent
  | GapEvent
  | UnreadEvent
  | WaitEvent
  | WaitSumEvent
  | TimerEvent
  | TlsEvent
  | RetransmitEvent
  | SegmentsEvent
  | ReclaimEvent
  | DiskEvent
  | SyscallEvent
  | TallyEvent
  | StealEvent
  | GroupThrottledEvent;
