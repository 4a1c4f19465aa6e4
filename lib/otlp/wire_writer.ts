/** Protocol Buffers wire format, writing side. Callers leave out members at their default, as proto3 wants. */
import { WIRE } from "./wire_reader.ts";

const utf8 = new TextEncoder();

export class WireWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** The message so far, as a copy. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** Negative numbers travel as 64-bit two's complement. */
  varint(field: number, value: number | bigint): void {
    this.#tag(field, WIRE.varint);
    if (typeof value === "number" && value >= 0) this.#varint(value);
    else this.#wide(BigInt.asUintN(64, BigInt(value)));
  }

  fixed32(field: number, value: number): void {
    this.#tag(field, WIRE.fixed32);
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
  }

  fixed64(field: number, value: bigint): void {
    this.#tag(field, WIRE.fixed64);
    const at = this.#room(8);
    this.#view.setBigUint64(at, value, true);
  }

  double(field: number, value: number): void {
    this.#tag(field, WIRE.fixed64);
    const at = this.#room(8);
    this.#view.setFloat64(at, value, true);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#tag(field, WIRE.bytes);
    this.#varint(value.length);
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
  }

  /** A bytes field given in hex. */
  hex(field: number, value: string): void {
    this.bytes(field, Uint8Array.fromHex(value));
  }

  string(field: number, value: string): void {
    const length = value.length;
    if (length > 127) return this.bytes(field, utf8.encode(value));
    this.#tag(field, WIRE.bytes);
    const at = this.#room(length + 1);
    this.#bytes[at] = length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) {
        this.#length = at;
        const encoded = utf8.encode(value);
        this.#varint(encoded.length);
        const from = this.#room(encoded.length);
        this.#bytes.set(encoded, from);
        return;
      }
      this.#bytes[at + 1 + i] = code;
    }
  }

  /** An embedded message: what `fill` writes to this same writer. */
  message(field: number, fill: () => void): void {
    this.#tag(field, WIRE.bytes);
    const start = this.#room(1);
    fill();
    const length = this.#length - start - 1;
    // One byte was left for the length; a longer message has to move.
    const extra = length < 0x80 ? 0 : varintBytes(length) - 1;
    if (extra > 0) {
      this.#room(extra);
      this.#bytes.copyWithin(start + 1 + extra, start + 1, start + 1 + length);
    }
    const end = this.#length;
    this.#length = start;
    this.#varint(length);
    this.#length = end;
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#byte(rest % 0x80 | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#byte(rest);
  }

  #wide(value: bigint): void {
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
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}
