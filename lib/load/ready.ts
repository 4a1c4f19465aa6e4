/** Requests made before they are due, so that a long question is not written while an answer waits to be stamped. */
import type { Arrival } from "./arrival.ts";
import type { RequestBytes, RequestIds } from "./exchange.ts";

/** Requests as bytes, in the order of their arrivals. */
export interface RequestMaker {
  readonly make: (arrival: Arrival) => RequestBytes;
  /** The ids of the next one alone, for a request that never leaves. */
  readonly ids: () => RequestIds;
}

const MOST = 64;
const MOST_BYTES = 8 << 20;

export class Ready {
  readonly #arrivals: readonly Arrival[];
  readonly #maker: RequestMaker;
  readonly #made: RequestBytes[] = [];
  #bytes = 0;
  #next = 0;

  constructor(arrivals: readonly Arrival[], maker: RequestMaker) {
    this.#arrivals = arrivals;
    this.#maker = maker;
  }

  /** The arrival that comes next; undefined: there is none. */
  get next(): Arrival | undefined {
    return this.#arrivals[this.#next];
  }

  /** The request of `next`, which is then another. */
  take(): RequestBytes {
    const arrival = this.#arrivals[this.#next++]!;
    const request = this.#made.shift();
    if (request === undefined) return this.#maker.make(arrival);
    this.#bytes -= request.bytes.length;
    return request;
  }

  /** As `take`, for a request that never leaves. */
  skip(): RequestIds {
    this.#next++;
    return this.#made.shift() ?? this.#maker.ids();
  }

  /** Makes one more; false when enough of them are made. */
  prepare(): boolean {
    const arrival = this.#arrivals[this.#next + this.#made.length];
    if (arrival === undefined || this.#made.length >= MOST) return false;
    if (this.#made.length > 0 && this.#bytes >= MOST_BYTES) return false;
    const request = this.#maker.make(arrival);
    this.#made.push(request);
    this.#bytes += request.bytes.length;
    return true;
  }
}
