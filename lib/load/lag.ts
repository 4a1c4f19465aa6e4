/**
 * How late the timers of the loop fire that does the stamping. One is due every 10 ms; a loop that was held up for a second owes a
 * hundred of them, and each is counted with its own lateness, so that a rare long stall weighs what it cost.
 */
export class LagWatch {
  #dueNs = Infinity;
  /** ns. */
  readonly lags: number[] = [];

  static readonly EVERY_NS = 10e6;

  get dueNs(): number {
    return this.#dueNs;
  }

  start(nowNs: number): void {
    this.#dueNs = nowNs + LagWatch.EVERY_NS;
  }

  /** True when a timer was due. */
  look(nowNs: number): boolean {
    if (nowNs < this.#dueNs) return false;
    for (; nowNs >= this.#dueNs; this.#dueNs += LagWatch.EVERY_NS) this.lags.push(nowNs - this.#dueNs);
    return true;
  }
}
