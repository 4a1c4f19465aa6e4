/**
 * A parcel on disk: 20 bytes of header, little endian, then the payload. The header has a checksum of its own, so that a damaged
 * payload costs one parcel and not all that follow it.
 *
 *     0  magic "slp1"   4  payload bytes   8  items   12  CRC-32 of the payload   16  CRC-32 of bytes 0 to 15
 */
import { crc32 } from "node:zlib";
import type { Parcel } from "./spool.ts";

export const HEADER_BYTES = 20;
const MAGIC = 0x31706c73;

export interface RecordHeader {
  readonly bytes: number;
  readonly items: number;
  readonly checksum: number;
}

export function encodeRecord({ payload, items }: Parcel): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, payload.length, true);
  view.setUint32(8, items, true);
  view.setUint32(12, crc32(payload), true);
  view.setUint32(16, crc32(record.subarray(0, 16)), true);
  record.set(payload, HEADER_BYTES);
  return record;
}

/** null when this is no header: the file was cut there, or written over. */
export function decodeHeader(bytes: Uint8Array): RecordHeader | null {
  if (bytes.length < HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(16, true) !== crc32(bytes.subarray(0, 16))) return null;
  return { bytes: view.getUint32(4, true), items: view.getUint32(8, true), checksum: view.getUint32(12, true) };
}

export function isWhole(header: RecordHeader, payload: Uint8Array): boolean {
  return payload.length === header.bytes && crc32(payload) === header.checksum;
}
