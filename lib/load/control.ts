/** What the loop tells while it runs, and how it is told to stop: shared memory, so that neither side waits for the other. */

const COUNTERS = [
  "stop",
  "running",
  "due",
  "sent",
  "ok",
  "err",
  "incomplete",
  "cancelled",
  "dropped",
  "in_flight",
  "waiting",
  "connections",
  "latencies",
] as const;
type Counter = typeof COUNTERS[number];

/** Latest latencies kept for the progress line. */
const RING = 1024;

export class Control {
  readonly #values: Float64Array;
  readonly #ring: Float64Array;

  /** @param shared of an earlier `Control`, on the other side */
  constructor(readonly shared = new SharedArrayBuffer((COUNTERS.length + RING) * 8)) {
    this.#values = new Float64Array(shared, 0, COUNTERS.length);
    this.#ring = new Float64Array(shared, COUNTERS.length * 8);
  }

  get(counter: Counter): number {
    return this.#values[COUNTERS.indexOf(counter)]!;
  }

  set(counter: Counter, value: number): void {
    this.#values[COUNTERS.indexOf(counter)] = value;
  }

  add(counter: Counter, by = 1): void {
    this.#values[COUNTERS.indexOf(counter)]! += by;
  }

  /** A latency for the progress line, ms. */
  latency(ms: number): void {
    this.#ring[this.get("latencies") % RING] = ms;
    this.add("latencies");
  }

  /** The latest latencies, ms, in no order; at most 1024. */
  latencies(): Float64Array {
    return this.#ring.slice(0, Math.min(RING, this.get("latencies")));
  }
}
