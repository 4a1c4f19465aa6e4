/** Seeded numbers and words, so that the lab says the same thing on every machine. Pure. */

/** FNV-1a over UTF-16 code units, started from a seed. 32 bits, unsigned. */
export function hashText(text: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash;
}

/** Mulberry32: uniform in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const WORDS =
  ("the a request answer latency budget queue token stream cache kernel socket packet gateway provider shard index " +
    "vector document prompt context window model server client timer resolver name record thread core quota slice memory page " +
    "retry timeout burst trace span metric signal baseline incident service region cluster node pod is was waits grows drops " +
    "holds reads writes moves between after before under over slow fast first last small large steady sudden and or while " +
    "because when where each every next same other").split(" ");

/** `count` words drawn with `random`. */
export function words(count: number, random: () => number): string[] {
  return Array.from({ length: count }, () => WORDS[Math.floor(random() * WORDS.length)] ?? "the");
}

/** Words, numbers and punctuation marks: the lab's notion of a token. */
export function tokenise(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [];
}
