/** The labels a request's time is split into. Their order is the order a request meets them, then what the machine did to it. */
export const LABELS = [
  "dns",
  "connect",
  "tls",
  "send",
  "rtx_stall",
  "provider",
  "retrieval",
  "runq",
  "throttled",
  "app",
  "unexplained",
] as const;

export type Label = typeof LABELS[number];

/** Milliseconds per label; null means "not watched", which is not zero. The watched ones sum to the TTFT within 50 us. */
export type Split = Readonly<Record<Label, number | null>>;

/** One request with its time accounted for. */
export interface RequestSplit {
  /** Empty where none was seen. */
  readonly traceId: string;
  readonly requestId: string;
  /** Kernel clock: the request's last byte arrived at the service; of a client's own turn, the first thing it did for it. */
  readonly startNs: number;
  /** Kernel clock: the first byte of the answer left the service, or arrived at the client. */
  readonly firstByteNs: number;
  readonly ttftMs: number;
  readonly split: Split;
  /** True when the request had to resolve or connect; cold and warm requests have separate baselines. */
  readonly cold: boolean;
  /** How the kernel's evidence was joined with the request: the weakest tier used, and its confidence in [0, 1]. */
  readonly tier: Tier;
  readonly confidence: number;
  /** No span told of this request: it was made from sockets alone. */
  readonly estimated?: true;
  /** What the provider did, where spans and packets tell: HTTP status of each attempt, and content segments a second of the answer. */
  readonly provider: {
    readonly statuses: readonly number[];
    readonly chunksPerSecond: number | null;
    /** Without statuses: how often it was asked again after an answer too short to be the one that was waited for. */
    readonly askedAgain?: number;
  };
  /** Intervals on the path, for a person to look at: label, start and end on the kernel clock. */
  readonly path: readonly PathStep[];
}

export interface PathStep {
  readonly label: Label;
  readonly startNs: number;
  readonly endNs: number;
  readonly note?: string;
}

/** The four ways a kernel event is joined with a span, strongest first. Windows and confidences: lib/correlate. */
export const TIERS = ["trace_id_exact", "pod_pid_100ms", "pod_conn_250ms", "svc_node_500ms"] as const;
export type Tier = typeof TIERS[number];
