/** Protocol Buffers wire format, reading side. Hand-written because decoding spans is the hot path of ingest. */
import { DecodeError } from "./decode_error.ts";
import { shortText } from "./short_text.ts";

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/** Messages nested deeper than this are refused, as every official parser does. */
export const MAX_DEPTH = 100;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * One cursor over a whole body. An embedded message is entered and left, so that reading one makes no object:
 *
 * ```ts
 * const outer = reader.enter();
 * while (reader.next()) reader.skip();
 * reader.leave(outer);
 * ```
 */
export class WireReader {
  /** Field number and wire type of the field that `next` arrived at. */
  field = 0;
  wire = 0;
  /** Offset of the next byte. */
  at = 0;
  /** Offset behind the last byte of the message that was entered last. */
  end: number;
  readonly #view: DataView;
  #depth = 0;

  constructor(readonly bytes: Uint8Array) {
    this.end = bytes.length;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Moves to the next field and reads its tag; false at the end of the message. */
  next(): boolean {
    if (this.at >= this.end) return false;
    const byte = this.bytes[this.at]!;
    let tag = byte;
    if (byte < 0x80) this.at++;
    else tag = this.varint32();
    this.field = tag >>> 3;
    this.wire = tag & 7;
    if (this.field === 0) throw this.error("field number 0");
    return true;
  }

  /** Steps into the embedded message; what it returns is for `leave`. */
  enter(): number {
    this.expect(WIRE.bytes);
    if (++this.#depth > MAX_DEPTH) throw this.error(`messages nested deeper than ${MAX_DEPTH}`);
    const length = this.varint32();
    const outer = this.end;
    if (length > outer - this.at) throw this.#cut(length);
    this.end = this.at + length;
    return outer;
  }

  /** Steps behind the message that was entered, wherever in it the cursor stands. */
  leave(outer: number): void {
    this.at = this.end;
    this.end = outer;
    this.#depth--;
  }

  /** Refuses a known field that arrives as another wire type: the sender speaks something else. */
  expect(wire: number): void {
    if (this.wire !== wire) throw this.error(`field ${this.field} has wire type ${this.wire}, expected ${wire}`);
  }

  /** An unsigned varint that must fit 32 bits: tags and lengths. */
  varint32(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 5; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > 0xffffffff) break;
        return value;
      }
      scale *= 128;
    }
    throw this.error("number does not fit 32 bits");
  }

  /** An unsigned 64-bit integer, as bigint. */
  uint64(): bigint {
    this.expect(WIRE.varint);
    return BigInt(this.#varint());
  }

  /** A signed 64-bit integer: a number where it is exact, else a bigint. */
  int64(): number | bigint {
    this.expect(WIRE.varint);
    const value = this.#varint();
    if (typeof value === "number") return value;
    const signed = BigInt.asIntN(64, value);
    const rounded = Number(signed);
    return Number.isSafeInteger(rounded) ? rounded : signed;
  }

  bool(): boolean {
    this.expect(WIRE.varint);
    return Number(this.#varint()) !== 0;
  }

  /** The low 32 bits, signed, as the format prescribes for enums; longer numbers are cut. */
  enumeration(): number {
    this.expect(WIRE.varint);
    const value = this.#varint();
    return typeof value === "number" ? value | 0 : Number(BigInt.asIntN(32, value));
  }

  /** The low 32 bits, unsigned. */
  uint32(): number {
    return this.enumeration() >>> 0;
  }

  /** A 32-bit integer in the zigzag spelling. */
  sint32(): number {
    const value = this.uint32();
    return (value >>> 1) ^ -(value & 1);
  }

  fixed32(): number {
    this.expect(WIRE.fixed32);
    return this.#view.getUint32(this.#take(4), true);
  }

  fixed64(): bigint {
    this.expect(WIRE.fixed64);
    return this.#view.getBigUint64(this.#take(8), true);
  }

  double(): number {
    this.expect(WIRE.fixed64);
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A copy, which the body need not outlive. */
  copy(): Uint8Array<ArrayBuffer> {
    const from = this.#slice();
    return this.bytes.slice(from, this.at);
  }

  /** Lower-case hex of a bytes field of any length. */
  hex(): string {
    const from = this.#slice();
    return this.bytes.subarray(from, this.at).toHex();
  }

  string(): string {
    const from = this.#slice();
    const short = shortText(this.bytes, from, this.at);
    if (short !== null) return short;
    try {
      return utf8.decode(this.bytes.subarray(from, this.at));
    } catch {
      throw new DecodeError(`byte ${from}`, "text is not UTF-8");
    }
  }

  /**
   * Calls `read` once for every number of a repeated field, packed or not; `wire` is that of one number. @param read must move the
   * cursor over one of them.
   */
  eachNumber(wire: number, read: () => void): void {
    if (this.wire !== WIRE.bytes) return read();
    const outer = this.enter();
    this.wire = wire;
    while (this.at < this.end) read();
    this.leave(outer);
  }

  /** Steps over a field nobody here knows; groups, long deprecated, included. */
  skip(groups = 0): void {
    switch (this.wire) {
      case WIRE.varint:
        this.#varint();
        return;
      case WIRE.fixed64:
        this.#take(8);
        return;
      case WIRE.bytes:
        this.#take(this.varint32());
        return;
      case WIRE.fixed32:
        this.#take(4);
        return;
      case WIRE.groupStart:
        return this.#skipGroup(groups + 1);
      default:
        throw this.error(`wire type ${this.wire}`);
    }
  }

  error(what: string): DecodeError {
    return new DecodeError(`byte ${this.at}`, what);
  }

  #skipGroup(groups: number): void {
    if (groups > MAX_DEPTH) throw this.error(`groups nested deeper than ${MAX_DEPTH}`);
    const opened = this.field;
    while (this.next()) {
      if (this.wire !== WIRE.groupEnd) this.skip(groups);
      else if (this.field === opened) return;
      else break;
    }
    throw this.error(`group ${opened} is not closed`);
  }

  /** As number up to 49 bits, beyond that as bigint: negative and huge numbers are rare. */
  #varint(): number | bigint {
    let low = 0;
    let scale = 1;
    for (let i = 0; i < 7; i++) {
      const byte = this.#byte();
      low += (byte & 0x7f) * scale;
      if (byte < 0x80) return low;
      scale *= 128;
    }
    let high = 0n;
    for (let i = 7; i < 10; i++) {
      const byte = this.#byte();
      high |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, BigInt(low) | high);
    }
    throw this.error("number does not fit 64 bits");
  }

  /** Steps over a bytes field and returns where it began. */
  #slice(): number {
    this.expect(WIRE.bytes);
    return this.#take(this.varint32());
  }

  #byte(): number {
    if (this.at >= this.end) throw this.error("the message ends inside a number");
    return this.bytes[this.at++]!;
  }

  #take(length: number): number {
    const from = this.at;
    if (length > this.end - from) throw this.#cut(length);
    this.at = from + length;
    return from;
  }

  #cut(length: number): DecodeError {
    return this.error(`${length} bytes announced, ${this.end - this.at} left`);
  }
}
