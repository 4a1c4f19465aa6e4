/** The line that lives while the load runs. Pure. */
import type { Control } from "../../load/control.ts";
import { count, ms } from "../../report/format.ts";
import { quantileOfSorted, sorted } from "../../stats/describe.ts";

/** @param totalS seconds of the schedule */
export function progressWords(control: Control, nowNs: number, totalS: number): string {
  const startNs = control.get("running");
  if (startNs === 0) return `opening connections: ${count(control.get("connections"))} open`;
  const at = Math.max(0, (nowNs - startNs) / 1e9);
  const latest = sorted(control.latencies());
  const bad = control.get("err") + control.get("incomplete") + control.get("dropped");
  const latency = latest.length === 0
    ? "no answer yet"
    : `p50 ${ms(quantileOfSorted(latest, 0.5))} p95 ${ms(quantileOfSorted(latest, 0.95))} of the last ${latest.length}`;
  const rate = at < 0.5 ? "" : `${(control.get("sent") / Math.min(at, totalS)).toFixed(1)} req/s, `;
  const draining = at > totalS ? ", draining" : "";
  const waiting = control.get("waiting");
  return `${at.toFixed(0)}/${totalS} s${draining} | ${count(control.get("sent"))} sent, ${rate}${
    count(control.get("in_flight"))
  } in flight` +
    `${waiting > 0 ? ` (${count(waiting)} waiting)` : ""} | ${latency} | errors ${count(bad)}`;
}
