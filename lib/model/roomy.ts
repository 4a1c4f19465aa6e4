/**
 * Bytes with some room before them, in memory that is theirs alone: whoever keeps them writes a head of its own there, and need not copy
 * all of them behind one.
 */

/** Bytes of the room. */
export const ROOM = 16;

const roomy = new WeakSet<ArrayBufferLike>();

/** The parts, one behind the other. */
export function joinRoomy(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(ROOM + length);
  let at = ROOM;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  roomy.add(whole.buffer);
  return whole.subarray(ROOM);
}

/** The bytes and the room before them, once: it is the caller's from then on. Null: there is none. */
export function takeRoom(bytes: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const { buffer } = bytes;
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== ROOM + bytes.length) return null;
  return roomy.delete(buffer) ? new Uint8Array(buffer) : null;
}
