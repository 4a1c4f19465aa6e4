/** The digest of a journal's state: a chain of SHA-256 over its chunks, so that one value stands for all entries and their order. */
import { createHash } from "node:crypto";

export const DIGEST_BYTES = 32;

export function sumOf(body: Uint8Array): Uint8Array {
  return createHash("sha256").update(body).digest();
}

/** @param before digest of the state that the chunk was added to; 32 zero bytes for none */
export function chain(before: Uint8Array, sum: Uint8Array): Uint8Array {
  return createHash("sha256").update(before).update(sum).digest();
}

export function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}
