/** The users of a closed loop: each takes the next request of the list when its last one is over and it has thought for a while. */
import type { Arrival, Plan } from "./arrival.ts";

/** Who was not even answered rests before the next attempt: a server that is down is not hammered. */
const REST_NS = 100e6;

type Closed = Extract<Plan, { loop: "closed" }>;

export class Users {
  readonly #plan: Closed;
  #ids = 0;
  #endNs = Infinity;
  /** When free users begin again, each in order of time. */
  readonly #thinking: number[] = [];
  readonly #resting: number[] = [];

  constructor(plan: Closed) {
    this.#plan = plan;
  }

  start(atNs: number): void {
    this.#endNs = atNs + this.#plan.endNs;
    for (let i = 0; i < this.#plan.concurrency; i++) this.#thinking.push(atNs);
  }

  /** A user's request is over. */
  release(atNs: number, answered: boolean): void {
    if (answered) this.#thinking.push(atNs + this.#plan.thinkNs);
    else this.#resting.push(atNs + Math.max(REST_NS, this.#plan.thinkNs));
  }

  /** The request of a user who is free at `nowNs`; null: nobody is, or the time or the list is over. */
  take(nowNs: number): Arrival | null {
    if (nowNs >= this.#endNs || this.#ids >= this.#plan.most) this.stop();
    const queue = [this.#thinking, this.#resting].find(([first]) => first !== undefined && first <= nowNs);
    if (queue === undefined) return null;
    queue.shift();
    const { arrivals } = this.#plan;
    const id = this.#ids++;
    return { ...arrivals[id % arrivals.length]!, id };
  }

  /** When the next user is free; Infinity: none is, or none may begin. */
  nextNs(): number {
    return Math.min(this.#thinking[0] ?? Infinity, this.#resting[0] ?? Infinity);
  }

  stop(): void {
    this.#endNs = -Infinity;
    this.#thinking.length = 0;
    this.#resting.length = 0;
  }
}
