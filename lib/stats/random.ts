/** The seeded generator: xoshiro128** (Blackman and Vigna 2018), its state the first 16 bytes of SHA-256 of a key. */
import { createHash } from "node:crypto";

export interface Random {
  /** Uniform over the unsigned 32-bit integers. */
  uint32(): number;
  /** Uniform in [0, 1), 53 bits. */
  float(): number;
  /** Uniform integer in [0, n), 1 <= n <= 2^32; by rejection, so that no value is favoured. */
  below(n: number): number;
}

/** A stream of its own for each key, such as `42/E3/dns_latency/ttft_ms`: one stream never depends on another's draws. */
export function random(key: string): Random {
  const digest = createHash("sha256").update(key, "utf8").digest();
  return fromState([0, 4, 8, 12].map((at) => digest.readUInt32LE(at)));
}

/** @param words Four 32-bit words; all zero becomes 1 0 0 0, since zero is the one state that never moves. */
export function fromState(words: readonly number[]): Random {
  return new Xoshiro(words);
}

class Xoshiro implements Random {
  /** Not four fields: those keep integers of more than 31 bits on the heap, one allocation each. */
  readonly #state: Int32Array;

  constructor(words: readonly number[]) {
    this.#state = Int32Array.from(words);
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  uint32(): number {
    const state = this.#state;
    const b = state[1]!;
    const c = state[2]! ^ state[0]!;
    const d = state[3]! ^ b;
    state[0]! ^= d;
    state[1] = b ^ c;
    state[2] = c ^ (b << 9);
    state[3] = rotate(d, 11);
    return Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
  }

  float(): number {
    return ((this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6)) / 2 ** 53;
  }

  below(n: number): number {
    if (!(Number.isInteger(n) && n >= 1 && n <= 2 ** 32)) {
      throw new RangeError(`Cannot draw "below ${n}": the bound must be an integer from 1 to 2^32`);
    }
    for (;;) {
      const draw = this.uint32();
      const rest = draw % n;
      // Only from stretches of n numbers that are whole: the last one, cut off at 2^32, would favour its beginning.
      if (draw - rest + n <= 2 ** 32) return rest;
    }
  }
}

function rotate(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}

/** Standard normal, by Box and Muller. */
export function normal(stream: Random): number {
  return Math.sqrt(-2 * Math.log(1 - stream.float())) * Math.cos(2 * Math.PI * stream.float());
}

/** Beta(a, b) for a, b >= 1, from two gamma variables. */
export function beta(stream: Random, a: number, b: number): number {
  const x = gamma(stream, a);
  return x / (x + gamma(stream, b));
}

/** Gamma of shape >= 1 and scale 1, by Marsaglia and Tsang (2000). */
export function gamma(stream: Random, shape: number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const z = normal(stream);
    const v = (1 + c * z) ** 3;
    if (v > 0 && Math.log(1 - stream.float()) < z * z / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}
