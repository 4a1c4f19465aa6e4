/**
 * Lines on their way out, as bytes. Documents are written into them key by key: an agent tells thousands of events a second, and text
 * that is made, joined and encoded for each costs three times as much.
 */
import type { UnixTime } from "../model/clock.ts";
import { toJson } from "../model/json.ts";

const QUOTE = 34, COMMA = 44, MINUS = 45, DOT = 46, ZERO = 48, COLON = 58, BACKSLASH = 92, LINE_FEED = 10;
const BRACE = { open: 123, close: 125 }, BRACKET = { open: 91, close: 93 };
const SECOND = 1e9;
/** More digits than this a double does not keep apart. */
const SURE = 1e15;
const MOST_INT32 = 0x7fffffff;
/** Fewer bytes than this are copied sooner one by one than by a call. */
const SHORT = 24;

const encoder = new TextEncoder();
const long = new BigInt64Array(1);
const halves = new Uint32Array(long.buffer);

type Members = Readonly<Record<string, unknown>>;

export class LineBuffer {
  #bytes: Uint8Array<ArrayBuffer>;
  #at = 0;
  #lines = 0;
  /** Something JSON cannot say was met. */
  #strange = false;

  /** It grows when it must. */
  constructor(bytes: number) {
    this.#bytes = new Uint8Array(bytes);
  }

  /** Good until the next line is added. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#at);
  }

  get length(): number {
    return this.#at;
  }

  get lines(): number {
    return this.#lines;
  }

  clear(): void {
    this.#at = this.#lines = 0;
  }

  /** Takes back the last line; `length` is what it was before. */
  shorten(length: number): void {
    this.#at = length;
    this.#lines--;
  }

  /** A line without its line feed. */
  text(line: string): void {
    this.#raw(line);
    this.endLine();
  }

  /** Plain data as one line of JSON, as toJson has it; with `before` and `after` around it. */
  json(value: unknown, before = "", after = ""): void {
    if (before !== "") this.#raw(before);
    const start = this.#at;
    this.#strange = false;
    this.#value(value);
    if (this.#strange) {
      this.#at = start;
      this.#raw(toJson(value));
    }
    if (after !== "") this.#raw(after);
    this.endLine();
  }

  /** What `bytesOf`, `value` and `member` have written is a line. */
  endLine(): void {
    this.#room(1);
    this.#bytes[this.#at++] = LINE_FEED;
    this.#lines++;
  }

  /** A part of a line, as it is. */
  bytesOf(part: Uint8Array): void {
    this.#room(part.length);
    if (part.length > SHORT) this.#bytes.set(part, this.#at);
    else for (let i = 0; i < part.length; i++) this.#bytes[this.#at + i] = part[i]!;
    this.#at += part.length;
  }

  /** Plain data as JSON, as a part of a line; what JSON cannot say becomes what toJson makes of it. */
  value(value: unknown): void {
    const start = this.#at;
    this.#strange = false;
    this.#value(value);
    if (!this.#strange) return;
    this.#at = start;
    this.#raw(toJson(value));
  }

  /** Nanoseconds since 1970, as a part of a line. */
  unixTime({ seconds, ns }: UnixTime): void {
    if (!(seconds >= 1)) return this.value(BigInt(Math.round(seconds)) * BigInt(SECOND) + BigInt(Math.round(ns)));
    this.#digits(seconds, 1);
    this.#digits(ns, 9);
  }

  /** A member of an object. Its name needs no escapes. */
  member(name: string, value: string | number, comma = true): void {
    this.#room(name.length + 4);
    if (comma) this.#bytes[this.#at++] = COMMA;
    this.#bytes[this.#at++] = QUOTE;
    this.#ascii(name);
    this.#bytes[this.#at++] = QUOTE;
    this.#bytes[this.#at++] = COLON;
    if (typeof value === "string") this.#string(value);
    else this.value(value);
  }

  #room(bytes: number): void {
    if (this.#bytes.length - this.#at >= bytes) return;
    const larger = new Uint8Array(2 * (this.#at + bytes));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  /** Any text, as UTF-8. */
  #raw(text: string): void {
    this.#room(3 * text.length);
    this.#at += encoder.encodeInto(text, this.#bytes.subarray(this.#at)).written;
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case "string":
        return this.#string(value);
      case "number":
        return this.#number(value);
      case "bigint":
        return this.#bigint(value);
      case "boolean":
        return this.#ascii(value ? "true" : "false");
      case "object":
        if (value === null) return this.#ascii("null");
        return Array.isArray(value) ? this.#list(value) : this.#record(value as Members);
      default:
        this.#strange = true;
    }
  }

  #record(record: Members): void {
    this.#byte(BRACE.open);
    let first = true;
    for (const key in record) {
      if (!first) this.#byte(COMMA);
      first = false;
      this.#string(key);
      this.#byte(COLON);
      this.#value(record[key]);
    }
    this.#byte(BRACE.close);
  }

  #list(list: readonly unknown[]): void {
    this.#byte(BRACKET.open);
    for (let i = 0; i < list.length; i++) {
      if (i > 0) this.#byte(COMMA);
      this.#value(list[i]);
    }
    this.#byte(BRACKET.close);
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = byte;
  }

  #string(text: string): void {
    this.#room(text.length + 2);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = QUOTE;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 32 || code > 126 || code === QUOTE || code === BACKSLASH) return this.#raw(JSON.stringify(text));
      bytes[at++] = code;
    }
    bytes[at++] = QUOTE;
    this.#at = at;
  }

  #ascii(text: string): void {
    this.#room(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#at++] = text.charCodeAt(i);
  }

  /** Up to six decimals, as durations in milliseconds have, without text on the way: such a number has one shortest form. */
  #number(value: number): void {
    if (value >= 0 && value < SURE && Number.isInteger(value)) return this.#digits(value, 1);
    if (!Number.isFinite(value)) {
      this.#strange = true;
      return;
    }
    const millionths = Math.round(Math.abs(value) * 1e6);
    if (millionths >= SURE || millionths / 1e6 !== Math.abs(value)) return this.#ascii(`${value}`);
    if (value < 0) this.#byte(MINUS);
    const whole = Math.floor(millionths / 1e6);
    let rest = (millionths - whole * 1e6) | 0; // of integers, a remainder is no call
    this.#digits(whole, 1);
    if (rest === 0) return;
    let decimals = 6;
    for (; rest % 10 === 0; rest = (rest / 10) | 0) decimals--;
    this.#byte(DOT);
    this.#digits(rest, decimals);
  }

  /** A whole number below 2^53, with zeros before it up to `least` digits. */
  #digits(value: number, least: number): void {
    let count = 1;
    for (let most = 10; value >= most; most *= 10) count++;
    if (count < least) count = least;
    this.#room(count);
    let [at, rest] = [this.#at += count, value];
    for (; rest > MOST_INT32; count--) {
      const tens = Math.floor(rest / 10);
      this.#bytes[--at] = ZERO + rest - 10 * tens;
      rest = tens;
    }
    for (let left = rest | 0; count > 0; count--) {
      const tens = (left / 10) | 0;
      this.#bytes[--at] = ZERO + left - 10 * tens;
      left = tens;
    }
  }

  /** Nanoseconds since 1970 as seconds and a rest: bigints divide slowly. */
  #bigint(value: bigint): void {
    if (value < 1_000_000_000n || value > 0x7fffffffffffffffn) return this.#ascii(`${value}`);
    long[0] = value;
    let seconds = Math.floor((halves[1]! * 2 ** 32 + halves[0]!) / SECOND); // a double: off by one at most
    let rest = (halves[0]! - Math.imul(seconds, SECOND)) | 0;
    if (rest < 0) [seconds, rest] = [seconds - 1, rest + SECOND];
    else if (rest >= SECOND) [seconds, rest] = [seconds + 1, rest - SECOND];
    this.#digits(seconds, 1);
    this.#digits(rest, 9);
  }
}
