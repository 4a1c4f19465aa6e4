/** How late this thread's timers are: what everything else on the loop had to wait for. */

const EVERY_MS = 100;

export class LoopLag implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;
  #due = performance.now() + EVERY_MS;

  /** @param onSample is told each timer's lateness in milliseconds */
  constructor(onSample: (lateMs: number) => void) {
    this.#timer = setInterval(() => {
      const now = performance.now();
      onSample(Math.max(0, now - this.#due));
      this.#due = now + EVERY_MS;
    }, EVERY_MS);
    Deno.unrefTimer(Number(this.#timer));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
