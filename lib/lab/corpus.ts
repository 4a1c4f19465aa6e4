/** A seeded collection of passages with vectors, searched by brute force. Pure. */
import { hashText, seededRandom, tokenise, words } from "./seeded.ts";

export interface Document {
  readonly id: string;
  readonly score: number;
  readonly text: string;
}

const DIMENSIONS = 256;
/** So many that one search is a few milliseconds of dot products on a current CPU. */
const PASSAGES = 30_000;
const WORDS_PER_PASSAGE = 60;
export const MAX_K = 50;

export class Corpus {
  readonly #vectors: Float32Array;

  constructor(readonly seed: number) {
    const random = seededRandom(seed);
    this.#vectors = new Float32Array(PASSAGES * DIMENSIONS);
    for (let i = 0; i < this.#vectors.length; i++) this.#vectors[i] = random() - 0.5;
  }

  /** The `k` passages with the largest dot product with the query's vector, best first. */
  search(query: string, k: number): Document[] {
    const scores = this.#scores(embed(query, this.seed));
    const best: { passage: number; score: number }[] = [];
    for (let passage = 0; passage < PASSAGES; passage++) {
      const score = scores[passage] ?? 0;
      if (best.length === k && score <= (best.at(-1)?.score ?? 0)) continue;
      let at = best.length;
      while (at > 0 && (best[at - 1]?.score ?? 0) < score) at--;
      best.splice(at, 0, { passage, score });
      if (best.length > k) best.pop();
    }
    return best.map(({ passage, score }) => ({
      id: `doc-${passage}`,
      score: Math.round(score * 1e4) / 1e4,
      text: words(WORDS_PER_PASSAGE, seededRandom(this.seed + passage)).join(" "),
    }));
  }

  #scores(query: Float32Array): Float32Array {
    const scores = new Float32Array(PASSAGES);
    const vectors = this.#vectors;
    for (let passage = 0, at = 0; passage < PASSAGES; passage++) {
      let sum = 0;
      for (let i = 0; i < DIMENSIONS; i++, at++) sum += (vectors[at] as number) * (query[i] as number);
      scores[passage] = sum;
    }
    return scores;
  }
}

/** Each word adds a direction of its own; the sum has length 1. */
function embed(text: string, seed: number): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  for (const token of tokenise(text)) {
    const random = seededRandom(hashText(token, seed));
    for (let i = 0; i < DIMENSIONS; i++) vector[i] = (vector[i] ?? 0) + random() - 0.5;
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((x) => x / length);
}
