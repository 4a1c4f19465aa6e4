/**
 * Which of several requests goes on with this call? Requests of one service take the same course: what they call after what, and how
 * soon, is learned from the calls of which there is no doubt, and the others are given to the request that fits best.
 */

/** A request as it stood when the call began. */
export interface Standing {
  /** What it was served last: a peer's address, or "" for its own arrival. */
  readonly after: string;
  readonly servedNs: number;
}

/** A course that was seen this often is known. */
const KNOWN = 5;
/** Probability, before the logarithm, of what was never seen. */
const NEVER = 0.01;
/** Delays are told apart in proportion, from here on: below it they are all the same to a busy machine. */
const FLOOR_NS = 1e6;
/** Two requests that fit alike (a factor of two in delay) take turns: the one that was served first goes on first. */
const ALIKE = Math.LN2;

/** What is remembered of a course: its latest delays. */
const REMEMBERED = 64;

interface Course {
  readonly delays: number[];
  times: number;
}

export class Continuations {
  /** By what was served last, then by what was called next. */
  readonly #courses = new Map<string, Map<string, Course>>();

  /** A request called `peer` this long after it was served. */
  learn(after: string, peer: string, delayNs: number): void {
    const next = this.#courses.get(after) ?? new Map<string, Course>();
    const course = next.get(peer) ?? { delays: [], times: 0 };
    course.delays[course.times++ % REMEMBERED] = delayNs;
    next.set(peer, course);
    this.#courses.set(after, next);
  }

  /** The one of these that fits a call of `peer` at `ns` best; undefined when there is none. */
  best<T extends Standing>(standings: readonly T[], peer: string, ns: number): T | undefined {
    const shortest = Math.min(...standings.map(({ servedNs }) => ns - servedNs));
    const scored = standings.map((standing) => ({ standing, misfit: this.#misfit(standing, peer, ns, shortest) }));
    const least = Math.min(...scored.map(({ misfit }) => misfit));
    return scored.filter(({ misfit }) => misfit <= least + ALIKE).map(({ standing }) => standing)
      .toSorted((a, b) => a.servedNs - b.servedNs)[0];
  }

  #misfit({ after, servedNs }: Standing, peer: string, ns: number, shortest: number): number {
    const next = this.#courses.get(after);
    const all = [...next?.values() ?? []].reduce((sum, { times }) => sum + times, 0);
    const { delays, times } = next?.get(peer) ?? { delays: [], times: 0 };
    const usual = times >= KNOWN ? delays.toSorted((a, b) => a - b)[delays.length >> 1]! : shortest;
    const unusual = all < KNOWN ? 0 : -Math.log(Math.max(NEVER, times / all));
    return unusual + Math.abs(Math.log((Math.max(0, ns - servedNs) + FLOOR_NS) / (Math.max(0, usual) + FLOOR_NS)));
  }
}
