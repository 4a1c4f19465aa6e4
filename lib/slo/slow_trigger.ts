/** When the requests seen on sockets are slow enough to want their last minutes kept. Pure. */

export interface SlowTriggerOptions {
  /** A request whose first byte took longer is slow. */
  readonly objectiveMs: number;
  /** After it fired it rests so long. */
  readonly restNs: number;
}

const WINDOW_NS = 30e9;
/** Requests in the window, and slow ones, at least; and the share that must be slow: the p95 is over the objective. */
const LEAST = 20;
const LEAST_SLOW = 3;
const SLOW_SHARE = 0.05;
const MOST_HELD = 1_000;

export class SlowTrigger {
  readonly #options: SlowTriggerOptions;
  #held: { readonly atNs: number; readonly slow: boolean }[] = [];
  #slow = 0;
  #restsUntilNs = -Infinity;

  constructor(options: SlowTriggerOptions) {
    this.#options = options;
  }

  /** One request; true when this is the moment. `atNs` in about the order of time. */
  add(atNs: number, tookMs: number): boolean {
    const slow = tookMs > this.#options.objectiveMs;
    this.#held.push({ atNs, slow });
    if (slow) this.#slow++;
    let gone = 0;
    while (this.#held[gone]!.atNs < atNs - WINDOW_NS || this.#held.length - gone > MOST_HELD) {
      if (this.#held[gone++]!.slow) this.#slow--;
    }
    if (gone > 0) this.#held.splice(0, gone);
    const count = this.#held.length;
    if (atNs < this.#restsUntilNs || count < LEAST || this.#slow < LEAST_SLOW) return false;
    if (this.#slow / count <= SLOW_SHARE) return false;
    this.#restsUntilNs = atNs + this.#options.restNs;
    return true;
  }
}
