/** The diagnosis document: what was slow or failing on one machine in one window, and what could not be seen. */
import type { SignalName } from "./signals.ts";

export const DIAGNOSIS_SCHEMA = "diagnosis/v1";

export interface Peer {
  readonly ip: string;
  /** 0 where the port says nothing: the many ports of a server's clients. */
  readonly port: number;
  /** The name this process had just resolved before it connected; only where there was no doubt. */
  readonly name?: string;
}

/** One process (or several short-lived ones alike), one kind, one peer: everything that was seen of it. */
export interface Observed {
  readonly kind: SignalName;
  readonly process: { readonly pid: number; readonly comm: string };
  /** Set when this row stands for several processes of one name and cgroup: how many; `process.pid` is the worst of them. */
  readonly processes?: number;
  /** Empty where unknown. */
  readonly cgroup: string;
  readonly pod?: string;
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
  /** Of the durations, nearest rank. For failures: how long each took to fail. Exact up to 512 values, then within 1 %. */
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  /** Sum of the durations. */
  readonly total: number;
  /** Unit of p50, p95, max and total. */
  readonly unit: "ms";
}

export interface Finding extends Observed {
  /** 1 is the worst: the largest harm_ms. */
  readonly rank: number;
  readonly sentence: string;
  readonly compared_with: string;
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
  readonly coverage: Coverage;
  readonly events: number;
  readonly events_by_kind: Readonly<Record<string, number>>;
  /** Records lost in the kernel, all probes together, and per probe. */
  readonly drops: number;
  readonly drops_by_probe: Readonly<Record<string, number>>;
  readonly cost: AgentCost;
}
