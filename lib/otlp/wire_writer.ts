/** Protocol Buffers wire format, writing side. Callers leave out members at their default, as proto3 wants. */
import { WIRE } from "./wire_reader.ts";

const utf8 = new TextEncoder();

export class WireWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  /** The message so far, as a copy. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** Negative numbers travel as 64-bit two's complement. */
  varint(field: number, value: number | bigint): void {
    this.#tag(field, WIRE.varint);
    this.#varint(BigInt.asUintN(64, BigInt(value)));
  }

  fixed64(field: number, value: bigint): void {
    this.#tag(field, WIRE.fixed64);
    const at = this.#room(8);
    new DataView(this.#bytes.buffer).setBigUint64(at, value, true);
  }

  double(field: number, value: number): void {
    this.#tag(field, WIRE.fixed64);
    const at = this.#room(8);
    new DataView(this.#bytes.buffer).setFloat64(at, value, true);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#tag(field, WIRE.bytes);
    this.#varint(BigInt(value.length));
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
  }

  string(field: number, value: string): void {
    this.bytes(field, utf8.encode(value));
  }

  /** An embedded message, written by `fill`. */
  message(field: number, fill: (inner: WireWriter) => void): void {
    const inner = new WireWriter();
    fill(inner);
    this.bytes(field, inner.#bytes.subarray(0, inner.#length));
  }

  #tag(field: number, wire: number): void {
    this.#varint(BigInt(field * 8 + wire));
  }

  #varint(value: bigint): void {
    let rest = value;
    while (rest >= 0x80n) {
      this.#byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#byte(Number(rest));
  }

  #byte(value: number): void {
    // Room first: it may move the bytes.
    const at = this.#room(1);
    this.#bytes[at] = value;
  }

  /** Makes room for `count` bytes and returns where they go. */
  #room(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    return at;
  }
}
