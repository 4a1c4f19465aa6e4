/**
 * Short texts out of bytes without making them anew: attribute keys, names and most values come again and again, and looking one up
 * costs a tenth of decoding it. The table is of fixed size; a text that falls on a taken place takes it over.
 */
const MAX_LENGTH = 48;
const PLACES = 4096;
const table: (string | undefined)[] = new Array(PLACES).fill(undefined);

/** The ASCII text at `bytes[from..end)`; null where it is longer than the table takes, or not ASCII. */
export function shortText(bytes: Uint8Array, from: number, end: number): string | null {
  const length = end - from;
  if (length > MAX_LENGTH) return null;
  let hash = length;
  let seen = 0;
  for (let i = from; i < end; i++) {
    const byte = bytes[i]!;
    seen |= byte;
    hash = Math.imul(hash, 31) + byte | 0;
  }
  if (seen >= 0x80) return null;
  const place = (hash ^ hash >>> 12) & PLACES - 1;
  const known = table[place];
  if (known !== undefined && equals(known, bytes, from, length)) return known;
  return table[place] = String.fromCharCode.apply(null, bytes.subarray(from, end) as unknown as number[]);
}

function equals(text: string, bytes: Uint8Array, from: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}
