/**
 * The clocks, and the one way from the kernel's monotonic clock to wall time. Who reads them is lib/host/clock.ts, or a test.
 *
 * Durations are differences of the monotonic clock and feel nothing of what happens to the others. Wall time can be stepped, and the
 * monotonic clock stands still in suspend: both move the distance between the two, so it is measured again every second.
 */

export interface Anchor {
  readonly monotonicNs: number;
  readonly unixNs: bigint;
}

/** All clocks at one instant. */
export interface ClockReading extends Anchor {
  /** As the monotonic clock, but it goes on in suspend. */
  readonly bootNs: number;
  /** How far the reading may be off, in nanoseconds. */
  readonly errorNs: number;
}

export interface Clock {
  /** Nanoseconds on the clock that BPF programs stamp with. */
  monotonicNs(): number;
  read(): ClockReading;
}

/** Wall time was set, or the machine slept. */
export interface ClockBreak {
  readonly kind: "step" | "suspend";
  /** It happened between these two, on the monotonic clock: the reading that did not know of it, and the one that did. */
  readonly afterNs: number;
  readonly foundNs: number;
  /** How far wall time was moved (negative: back), or how long the machine slept. */
  readonly byNs: number;
}

/** A while without a break: from when it holds, and the last reading in it. */
export interface ClockStretch {
  readonly fromNs: number;
  readonly reading: ClockReading;
}

/** A moment since 1970: whole seconds, and nanoseconds beyond them. */
export interface UnixTime {
  seconds: number;
  ns: number;
}

/** Wall time is steered by less than this between two readings; more is a step. */
const STEP_NS = 50e6;
/** The monotonic and the boot clock run alike but for suspend. */
const SUSPEND_NS = 10e6;
/** Anchors kept: whoever still asks for the time before the oldest break gets the oldest anchor. */
const MOST_ANCHORS = 1024;

export function toUnixNs(anchor: Anchor, monotonicNs: number): bigint {
  return anchor.unixNs + BigInt(Math.round(monotonicNs - anchor.monotonicNs));
}

export function toMonotonicNs(anchor: Anchor, unixNs: bigint): number {
  return anchor.monotonicNs + Number(unixNs - anchor.unixNs);
}

/** RFC 3339 with milliseconds. */
export function toIso(anchor: Anchor, monotonicNs: number): string {
  return new Date(Number(toUnixNs(anchor, monotonicNs) / 1_000_000n)).toISOString();
}

/**
 * The clocks over a while. A moment is converted by the last reading before the next break, so that wall time stays right on both
 * sides of a step or a suspend; what lies between the break itself and the reading that found it is still told in the old time.
 */
export class ClockLine {
  /** One per stretch without a break: from when it holds, and its latest reading. */
  readonly #stretches: { readonly fromNs: number; reading: ClockReading }[];
  readonly #breaks: ClockBreak[] = [];
  /** The reading used last, in halves. */
  #split: { readonly reading: ClockReading; readonly seconds: number; readonly ns: number } | undefined;

  constructor(first: ClockReading) {
    this.#stretches = [{ fromNs: -Infinity, reading: first }];
  }

  /** The line that gave these: out of a recording. */
  static of(stretches: readonly ClockStretch[], breaks: readonly ClockBreak[]): ClockLine {
    const [first, ...rest] = stretches;
    const line = new ClockLine(first!.reading);
    line.#stretches.push(...rest.map((stretch) => ({ ...stretch })));
    line.#breaks.push(...breaks);
    return line;
  }

  /** For a recording; the first of them holds from ever. */
  get stretches(): readonly ClockStretch[] {
    return this.#stretches.map((stretch) => ({ ...stretch }));
  }

  /** Takes a later reading. Returns what must have happened since the one before it. */
  add(reading: ClockReading): readonly ClockBreak[] {
    const last = this.#stretches.at(-1)!;
    const monotonicNs = reading.monotonicNs - last.reading.monotonicNs;
    const bootNs = reading.bootNs - last.reading.bootNs;
    const wallNs = Number(reading.unixNs - last.reading.unixNs);
    const between = { afterNs: last.reading.monotonicNs, foundNs: reading.monotonicNs };
    const found: ClockBreak[] = [];
    if (bootNs - monotonicNs >= SUSPEND_NS) found.push({ kind: "suspend", ...between, byNs: bootNs - monotonicNs });
    if (Math.abs(wallNs - bootNs) >= STEP_NS) found.push({ kind: "step", ...between, byNs: wallNs - bootNs });
    if (found.length === 0) {
      last.reading = reading;
    } else {
      this.#stretches.push({ fromNs: reading.monotonicNs, reading });
      if (this.#stretches.length > MOST_ANCHORS) this.#stretches.shift();
      this.#breaks.push(...found);
      if (this.#breaks.length > MOST_ANCHORS) this.#breaks.splice(0, this.#breaks.length - MOST_ANCHORS);
    }
    return found;
  }

  /** Steps and suspends so far, the oldest first; the last 1024. */
  get breaks(): readonly ClockBreak[] {
    return this.#breaks;
  }

  /** The latest reading. */
  get anchor(): ClockReading {
    return this.#stretches.at(-1)!.reading;
  }

  toUnixNs(monotonicNs: number): bigint {
    return toUnixNs(this.#readingAt(monotonicNs), monotonicNs);
  }

  /** The same without a bigint, into `out`: for whoever writes thousands a second. */
  toUnix(monotonicNs: number, out: UnixTime): void {
    const reading = this.#readingAt(monotonicNs);
    if (this.#split?.reading !== reading) {
      const seconds = reading.unixNs / 1_000_000_000n;
      const ns = Number(reading.unixNs - seconds * 1_000_000_000n);
      this.#split = { reading, seconds: Number(seconds), ns };
    }
    const ns = this.#split.ns + Math.round(monotonicNs - reading.monotonicNs);
    const seconds = Math.floor(ns / 1e9);
    out.seconds = this.#split.seconds + seconds;
    out.ns = ns - seconds * 1e9;
  }

  #readingAt(monotonicNs: number): ClockReading {
    for (let i = this.#stretches.length - 1; i > 0; i--) {
      const { fromNs, reading } = this.#stretches[i]!;
      if (fromNs <= monotonicNs) return reading;
    }
    return this.#stretches[0]!.reading;
  }
}

/** True when the machine slept, or may have, inside [fromNs, toNs]: what waited then waited longer than the monotonic clock says. */
export function suspendedIn(breaks: readonly ClockBreak[], fromNs: number, toNs: number): boolean {
  return breaks.some(({ kind, afterNs, foundNs }) => kind === "suspend" && afterNs < toNs && foundNs > fromNs);
}
