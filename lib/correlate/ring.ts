/** The newest of a side of the join, in a ring: what came, its time, and the lanes it can be found in. */
import type { Lane } from "./lanes.ts";
import type { Links, Times } from "./row.ts";

/** Ids count up from 0 in the order of arrival; `oldest`, the lowest still held, is also how many have gone. */
export class Ring<SubjectT, PayloadT> implements Times {
  readonly size: number;
  /** Place of an id: `id & mask`. */
  readonly mask: number;
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** By tier: who stands in the same lane next. */
  readonly links: readonly Links[];
  readonly #subjects: (SubjectT | undefined)[];
  readonly #payloads: (PayloadT | undefined)[];
  readonly #lanes: (Lane | null)[];
  readonly #tiers: number;
  next = 0;
  oldest = 0;

  /** @param most rounded up to a power of two @param moments what it holds ends when it starts */
  constructor(most: number, tiers: number, moments = false) {
    this.size = 2 ** Math.ceil(Math.log2(Math.max(2, most)));
    this.mask = this.size - 1;
    this.starts = new Float64Array(this.size);
    this.ends = moments ? this.starts : new Float64Array(this.size);
    this.links = Array.from({ length: tiers }, () => new Float64Array(this.size));
    this.#subjects = new Array(this.size).fill(undefined);
    this.#payloads = new Array(this.size).fill(undefined);
    this.#lanes = new Array(this.size * tiers).fill(null);
    this.#tiers = tiers;
  }

  get held(): number {
    return this.next - this.oldest;
  }

  get full(): boolean {
    return this.held === this.size;
  }

  holds(id: number): boolean {
    return id >= this.oldest && id < this.next;
  }

  /** There must be room. */
  add(subject: SubjectT, payload: PayloadT, startNs: number, endNs: number): number {
    const id = this.next++;
    const place = id & this.mask;
    this.#subjects[place] = subject;
    this.#payloads[place] = payload;
    this.starts[place] = startNs;
    this.ends[place] = endNs;
    return id;
  }

  setLane(id: number, tier: number, lane: Lane): void {
    this.#lanes[(id & this.mask) * this.#tiers + tier] = lane;
  }

  lane(id: number, tier: number): Lane | null {
    return this.#lanes[(id & this.mask) * this.#tiers + tier]!;
  }

  subject(id: number): SubjectT {
    return this.#subjects[id & this.mask]!;
  }

  payload(id: number): PayloadT {
    return this.#payloads[id & this.mask]!;
  }

  start(id: number): number {
    return this.starts[id & this.mask]!;
  }

  /** The oldest goes; its lanes must be taken before. */
  evict(): void {
    const place = this.oldest++ & this.mask;
    this.#subjects[place] = undefined;
    this.#payloads[place] = undefined;
  }

  /** The lane of the oldest in this tier, which is not its own any more. */
  takeLane(tier: number): Lane | null {
    const place = (this.oldest & this.mask) * this.#tiers + tier;
    const lane = this.#lanes[place]!;
    if (lane !== null) this.#lanes[place] = null;
    return lane;
  }
}
