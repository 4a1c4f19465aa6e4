/** How much of the loop the work behind the acknowledgements takes: who waits for an answer goes first. */

/** Worked at a stretch, in milliseconds. */
const STRETCH_MS = 3;
/** While requests arrive: rests so many times as long as it worked. */
const RESTS = 3;

export class Pace {
  #beganMs: number;
  #arrived = false;

  /** @param clockMs only goes forward */
  constructor(readonly clockMs: () => number) {
    this.#beganMs = clockMs();
  }

  /** A request came. */
  arrived(): void {
    this.#arrived = true;
  }

  /** Begins a stretch. */
  begin(): void {
    this.#beganMs = this.clockMs();
  }

  get isOver(): boolean {
    return this.clockMs() - this.#beganMs >= STRETCH_MS;
  }

  /** Lets others have their turn, and begins anew. */
  async rest(): Promise<void> {
    const worked = this.clockMs() - this.#beganMs;
    const ms = this.#arrived ? worked * RESTS : 0;
    this.#arrived = false;
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.begin();
  }
}
