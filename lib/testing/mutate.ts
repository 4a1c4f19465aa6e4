/** Bodies nobody would send on purpose: good ones, damaged in ways that a decoder has to survive. Same seed, same damage. */
import type { Random } from "../stats/random.ts";

const TOKENS = [
  "{",
  "}",
  "[",
  "]",
  '"',
  ":",
  ",",
  "null",
  "true",
  "-0",
  "1e999",
  "99999999999999999999",
  "1700000000123456789",
  '"NaN"',
  "\\u0000",
  "\\ud800",
  '"__proto__":{},',
  '"resourceSpans":[{}],',
  "\u001b[31m",
].map((text) => new TextEncoder().encode(text));

/** Protobuf tags and lengths that lie. */
const LIES = ["ffffffffff0f", "0a00", "0aff01", "12", "f8ff", "0b", "0c", "1b1c", "3a020a00", "80808080808080808001"]
  .map((hex) => Uint8Array.fromHex(hex));

/** A damaged copy. @param others what pieces are borrowed from */
export function mutate(body: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array<ArrayBuffer> {
  let bytes = new Uint8Array(body);
  for (let edits = 1 + random.below(5); edits > 0; edits--) bytes = edit(bytes, others, random);
  return bytes;
}

function edit(bytes: Uint8Array<ArrayBuffer>, others: readonly Uint8Array[], random: Random): Uint8Array<ArrayBuffer> {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random.below(random.below(8) === 0 ? 200 : 8));
  switch (random.below(9)) {
    case 0: // one byte is another
      if (at < bytes.length) bytes[at] = random.below(256);
      return bytes;
    case 1: // one bit is another
      if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 2: // the end is missing
      return random.below(4) === 0 ? bytes.slice(0, at) : bytes;
    case 3: // a piece is missing
      return splice(bytes, at, end, new Uint8Array());
    case 4: // a piece is there twice, or very often
      return splice(bytes, at, at, repeat(bytes.subarray(at, end), 1 + random.below(random.below(10) === 0 ? 300 : 3)));
    case 5: // a piece of something else
      return splice(bytes, at, end, piece(others[random.below(others.length)]!, random));
    case 6:
      return splice(bytes, at, random.below(2) === 0 ? at : end, TOKENS[random.below(TOKENS.length)]!);
    case 7:
      return splice(bytes, at, random.below(2) === 0 ? at : end, LIES[random.below(LIES.length)]!);
    default: // two pieces change places
      bytes.copyWithin(at, random.below(bytes.length + 1), end);
      return bytes;
  }
}

function piece(bytes: Uint8Array, random: Random): Uint8Array {
  const from = random.below(bytes.length + 1);
  return bytes.subarray(from, from + random.below(64));
}

function repeat(bytes: Uint8Array, times: number): Uint8Array {
  const out = new Uint8Array(bytes.length * times);
  for (let i = 0; i < times; i++) out.set(bytes, i * bytes.length);
  return out;
}

function splice(bytes: Uint8Array, from: number, to: number, put: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(from + put.length + bytes.length - to);
  out.set(bytes.subarray(0, from));
  out.set(put, from);
  out.set(bytes.subarray(to), from + put.length);
  return out;
}
