/** ProbeEvent: one kernel signal as a document. The names are a contract; consumers read both versions. */
import type { SignalName } from "./signals.ts";

/** The socket owner's end is `src`. */
export interface ConnTuple {
  readonly src_ip: string;
  readonly dst_ip: string;
  readonly src_port: number;
  readonly dst_port: number;
  readonly protocol: string;
}

export type ProbeStatus = "ok" | "warning" | "error";

export interface ProbeEventV1Alpha1 {
  /** Unix nanoseconds when the thing ended; a bare integer in JSON, never through a double. */
  readonly ts_unix_nano: bigint;
  /** One of the catalogue when we write it; a reader keeps names it does not know. */
  readonly signal: SignalName | (string & Record<never, never>);
  readonly node: string;
  /** `namespace`, `pod` and `container` are empty where unknown. */
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Thread group and thread, in the initial pid namespace. */
  readonly pid: number;
  readonly tid: number;
  /** One duration; for a `_total` the increment; for an aggregate (`histogram` present) the sum. */
  readonly value: number;
  readonly unit: string;
  readonly status: ProbeStatus;
  readonly conn_tuple?: ConnTuple;
  readonly trace_id?: string;
  readonly span_id?: string;
  /** Positive. */
  readonly errno?: number;
  /** In [0, 1]. */
  readonly confidence?: number;
}

export const PROBE_EVENT_SCHEMA = "probe_event/v1alpha2";

/** Without the added keys every document is a valid v1alpha1. */
export interface ProbeEventV1Alpha2 extends ProbeEventV1Alpha1 {
  readonly schema: typeof PROBE_EVENT_SCHEMA;
  readonly process?: { readonly comm: string; readonly exe?: string };
  /** Path of the control group. */
  readonly cgroup?: string;
  /** Inode of the network namespace. */
  readonly netns?: number;
  /** `synthetic` is `true`, and no other value, when the event was invented. */
  readonly attributes?: Readonly<Record<string, string | number> | { readonly synthetic: true }>;
  /** As in OpenTelemetry: one count more than bounds. No bounds means only the number of occurrences is known. */
  readonly histogram?: { readonly bounds: readonly number[]; readonly counts: readonly number[] };
}

export type ProbeEvent = ProbeEventV1Alpha1 | ProbeEventV1Alpha2;

export type ProbeEventVersion = "v1alpha1" | "v1alpha2";
