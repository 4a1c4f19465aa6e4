/**
 * What the kernel told us, decoded from one ring record. Nothing here is derived: the stages to the right do that.
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
  /** Id of the cgroup v2 directory; 0 where the kernel could not say. */
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
export function processKey({ pid, startNs }: Owner): string {
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
  /** Response code, or null when no answer came within the sweep (5 s). */
  readonly rcode: number | null;
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

/** A pause of at least 10 ms between two response segments of one turn. */
export interface GapEvent extends Base {
  readonly kind: "gap";
  readonly startNs: number;
  readonly tuple: Tuple;
  readonly cookie: string;
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
  /** `server`: the ClientHello came in; the owner is then not known yet. */
  readonly role: "client" | "server";
  readonly version13: boolean;
  readonly failed: boolean;
  /** Description of a plaintext alert (RFC 8446); null for none, or for an encrypted one. */
  readonly alert: number | null;
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
  /** By this socket so far, repeats included: what makes a rate of a count. null where it is not known. */
  readonly segmentsSent: number | null;
  /** Of what: a SYN, a SYN-ACK (a listener's, owner unknown), or data. */
  readonly of: "syn" | "synack" | "data";
}

export type KernelEvent =
  | DnsEvent
  | ConnectEvent
  | ExchangeEvent
  | GapEvent
  | WaitEvent
  | WaitSumEvent
  | TimerEvent
  | TlsEvent
  | RetransmitEvent;
