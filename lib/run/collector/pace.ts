/** How much of the loop the work behind the acknowledgements takes: who waits for an answer goes first. */

/** Worked at a stretch, in milliseconds: so much later an answer may be. */
const STRETCH_MS = 1;
/** While somebody waits for an answer: rests so many times as long as it worked. */
const RESTS = 19;

export class Pace {
  #beganMs: number;

  /** @param clockMs only goes forward @param isWaitedFor whether somebody waits for an answer */
  constructor(readonly clockMs: () => number, readonly isWaitedFor: () => boolean) {
    this.#beganMs = clockMs();
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
    const restedMs = this.clockMs();
    const until = restedMs + (restedMs - this.#beganMs) * RESTS;
    do await new Promise((resolve) => setTimeout(resolve, 0)); while (this.isWaitedFor() && this.clockMs() < until);
    this.begin();
  }
}
