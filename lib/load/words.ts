/**
 * Questions of a given length, fast enough to make between two requests: a word is about a token, and most of a question is copied
 * from a buffer. Equal blocks give equal words; a question without blocks begins with its number, so that no two share a prefix.
 */

/** A piece of a request: bytes, or text that is ASCII. */
export type Part = string | Uint8Array;

const WORDS = "why does the first token come late when the queue is long and the cache is cold".split(" ");
/** Words of a block of a trace. */
export const BLOCK_WORDS = 512;

const CYCLE = new TextEncoder().encode(WORDS.map((word) => `${word} `).join(""));
/** Bytes of the first k words of the cycle. */
const ENDS = WORDS.reduce((ends, word) => [...ends, ends[ends.length - 1]! + word.length + 1], [0]);

let filler: Uint8Array = CYCLE;

/** Bytes of `count` words with a blank after each. */
function words(count: number): Uint8Array {
  const size = Math.floor(count / WORDS.length) * CYCLE.length + ENDS[count % WORDS.length]!;
  while (filler.length < size) {
    const larger = new Uint8Array(2 * filler.length);
    larger.set(filler);
    larger.set(filler, filler.length);
    filler = larger;
  }
  return filler.subarray(0, size);
}

interface Asked {
  readonly id: number;
  readonly n_in: number;
  readonly blocks?: readonly number[];
}

/** The words of a question, in parts to be written one after the other; ASCII, nothing that JSON must escape. */
export function question({ id, n_in, blocks = [] }: Asked): Part[] {
  const parts: Part[] = [];
  let left = n_in;
  for (let i = 0; i < blocks.length && left > 0; i++, left -= BLOCK_WORDS) {
    parts.push(`b${blocks[i]} `, words(Math.min(left, BLOCK_WORDS) - 1));
  }
  if (left > 0) parts.push(`${id}: `, words(left - 1));
  return parts;
}
