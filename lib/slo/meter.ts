/** The budget of one SLO as it is spent: its windows, its period, its alerts. Pure: time is an argument. */
import type { Fraction } from "../stats/decimal.ts";
import { eventFloor, threshold, WINDOWS_S } from "./burn_alerts.ts";
import { calendarStart } from "./calendar.ts";
import { compare } from "./literal.ts";
import { type ClosedSlice, combineSlices, Slices } from "./slices.ts";
import type { BurnAlert, Slo } from "./slo.ts";
import { type Counts, WindowCounter } from "./window_counter.ts";

/** Slices of an alert's window, and of a rolling period: edges move by less than 1 %, and by an hour in 30 d. */
const WINDOW_SLICES = 120;
const PERIOD_SLICES = 720;

/** What a window says: events, or billionths of slices; of a composite only the ratio, and the fewest events of a part. */
export interface Reading {
  /** Share of bad events; null: no data. */
  readonly ratio: Fraction | null;
  readonly total: number;
  readonly bad: number | null;
}

export interface AlertState {
  readonly alert: BurnAlert;
  readonly firing: boolean;
  /** Both windows burn fast enough, but there are too few events to say so. */
  readonly tooFew: boolean;
}

/** Reads windows; a composite reads those of its parts. */
export interface Meter {
  readonly slo: Slo;
  /** The last `seconds`, which is one of `windows`. */
  window(seconds: number, nowMs: number): Reading;
  period(nowMs: number): Reading;
  readonly windows: readonly number[];
}

/** Seconds of every window an SLO is read over, by its own alerts and by those of the composites it is part of. */
export function windowsOf(slo: Slo, all: readonly Slo[]): number[] {
  const readers = all.filter(({ sli }) => sli.kind === "composite" && sli.parts.some((part) => part.slo === slo.name));
  const alerts = [slo, ...readers].flatMap(({ alerts }) => alerts);
  const windows = new Set([...WINDOWS_S, ...alerts.flatMap(({ longS, shortS }) => [longS, shortS])]);
  return [...windows].filter((seconds) => seconds < slo.period.seconds).sort((a, b) => a - b);
}

export class CountingMeter implements Meter {
  readonly windows: readonly number[];
  readonly #counters: ReadonlyMap<number, WindowCounter>;
  readonly #rolling: WindowCounter;
  readonly #slices: Slices | null;
  #sinceStart = { startMs: -Infinity, good: 0, bad: 0 };
  #checkedQuarter = -Infinity;

  /** @param all the SLOs of the file */
  constructor(readonly slo: Slo, all: readonly Slo[]) {
    this.windows = windowsOf(slo, all);
    this.#counters = new Map(this.windows.map((s) => [s, new WindowCounter(s * 1000, WINDOW_SLICES)]));
    this.#rolling = new WindowCounter(slo.period.seconds * 1000, PERIOD_SLICES);
    this.#slices = slo.slice === null ? null : new Slices(slo.slice, slo.budgeting, slo.eventFloor ?? 1);
  }

  /** Counts one event; false when every window has moved past it. `atMs` <= `nowMs`. */
  add(good: boolean, atMs: number, nowMs: number): boolean {
    if (this.#slices !== null) return this.#slices.add(atMs, good);
    return this.#count(good ? { good: 1, bad: 0 } : { good: 0, bad: 1 }, atMs, nowMs);
  }

  /** Counts the slices that are over by now, and returns them. */
  close(nowMs: number): ClosedSlice[] {
    const closed = this.#slices?.close(nowMs) ?? [];
    for (const slice of closed) this.#count(slice, slice.atMs, nowMs);
    return closed;
  }

  /** Slices of a composite, made of those of its parts. */
  take(slices: readonly ClosedSlice[], nowMs: number): void {
    for (const slice of slices) this.#count(slice, slice.atMs, nowMs);
  }

  get thinSlices(): number {
    return this.#slices?.thin ?? 0;
  }

  #count({ good, bad }: Counts, atMs: number, nowMs: number): boolean {
    let kept = false;
    for (const counter of this.#counters.values()) kept = counter.add(atMs, nowMs, good, bad) || kept;
    if (this.slo.period.kind === "rolling") return this.#rolling.add(atMs, nowMs, good, bad) || kept;
    this.#turn(nowMs);
    if (atMs < this.#sinceStart.startMs) return kept;
    this.#sinceStart.good += good;
    this.#sinceStart.bad += bad;
    return true;
  }

  #turn(nowMs: number): void {
    // Clocks are put forward and back at quarters of an hour.
    const quarter = Math.floor(nowMs / 900_000);
    if (this.slo.period.kind !== "calendar" || quarter <= this.#checkedQuarter) return;
    this.#checkedQuarter = quarter;
    const startMs = calendarStart(this.slo.period.unit, this.slo.period.timeZone, nowMs);
    if (startMs > this.#sinceStart.startMs) this.#sinceStart = { startMs, good: 0, bad: 0 };
  }

  window(seconds: number, nowMs: number): Reading {
    return reading(this.#counters.get(seconds)!.counts(nowMs));
  }

  period(nowMs: number): Reading {
    this.#turn(nowMs);
    return reading(this.slo.period.kind === "rolling" ? this.#rolling.counts(nowMs) : this.#sinceStart);
  }
}

function reading({ good, bad }: Counts): Reading {
  const total = good + bad;
  return { ratio: total === 0 ? null : { n: BigInt(bad), d: BigInt(total) }, total, bad };
}

/** Of events: the weighted sum of the parts' error ratios, so that their burns add; no data in a part is no data. */
export class WeightedMeter implements Meter {
  readonly windows: readonly number[];

  constructor(
    readonly slo: Slo,
    readonly parts: readonly { readonly weight: Fraction; readonly meter: Meter }[],
  ) {
    this.windows = windowsOf(slo, []);
  }

  window(seconds: number, nowMs: number): Reading {
    return this.#weigh((meter) => meter.window(seconds, nowMs));
  }

  period(nowMs: number): Reading {
    return this.#weigh((meter) => meter.period(nowMs));
  }

  #weigh(read: (meter: Meter) => Reading): Reading {
    let ratio: Fraction | null = { n: 0n, d: 1n };
    let total = Infinity;
    for (const { weight, meter } of this.parts) {
      const part = read(meter);
      total = Math.min(total, part.total);
      ratio = ratio === null || part.ratio === null ? null : {
        n: ratio.n * weight.d * part.ratio.d + weight.n * part.ratio.n * ratio.d,
        d: ratio.d * weight.d * part.ratio.d,
      };
    }
    if (ratio !== null && ratio.n > ratio.d) ratio = { n: 1n, d: 1n };
    return { ratio, total, bad: null };
  }
}

/** Strictly above the threshold in both windows, decided on integers, and with events enough in the long one. */
export function alertStates(meter: Meter, nowMs: number): AlertState[] {
  return meter.slo.alerts.map((alert) => {
    const limit = threshold(alert, meter.slo.objective);
    const long = meter.window(alert.longS, nowMs);
    const short = meter.window(alert.shortS, nowMs);
    const over = [long, short].every(({ ratio }) => ratio !== null && compare(ratio, limit) > 0);
    const enough = long.total >= Number(eventFloor(alert, meter.slo) ?? 0n);
    return { alert, firing: over && enough, tooFew: over && !enough };
  });
}

/** Composite slices are made when the parts' are over. */
export function closeAll(meters: readonly Meter[], nowMs: number): void {
  const closed = new Map(
    meters.map((meter) => [meter.slo.name, meter instanceof CountingMeter ? meter.close(nowMs) : []]),
  );
  for (const meter of meters) {
    const { sli, budgeting } = meter.slo;
    if (sli.kind !== "composite" || !(meter instanceof CountingMeter)) continue;
    const parts = sli.parts.map(({ slo, weight }) => ({ weight: Number(weight.text), closed: closed.get(slo) ?? [] }));
    meter.take(combineSlices(parts, budgeting), nowMs);
  }
}
