/** The part of a run that is judged: cut by when requests were due, never by when they were over. Pure. */
import type { RequestRecord } from "../model/request_record.ts";

export interface Window {
  /** Absolute, ns: of the first moment in it, and the first after it. */
  readonly fromNs: number;
  readonly toNs: number;
}

export function seconds({ fromNs, toNs }: Window): number {
  return (toNs - fromNs) / 1e9;
}

/** When a request belongs to: due, or in a closed loop sent (or looked at). */
export function instantOf(record: RequestRecord): number | null {
  return record.g_ns ?? record.s_ns ?? record.p_ns;
}

export function inWindow(records: readonly RequestRecord[], { fromNs, toNs }: Window): RequestRecord[] {
  return records.filter((record) => {
    const at = instantOf(record);
    return at !== null && at >= fromNs && at < toNs;
  });
}

/** Requests a second: planned, sent, and ended well. */
export interface Rates {
  readonly offered: number;
  readonly sent: number;
  readonly achieved: number;
}

/** Sending that ends so soon after its time is on time; how late each request was has figures of its own. */
const GRACE_NS = 100e6;

/**
 * `offered` counts over the window; the others over the time the sending really took, which is longer where requests were held up: a
 * hundred requests planned for a second and sent in two are fifty a second.
 */
export function rates(records: readonly RequestRecord[], window: Window): Rates {
  let [sent, ok, lastNs] = [0, 0, window.toNs];
  for (const { s_ns, outcome } of records) {
    if (outcome === "ok") ok++;
    if (s_ns === null) continue;
    sent++;
    lastNs = Math.max(lastNs, s_ns - GRACE_NS);
  }
  const took = (lastNs - window.fromNs) / 1e9;
  return { offered: records.length / seconds(window), sent: sent / took, achieved: ok / took };
}
