/** A run in slices of time, by when requests were due. Pure. */
import { measure } from "../model/measure.ts";
import type { RequestRecord } from "../model/request_record.ts";
import { quantileOfSorted, sorted } from "../stats/describe.ts";
import { instantOf } from "./window.ts";

export interface Slice {
  /** Seconds after the start of the run. */
  readonly at_s: number;
  readonly seconds: number;
  readonly due: number;
  readonly ok: number;
  readonly bad: number;
  /** `latency` of those that ended well, ms; null where none did. */
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
}

const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

/** The shortest round step that gives at most `most` slices. */
export function stepFor(seconds: number, most: number): number {
  return STEPS_S.find((step) => seconds / step <= most) ?? Math.ceil(seconds / most / 3600) * 3600;
}

/** @param latency a definition id, measured where it is defined */
export function timeline(
  records: readonly RequestRecord[],
  startNs: number,
  seconds: number,
  latency: string,
  most = 60,
): Slice[] {
  const step = stepFor(seconds, most);
  const slices = Array.from(
    { length: Math.ceil(seconds / step - 1e-9) },
    () => ({ due: 0, ok: 0, bad: 0, ms: [] as number[] }),
  );
  for (const record of records) {
    const at = instantOf(record);
    const slice = at === null ? undefined : slices[Math.floor((at - startNs) / 1e9 / step)];
    if (slice === undefined) continue;
    slice.due++;
    if (record.outcome === "ok") {
      slice.ok++;
      slice.ms.push(...measure(latency, record));
    } else slice.bad++;
  }
  return slices.map(({ due, ok, bad, ms }, i): Slice => {
    const values = sorted(ms);
    return {
      at_s: Number((i * step).toFixed(3)),
      seconds: step,
      due,
      ok,
      bad,
      p50_ms: values.length === 0 ? null : quantileOfSorted(values, 0.5),
      p95_ms: values.length === 0 ? null : quantileOfSorted(values, 0.95),
    };
  });
}
