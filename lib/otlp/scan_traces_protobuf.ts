/**
 * Goes over an ExportTraceServiceRequest in protobuf once, without making anything of it but the spans' identities. Hand-written and
 * plain, because every byte of ingest passes here. Field numbers: opentelemetry-proto v1 (trace, common, resource).
 */
import { type ScannedTraces, SpanIds } from "./span_ids.ts";

/** Values nested deeper, and records with more attributes, are for the decoder. */
const MOST_DEPTH = 16;
const MOST_KEYS = 48;

/** Thrown inside, never outside: something that only the decoder can judge. */
const UNUSUAL = new Error("unusual");

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Null: the decoder has to look at it. */
export function scanTracesProtobuf(body: Uint8Array): ScannedTraces | null {
  const scan = new Scan(body);
  try {
    scan.request();
  } catch (error) {
    // Text that is not UTF-8 is a TypeError of the decoder of text.
    if (error !== UNUSUAL && !(error instanceof TypeError)) throw error;
    return null;
  }
  const { spans } = scan.ids;
  return spans === 0 ? null : { spans, ids: scan.ids.copy(), oldestMs: scan.oldestMs, newestMs: scan.newestMs };
}

/** Used again from one request to the next. */
const ids = new SpanIds();
/** Hashes of the keys of the attribute lists that are open, one list behind the other. */
const keys = new Int32Array(MOST_KEYS * (MOST_DEPTH + 4));

/** Of nanoseconds in two words, rounded down; exact, as no step leaves the whole numbers that a double can hold. */
function millis(high: number, low: number): number {
  return high * 4294 + Math.floor((high * 967_296 + low) / 1e6);
}

class Scan {
  newestMs = 0;
  oldestMs = Infinity;
  readonly ids = ids;
  #at = 0;
  #keys = 0;
  #depth = 0;

  constructor(readonly bytes: Uint8Array) {
    ids.clear();
  }

  request(): void {
    const end = this.bytes.length;
    while (this.#at < end) {
      if (this.bytes[this.#at++] !== 0x0a) throw UNUSUAL;
      this.#resourceSpans(this.#end(end));
    }
  }

  #resourceSpans(end: number): void {
    while (this.#at < end) {
      switch (this.bytes[this.#at++]) {
        case 0x0a: // resource
          this.#attributes(this.#end(end), 0x0a, 0x10);
          break;
        case 0x12:
          this.#scopeSpans(this.#end(end));
          break;
        case 0x1a: // schema_url
          this.#text(this.#end(end));
          break;
        default:
          throw UNUSUAL;
      }
    }
  }

  #scopeSpans(end: number): void {
    while (this.#at < end) {
      switch (this.bytes[this.#at++]) {
        case 0x0a:
          this.#scope(this.#end(end));
          break;
        case 0x12:
          this.#span(this.#end(end));
          break;
        case 0x1a: // schema_url
          this.#text(this.#end(end));
          break;
        default:
          throw UNUSUAL;
      }
    }
  }

  #scope(end: number): void {
    const first = this.#keys;
    while (this.#at < end) {
      switch (this.bytes[this.#at++]) {
        case 0x0a: // name
        case 0x12: // version
          this.#text(this.#end(end));
          break;
        case 0x1a:
          this.#keyValue(this.#end(end), first);
          break;
        case 0x20: // dropped_attributes_count
          this.#varint(end);
          break;
        default:
          throw UNUSUAL;
      }
    }
    this.#keys = first;
  }

  #span(end: number): void {
    const { bytes } = this;
    const first = this.#keys;
    const id = ids.next();
    const { words } = ids;
    words[id] =
      words[id + 1] =
      words[id + 2] =
      words[id + 3] =
      words[id + 4] =
      words[id + 5] =
        0;
    let [startLow, startHigh, endLow, endHigh, named] = [0, 0, 0, 0, false];
    while (this.#at < end) {
      switch (bytes[this.#at++]) {
        case 0x0a: { // trace_id
          const at = this.#exactly(16, end);
          for (let i = 0; i < 4; i++) words[id + i] = this.#word(at + 4 * i);
          break;
        }
        case 0x12: { // span_id
          const at = this.#exactly(8, end);
          words[id + 4] = this.#word(at);
          words[id + 5] = this.#word(at + 4);
          break;
        }
        case 0x22: { // parent_span_id
          const last = this.#end(end);
          if (last !== this.#at && last !== this.#at + 8) throw UNUSUAL;
          this.#at = last;
          break;
        }
        case 0x2a: { // name
          const last = this.#end(end);
          named = last > this.#at;
          this.#text(last);
          break;
        }
        case 0x1a: // trace_state
          this.#text(this.#end(end));
          break;
        case 0x30: // kind
        case 0x50: // dropped_attributes_count
        case 0x60: // dropped_events_count
        case 0x70: // dropped_links_count
          this.#varint(end);
          break;
        case 0x39: { // start_time_unix_nano
          const at = this.#take(8, end);
          [startHigh, startLow] = [this.#wordLow(at + 4), this.#wordLow(at)];
          break;
        }
        case 0x41: { // end_time_unix_nano
          const at = this.#take(8, end);
          [endHigh, endLow] = [this.#wordLow(at + 4), this.#wordLow(at)];
          break;
        }
        case 0x4a:
          this.#keyValue(this.#end(end), first);
          break;
        case 0x5a:
          this.#event(this.#end(end));
          break;
        case 0x6a:
          this.#link(this.#end(end));
          break;
        case 0x7a:
          this.#status(this.#end(end));
          break;
        case 0x85: // flags
          if (bytes[this.#at++] !== 1) throw UNUSUAL;
          this.#take(4, end);
          break;
        default:
          throw UNUSUAL;
      }
    }
    this.#keys = first;
    const unknown = (words[id]! | words[id + 1]! | words[id + 2]! | words[id + 3]!) === 0 ||
      (words[id + 4]! | words[id + 5]!) === 0;
    if (unknown || !named || endHigh < startHigh || endHigh === startHigh && endLow < startLow) throw UNUSUAL;
    this.newestMs = Math.max(this.newestMs, millis(endHigh, endLow));
    this.oldestMs = Math.min(this.oldestMs, millis(startHigh, startLow));
  }

  #event(end: number): void {
    const first = this.#keys;
    while (this.#at < end) {
      switch (this.bytes[this.#at++]) {
        case 0x09: // time_unix_nano
          this.#take(8, end);
          break;
        case 0x12: // name
          this.#text(this.#end(end));
          break;
        case 0x1a:
          this.#keyValue(this.#end(end), first);
          break;
        case 0x20: // dropped_attributes_count
          this.#varint(end);
          break;
        default:
          throw UNUSUAL;
      }
    }
    this.#keys = first;
  }

  #link(end: number): void {
    const first = this.#keys;
    while (this.#at < end) {
      switch (this.bytes[this.#at++]) {
        case 0x0a: // trace_id
        case 0x12: // span_id
          this.#at = this.#end(end);
          break;
        case 0x1a: // trace_state
          this.#text(this.#end(end));
          break;
        case 0x22:
          this.#keyValue(this.#end(end), first);
          break;
        case 0x28: // dropped_attributes_count
          this.#varint(end);
          break;
        case 0x35: // flags
          this.#take(4, end);
          break;
        default:
          throw UNUSUAL;
      }
    }
    this.#keys = first;
  }

  #status(end: number): void {
    while (this.#at < end) {
      switch (this.bytes[this.#at++]) {
        case 0x12: // message
          this.#text(this.#end(end));
          break;
        case 0x18: // code
          this.#varint(end);
          break;
        default:
          throw UNUSUAL;
      }
    }
  }

  /** A message of key-values and perhaps one number. @param number its tag, 0 for none */
  #attributes(end: number, tag: number, number: number): void {
    const first = this.#keys;
    while (this.#at < end) {
      const byte = this.bytes[this.#at++]!;
      if (byte === tag) this.#keyValue(this.#end(end), first);
      else if (byte === number && number !== 0) this.#varint(end);
      else throw UNUSUAL;
    }
    this.#keys = first;
  }

  /** @param first where the keys of its list begin: a key that comes twice is for the decoder */
  #keyValue(end: number, first: number): void {
    let hash = 0;
    while (this.#at < end) {
      const tag = this.bytes[this.#at++];
      if (tag === 0x0a) hash = this.#text(this.#end(end));
      else if (tag === 0x12) this.#anyValue(this.#end(end));
      else throw UNUSUAL;
    }
    if (this.#keys - first >= MOST_KEYS) throw UNUSUAL;
    for (let i = first; i < this.#keys; i++) if (keys[i] === hash) throw UNUSUAL;
    keys[this.#keys++] = hash;
  }

  #anyValue(end: number): void {
    if (++this.#depth > MOST_DEPTH) throw UNUSUAL;
    while (this.#at < end) {
      switch (this.bytes[this.#at++]) {
        case 0x0a: // string_value
          this.#text(this.#end(end));
          break;
        case 0x10: // bool_value
        case 0x18: // int_value
          this.#varint(end);
          break;
        case 0x21: // double_value
          this.#take(8, end);
          break;
        case 0x2a: { // array_value
          const last = this.#end(end);
          while (this.#at < last) {
            if (this.bytes[this.#at++] !== 0x0a) throw UNUSUAL;
            this.#anyValue(this.#end(last));
          }
          break;
        }
        case 0x32: // kvlist_value
          this.#attributes(this.#end(end), 0x0a, 0);
          break;
        case 0x3a: // bytes_value
          this.#at = this.#end(end);
          break;
        default:
          throw UNUSUAL;
      }
    }
    this.#depth--;
  }

  /** Steps over text up to `end`; returns a hash of it. */
  #text(end: number): number {
    const { bytes } = this;
    const from = this.#at;
    let hash = end - from;
    let seen = 0;
    for (let i = from; i < end; i++) {
      const byte = bytes[i]!;
      seen |= byte;
      hash = Math.imul(hash, 31) + byte | 0;
    }
    if (seen >= 0x80) utf8.decode(bytes.subarray(from, end));
    this.#at = end;
    return hash;
  }

  /** Reads a length; returns where what it announces ends. */
  #end(outer: number): number {
    let length = this.bytes[this.#at++]!;
    if (length >= 0x80) {
      length &= 0x7f;
      for (let shift = 7;; shift += 7) {
        if (shift > 21 || this.#at >= outer) throw UNUSUAL;
        const byte = this.bytes[this.#at++]!;
        length |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
    }
    const end = this.#at + length;
    // Not a number where the body ended before its length.
    if (!(end <= outer)) throw UNUSUAL;
    return end;
  }

  /** A length that must be this one; returns where the bytes begin. */
  #exactly(length: number, end: number): number {
    if (this.bytes[this.#at++] !== length) throw UNUSUAL;
    return this.#take(length, end);
  }

  #take(length: number, end: number): number {
    const from = this.#at;
    this.#at += length;
    if (this.#at > end) throw UNUSUAL;
    return from;
  }

  #varint(end: number): void {
    for (let i = 0; i < 10; i++) {
      if (this.#at >= end) throw UNUSUAL;
      if (this.bytes[this.#at++]! < 0x80) return;
    }
    throw UNUSUAL;
  }

  /** Big-endian. */
  #word(at: number): number {
    const { bytes } = this;
    return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0;
  }

  /** Little-endian. */
  #wordLow(at: number): number {
    const { bytes } = this;
    return (bytes[at + 3]! << 24 | bytes[at + 2]! << 16 | bytes[at + 1]! << 8 | bytes[at]!) >>> 0;
  }
}
