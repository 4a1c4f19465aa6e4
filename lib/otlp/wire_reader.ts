/** Protocol Buffers wire format, reading side. Hand-written because decoding spans is the hot path of ingest. */
import { DecodeError } from "./decode_error.ts";

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/** Messages nested deeper than this are refused, as every official parser does. */
export const MAX_DEPTH = 100;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A cursor over one message. `at` is the offset of the next byte, `end` the offset behind the last. */
export class WireReader {
  /** Field number and wire type of the field that `next` arrived at. */
  field = 0;
  wire = 0;

  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
    readonly end = bytes.length,
    readonly depth = 0,
    /** One for the whole body: making one per message costs more than reading it. */
    readonly view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  ) {
    if (depth > MAX_DEPTH) throw this.#error(`messages nested deeper than ${MAX_DEPTH}`);
  }

  /** Moves to the next field and reads its tag; false at the end of the message. */
  next(): boolean {
    if (this.at >= this.end) return false;
    const tag = this.varint32();
    this.field = tag >>> 3;
    this.wire = tag & 7;
    if (this.field === 0) throw this.#error("field number 0");
    return true;
  }

  /** Refuses a known field that arrives as another wire type: the sender speaks something else. */
  expect(wire: number): void {
    if (this.wire !== wire) throw this.#error(`field ${this.field} has wire type ${this.wire}, expected ${wire}`);
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
    throw this.#error("number does not fit 32 bits");
  }

  /** A varint of up to 64 bits, as unsigned bigint. */
  varint64(): bigint {
    let low = 0;
    let high = 0n;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      // 49 bits fit a double; the rest is rare (negative and huge numbers).
      if (i < 7) low += (byte & 0x7f) * 2 ** (7 * i);
      else high |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, BigInt(low) | high);
    }
    throw this.#error("number does not fit 64 bits");
  }

  /** An enum: the low 32 bits, signed, as the format prescribes. */
  enumeration(): number {
    this.expect(WIRE.varint);
    return Number(BigInt.asIntN(32, this.varint64()));
  }

  fixed64(): bigint {
    this.expect(WIRE.fixed64);
    return this.view.getBigUint64(this.#take(8), true);
  }

  double(): number {
    this.expect(WIRE.fixed64);
    return this.view.getFloat64(this.#take(8), true);
  }

  /** A copy is not made: the slice lives as long as the body. */
  slice(): Uint8Array {
    this.expect(WIRE.bytes);
    const length = this.varint32();
    const from = this.#take(length);
    return this.bytes.subarray(from, from + length);
  }

  /** A cursor over the embedded message, which this one steps over. */
  message(): WireReader {
    this.expect(WIRE.bytes);
    const length = this.varint32();
    const from = this.#take(length);
    return new WireReader(this.bytes, from, from + length, this.depth + 1, this.view);
  }

  string(): string {
    const from = this.at;
    const slice = this.slice();
    // Names and keys are short and ASCII; a TextDecoder call costs more than the loop.
    if (slice.length <= 48) {
      let text = "";
      let i = 0;
      for (; i < slice.length; i++) {
        const byte = slice[i]!;
        if (byte >= 0x80) break;
        text += String.fromCharCode(byte);
      }
      if (i === slice.length) return text;
    }
    try {
      return utf8.decode(slice);
    } catch {
      throw new DecodeError(`byte ${from}`, "text is not UTF-8");
    }
  }

  /** Steps over a field nobody here knows; groups, long deprecated, included. */
  skip(groups = 0): void {
    switch (this.wire) {
      case WIRE.varint:
        this.varint64();
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
        throw this.#error(`wire type ${this.wire}`);
    }
  }

  #skipGroup(groups: number): void {
    if (groups > MAX_DEPTH) throw this.#error(`groups nested deeper than ${MAX_DEPTH}`);
    const opened = this.field;
    while (this.next()) {
      if (this.wire !== WIRE.groupEnd) this.skip(groups);
      else if (this.field === opened) return;
      else break;
    }
    throw this.#error(`group ${opened} is not closed`);
  }

  #byte(): number {
    if (this.at >= this.end) throw this.#error("the message ends inside a number");
    return this.bytes[this.at++]!;
  }

  #take(length: number): number {
    const from = this.at;
    if (length > this.end - from) throw this.#error(`${length} bytes announced, ${this.end - from} left`);
    this.at = from + length;
    return from;
  }

  #error(what: string): DecodeError {
    return new DecodeError(`byte ${this.at}`, what);
  }
}
