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
  let [a, b, c, d] = words as [number, number, number, number];
  if ((a | b | c | d) === 0) a = 1;
  const rotate = (x: number, k: number) => (x << k) | (x >>> (32 - k));

  function uint32(): number {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11);
    return result;
  }
  return {
    uint32,
    float: () => ((uint32() >>> 5) * 2 ** 26 + (uint32() >>> 6)) / 2 ** 53,
    below(n) {
      if (!(Number.isInteger(n) && n >= 1 && n <= 2 ** 32)) {
        throw new RangeError(`Cannot draw "below ${n}": the bound must be an integer from 1 to 2^32`);
      }
      const limit = 2 ** 32 - 2 ** 32 % n;
      let draw = uint32();
      while (draw >= limit) draw = uint32();
      return draw % n;
    },
  };
}
