/** Reading in slices: who reads much lets others have their turn in between. */

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
