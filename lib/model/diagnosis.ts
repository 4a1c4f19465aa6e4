/** The diagnosis document: what was slow or failing on one machine in one window, and what could not be seen. */
import type { Domain } from "./attribution.ts";
import type { Comparison } from "./comparison.ts";
import type { SignalName } from "./signals.ts";
import type { Split } from "./split.ts";

export const DIAGNOSIS_SCHEMA = "diagnosis/v1";

export interface Peer {
  readonly ip: string;
  /** 0 where the port says nothing: the many ports of a server's clients. */
  readonly port: number;
  /** The name this process had just resolved before it connected; only where there was no doubt. */
  readonly name?: string;
}

/** Where a process lives, as far as anybody told; what is not known is left out. */
export interface Whereabouts {
  readonly namespace?: string;
  readonly pod?: string;
  readonly pod_uid?: string;
  readonly container?: string;
  readonly container_id?: string;
  /** Of a pod what its labels or its workload say; else systemd's service. */
  readonly service?: string;
}

/** One process (or several short-lived ones alike), one kind, one peer: everything that was seen of it. */
export interface Observed extends Whereabouts {
  readonly kind: SignalName;
  readonly process: { readonly pid: number; readonly comm: string };
  /** Set when this row stands for several processes of one name and cgroup: how many; `process.pid` is the worst of them. */
  readonly processes?: number;
  /** Empty where unknown. */
  readonly cgroup: string;
  /** Null for what has no other end, such as waiting for a CPU. */
  readonly peer: Peer | null;
  /** `server`: the process answered; `client`: it asked. Only for first bytes and unread bytes. */
  readonly role?: "client" | "server";
  /** The address a server answered on. */
  readonly local?: Peer;
  /** DNS: the name asked for, and how many others stand in the same row. */
  readonly query?: { readonly name: string; readonly others: number };
  /** Disks and system calls: the operation or the call, `write vda`, `fsync`. */
  readonly what?: string;
  /** Failures by their cause: `NXDOMAIN`, `timeout`, `ECONNREFUSED` ... */
  readonly causes?: Readonly<Record<string, number>>;
  readonly count: number;
  /** Segments: how many were sent in all, those sent again included. Absent where not known. */
  readonly sent?: number;
  /** Of the durations, nearest rank. For failures: how long each took to fail. Exact up to 512 values, then within 1 %. */
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  /** Sum of the durations. */
  readonly total: number;
  /** Unit of p50, p95, max and total. */
  readonly unit: "ms";
}

/** A median of what the same run saw, ms; of so many occurrences, by so many other peers or processes. */
export interface SeenElsewhere {
  readonly p50: number;
  readonly count: number;
  readonly of: number;
}

export interface Finding extends Observed {
  /** 1 is the worst: the largest harm_ms. */
  readonly rank: number;
  readonly sentence: string;
  readonly compared_with: string;
  /** Of durations with another end, as far as the run saw enough. */
  readonly elsewhere?: {
    /** The same kind and peer. */
    readonly other_processes?: SeenElsewhere;
    /** The same kind. */
    readonly other_peers?: SeenElsewhere;
    /** Of the quickest TCP handshake with the peer's address, ms. */
    readonly rtt?: number;
  };
  /**
   * Time lost, in ms. Slow things: what exceeded the hint, summed. CPU: the whole wait. Failures: how long each took, but at
   * least one second each, the usual delay before a retry.
   */
  readonly harm_ms: number;
}

export interface MissingProbe {
  readonly probe: string;
  readonly reason: string;
  /** What nobody will see because of it. */
  readonly costs: string;
  /** Set where the caller left it out, or named nobody to watch: it could be had. */
  readonly by_choice?: true;
}

/** Something that ran or happened, and of which no finding can speak. */
export interface Unprobed {
  readonly what: string;
  readonly reason: string;
}

export interface Coverage {
  readonly attached: readonly string[];
  readonly missing: readonly MissingProbe[];
  readonly unprobed: readonly Unprobed[];
}

/** Whom requests asked, and what part that peer is taken to play. */
export interface AskedPeer extends Peer {
  readonly part: "provider" | "retrieval" | "other";
  readonly why: string;
  readonly calls: number;
}

/** The requests that moved, against those of the quieter part of the same run. */
export interface MovedRequests {
  /** RFC 3339: when they arrived. */
  readonly from: string;
  readonly to: string;
  readonly requests: number;
  readonly quieter: { readonly from: string; readonly to: string; readonly requests: number };
  /** Means, in ms: what they took more than the quieter ones, and where it went. */
  readonly excess_ms: number;
  readonly split: { readonly moved: Split; readonly quieter: Split; readonly excess: Split };
  readonly domain: Domain;
  readonly sub_cause: string | null;
  /** In [0, 1]. Not calibrated. */
  readonly confidence: number;
  readonly shares: Readonly<Partial<Record<Domain, number>>>;
  readonly unknown_reason?: string;
}

/** Requests of one kind, of which no span told: made from sockets alone. */
export interface EstimatedRequests extends Whereabouts {
  readonly estimated: true;
  readonly role: "server" | "client";
  /** The one with most of them. */
  readonly process: { readonly pid: number; readonly comm: string };
  readonly processes?: number;
  readonly cgroup: string;
  /** Where a server answered. */
  readonly local?: Peer;
  /** Whom a client asked. */
  readonly peer?: Peer;
  /** False when none of them can have asked anybody anything. */
  readonly asks: boolean;
  readonly count: number;
  /** Left out because the machine slept meanwhile. */
  readonly slept?: number;
  /** Request complete to first byte of its answer; of a client, from the first thing it did for it. */
  readonly ttft_p50: number;
  readonly ttft_p95: number;
  readonly unit: "ms";
  /** Mean ms per label; null is not watched. */
  readonly split: Split;
  /** Mean over the requests of how sure it is that their steps are theirs. */
  readonly confidence: number;
  readonly peers: readonly AskedPeer[];
  /** null when they did not move while watched, or are too few to say. */
  readonly moved: MovedRequests | null;
  readonly sentence: string;
}

export interface AgentCost {
  /** Share of one CPU in percent; null where it could not be measured. */
  readonly cpu_pct: number | null;
  readonly bpf_ns_per_event: number | null;
  readonly rss_mb: number | null;
}

export interface DiagnosisDocument {
  readonly schema: typeof DIAGNOSIS_SCHEMA;
  /** RFC 3339, and the length in seconds. */
  readonly window: { readonly start: string; readonly end: string; readonly seconds: number };
  readonly host: { readonly name: string; readonly kernel: string; readonly cpus: number };
  /** Whom we watched, in words: `every process`, `--comm curl`. */
  readonly targets: string;
  readonly findings: readonly Finding[];
  readonly observed: readonly Observed[];
  /** Rows of `observed` that were left out, and the bound. */
  readonly observed_left_out: number;
  readonly observed_limit: number;
  /** Most time first; bounded. */
  readonly requests: readonly EstimatedRequests[];
  readonly coverage: Coverage;
  readonly events: number;
  readonly events_by_kind: Readonly<Record<string, number>>;
  /** Records lost in the kernel, all probes together, and per probe. */
  readonly drops: number;
  readonly drops_by_probe: Readonly<Record<string, number>>;
  /** The same by signal, of those that lost any; refused records are nobody's. */
  readonly drops_by_signal: Readonly<Partial<Record<SignalName, number>>>;
  readonly cost: AgentCost;
  /** With another run, where one was given. */
  readonly compared?: Comparison;
}
