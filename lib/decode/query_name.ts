/** The name a DNS query asked for. The same few names come by the thousand: each is made into text once. */

/** By a hash of its bytes; another name of the same hash takes the place. */
const names = new Map<number, { readonly bytes: Uint8Array; readonly name: string }>();
const MOST_KEPT = 4096;
const FNV_BASIS = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/** The `length` bytes of labels at `at`, as on the wire, as dotted text; bytes that are not printable ASCII are escaped as \DDD (RFC 4343). */
export function queryName(view: DataView, at: number, length: number): string {
  let hash = FNV_BASIS;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ view.getUint8(at + i), FNV_PRIME);
  const known = names.get(hash);
  if (known !== undefined && isSame(known.bytes, view, at, length)) return known.name;
  const name = dotted(view, at, length);
  if (names.size >= MOST_KEPT) names.clear();
  names.set(hash, { bytes: Uint8Array.from({ length }, (_, i) => view.getUint8(at + i)), name });
  return name;
}

function isSame(bytes: Uint8Array, view: DataView, at: number, length: number): boolean {
  if (bytes.length !== length) return false;
  for (let i = 0; i < length; i++) {
    if (bytes[i] !== view.getUint8(at + i)) return false;
  }
  return true;
}

function dotted(view: DataView, at: number, length: number): string {
  const labels: string[] = [];
  for (let i = 0; i < length;) {
    const size = view.getUint8(at + i);
    if (size === 0 || size > 63) break;
    let label = "";
    for (let j = 1; j <= size && i + j < length; j++) {
      const byte = view.getUint8(at + i + j);
      label += byte > 32 && byte < 127 && byte !== 46
        ? String.fromCharCode(byte)
        : `\\${String(byte).padStart(3, "0")}`;
    }
    labels.push(label);
    i += size + 1;
  }
  return labels.length === 0 ? "." : labels.join(".");
}
