/** Work in slices: who has much to do lets others have their turn in between. */

/** Worked at a stretch, in milliseconds. */
const STRETCH_MS = 4;

export class Slices {
  #beganMs = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#beganMs >= STRETCH_MS;
  }

  /** Everything that waits for the loop has its turn. */
  async rest(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#beganMs = performance.now();
  }
}

/** @param steps work that stops now and then */
export async function inSlices<T>(steps: Generator<void, T>): Promise<T> {
  const slices = new Slices();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (slices.isOver) await slices.rest();
  }
}
