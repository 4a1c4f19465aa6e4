/**
 * Goes over an ExportTraceServiceRequest in JSON once, byte by byte, without making anything of it but the spans' identities. It knows
 * the members that OpenTelemetry's SDKs write, each once in its object; whatever else JSON allows is for the decoder.
 */
import { type ScannedTraces, SpanIds } from "./span_ids.ts";
import { HEX, SpanShapes, VALUE, type ValueKind } from "./span_shapes.ts";

/** Values nested deeper, and records with more attributes, are for the decoder. */
const MOST_DEPTH = 16;
const MOST_KEYS = 48;

/** Thrown inside, never outside: something that only the decoder can judge. */
const UNUSUAL = new Error("unusual");

const utf8 = new TextDecoder("utf-8", { fatal: true });
const names = (...list: string[]) => list.map((name) => new TextEncoder().encode(name));

const REQUEST = names("resourceSpans");
const RESOURCE_SPANS = names("resource", "scopeSpans", "schemaUrl");
const RESOURCE = names("attributes", "droppedAttributesCount");
const SCOPE_SPANS = names("scope", "spans", "schemaUrl");
const SCOPE = names("name", "version", "attributes", "droppedAttributesCount");
const SPAN = names(
  ...["traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano", "attributes"],
  ...["droppedAttributesCount", "events", "droppedEventsCount", "links", "droppedLinksCount", "status", "flags"],
  "traceState",
);
const EVENT = names("timeUnixNano", "name", "attributes", "droppedAttributesCount");
const LINK = names("traceId", "spanId", "traceState", "attributes", "droppedAttributesCount", "flags");
const STATUS = names("code", "message");
const KEY_VALUE = names("key", "value");
const ANY_VALUE = names("stringValue", "intValue", "boolValue", "doubleValue", "arrayValue", "kvlistValue");
const VALUES = names("values");

const [QUOTE, BACKSLASH, COMMA, COLON, OPEN, CLOSE, LIST, END] = [0x22, 0x5c, 0x2c, 0x3a, 0x7b, 0x7d, 0x5b, 0x5d];
const [MINUS, ZERO, NINE] = [0x2d, 0x30, 0x39];

/** Null: the decoder has to look at it. */
export function scanTracesJson(body: Uint8Array): ScannedTraces | null {
  const scan = new Scan(body);
  try {
    scan.request();
    if (scan.seen >= 0x80) utf8.decode(body);
  } catch (error) {
    // Text that is not UTF-8 is a TypeError of the decoder of text.
    if (error !== UNUSUAL && !(error instanceof TypeError)) throw error;
    return null;
  }
  const { spans } = ids;
  return spans === 0 ? null : { spans, ids: ids.copy(), oldestMs: scan.oldestMs, newestMs: scan.newestMs };
}

/** Used again from one request to the next. */
const ids = new SpanIds();
const shapes = new SpanShapes();
/** Hashes of the keys of the attribute lists that are open, one list behind the other. */
const keys = new Int32Array(MOST_KEYS * (MOST_DEPTH + 4));

class Scan {
  newestMs = 0;
  oldestMs = Infinity;
  /** All bytes of texts, or-ed. */
  seen = 0;
  readonly #view: DataView;
  #at = 0;
  #keys = 0;
  #depth = 0;
  /** The text read last held an escape. */
  #escaped = false;
  /** The time read last: seconds, and nanoseconds of the second. */
  #seconds = 0;
  #nanos = 0;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    ids.clear();
    shapes.spoil();
  }

  request(): void {
    this.#space();
    for (let more = this.#open(), given = 0; more; more = this.#more()) {
      const key = this.#key(REQUEST, 0);
      given = once(given, key);
      this.#list(this.#resourceSpans);
    }
    this.#space();
    if (this.#at !== this.bytes.length) throw UNUSUAL;
  }

  readonly #resourceSpans = () => {
    for (let more = this.#open(), given = 0, hint = 0; more; more = this.#more()) {
      const key = this.#key(RESOURCE_SPANS, hint);
      given = once(given, key);
      hint = key + 1;
      if (key === 0) this.#resource();
      else if (key === 1) this.#list(this.#scopeSpans);
      else this.#text();
    }
  };

  #resource(): void {
    for (let more = this.#open(), given = 0; more; more = this.#more()) {
      const key = this.#key(RESOURCE, 0);
      given = once(given, key);
      if (key === 0) this.#attributes();
      else this.#count();
    }
  }

  readonly #scopeSpans = () => {
    for (let more = this.#open(), given = 0, hint = 0; more; more = this.#more()) {
      const key = this.#key(SCOPE_SPANS, hint);
      given = once(given, key);
      hint = key + 1;
      if (key === 0) this.#scope();
      else if (key === 1) this.#list(this.#span);
      else this.#text();
    }
  };

  #scope(): void {
    for (let more = this.#open(), given = 0, hint = 0; more; more = this.#more()) {
      const key = this.#key(SCOPE, hint);
      given = once(given, key);
      hint = key + 1;
      if (key < 2) this.#text();
      else if (key === 2) this.#attributes();
      else this.#count();
    }
  }

  readonly #span = () => {
    const id = ids.next();
    const { words } = ids;
    const end = shapes.fit(this.bytes, this.#view, this.#at, words, id);
    if (end >= 0) {
      const { startS, startNs, endS, endNs, seen } = shapes.found;
      this.#at = end;
      this.seen |= seen;
      return this.#spanIs(id, startS, startNs, endS, endNs);
    }
    words.fill(0, id, id + 6);
    shapes.begin(this.#at);
    let [startS, startNs, endS, endNs, named] = [0, 0, 0, 0, false];
    for (let more = this.#open(), given = 0, hint = 0; more; more = this.#more()) {
      const key = this.#key(SPAN, hint);
      given = once(given, key);
      hint = key + 1;
      switch (key) {
        case 0:
          this.#id(words, id, 4, VALUE.traceId);
          break;
        case 1:
          this.#id(words, id + 4, 2, VALUE.spanId);
          break;
        case 2: {
          const length = this.#hex(VALUE.parentSpanId);
          if (length !== 0 && length !== 16) throw UNUSUAL;
          break;
        }
        case 3: {
          const from = this.#at;
          this.#text(VALUE.name);
          named = this.#at > from + 2;
          break;
        }
        case 5:
          this.#time(VALUE.start);
          [startS, startNs] = [this.#seconds, this.#nanos];
          break;
        case 6:
          this.#time(VALUE.end);
          [endS, endNs] = [this.#seconds, this.#nanos];
          break;
        case 7:
          this.#attributes();
          break;
        case 9:
          this.#list(this.#event);
          break;
        case 11:
          this.#list(this.#link);
          break;
        case 13:
          this.#status();
          break;
        case 15:
          this.#text(VALUE.text);
          break;
        default: // kind, flags, and what was dropped
          this.#count();
      }
    }
    if (!named) throw UNUSUAL;
    this.#spanIs(id, startS, startNs, endS, endNs);
    shapes.end(this.bytes, this.#at);
  };

  #spanIs(id: number, startS: number, startNs: number, endS: number, endNs: number): void {
    const { words } = ids;
    const unknown = (words[id]! | words[id + 1]! | words[id + 2]! | words[id + 3]!) === 0 ||
      (words[id + 4]! | words[id + 5]!) === 0;
    if (unknown || endS < startS || endS === startS && endNs < startNs) throw UNUSUAL;
    this.newestMs = Math.max(this.newestMs, endS * 1000 + Math.floor(endNs / 1e6));
    this.oldestMs = Math.min(this.oldestMs, startS * 1000 + Math.floor(startNs / 1e6));
  }

  readonly #event = () => {
    for (let more = this.#open(), given = 0, hint = 0; more; more = this.#more()) {
      const key = this.#key(EVENT, hint);
      given = once(given, key);
      hint = key + 1;
      if (key === 0) this.#time(VALUE.time);
      else if (key === 1) this.#text(VALUE.text);
      else if (key === 2) this.#attributes();
      else this.#count();
    }
  };

  readonly #link = () => {
    for (let more = this.#open(), given = 0, hint = 0; more; more = this.#more()) {
      const key = this.#key(LINK, hint);
      given = once(given, key);
      hint = key + 1;
      if (key < 2) this.#hex(VALUE.hex);
      else if (key === 2) this.#text(VALUE.text);
      else if (key === 3) this.#attributes();
      else this.#count();
    }
  };

  #status(): void {
    for (let more = this.#open(), given = 0; more; more = this.#more()) {
      const key = this.#key(STATUS, 0);
      given = once(given, key);
      if (key === 0) this.#count();
      else this.#text(VALUE.text);
    }
  }

  #attributes(): void {
    const first = this.#keys;
    this.#list(() => this.#keyValue(first));
    this.#keys = first;
  }

  /** @param first where the keys of its list begin: a key that comes twice is for the decoder */
  #keyValue(first: number): void {
    let hash = 0;
    for (let more = this.#open(), given = 0; more; more = this.#more()) {
      const key = this.#key(KEY_VALUE, given & 1);
      given = once(given, key);
      if (key === 0) {
        hash = this.#text();
        if (this.#escaped) throw UNUSUAL;
      } else this.#anyValue();
    }
    if (this.#keys - first >= MOST_KEYS) throw UNUSUAL;
    for (let i = first; i < this.#keys; i++) if (keys[i] === hash) throw UNUSUAL;
    keys[this.#keys++] = hash;
  }

  readonly #anyValue = () => {
    if (++this.#depth > MOST_DEPTH) throw UNUSUAL;
    if (this.#open()) {
      switch (this.#key(ANY_VALUE, 0)) {
        case 0:
          this.#text(VALUE.text);
          break;
        case 1:
          this.#integer();
          break;
        case 2:
          this.#boolean();
          break;
        case 3:
          this.#number();
          break;
        case 4:
          this.#values(() => this.#list(this.#anyValue));
          break;
        default:
          this.#values(() => this.#attributes());
      }
      if (this.#more()) throw UNUSUAL;
    }
    this.#depth--;
  };

  /** An object with one list. */
  #values(read: () => void): void {
    if (!this.#open()) return;
    this.#key(VALUES, 0);
    read();
    if (this.#more()) throw UNUSUAL;
  }

  #list(read: () => void): void {
    const { bytes } = this;
    if (bytes[this.#at++] !== LIST) throw UNUSUAL;
    this.#space();
    if (bytes[this.#at] === END) {
      this.#at++;
      return;
    }
    for (;;) {
      read();
      this.#space();
      const byte = bytes[this.#at++];
      if (byte === END) return;
      if (byte !== COMMA) throw UNUSUAL;
      this.#space();
    }
  }

  /** Begins an object; false: it is empty, and over. */
  #open(): boolean {
    const { bytes } = this;
    if (bytes[this.#at++] !== OPEN) throw UNUSUAL;
    this.#space();
    if (bytes[this.#at] !== CLOSE) return true;
    this.#at++;
    return false;
  }

  /** Behind a member: whether another follows. */
  #more(): boolean {
    this.#space();
    const byte = this.bytes[this.#at++];
    if (byte === CLOSE) return false;
    if (byte !== COMMA) throw UNUSUAL;
    this.#space();
    return true;
  }

  /** Number of the member's name among `known`; looks at number `hint` first. Stands at the value then. */
  #key(known: readonly Uint8Array[], hint: number): number {
    const { bytes } = this;
    if (bytes[this.#at] !== QUOTE) throw UNUSUAL;
    const from = this.#at + 1;
    for (let i = 0, number = hint; i < known.length; i++, number++) {
      if (number >= known.length) number = 0;
      const name = known[number]!;
      const end = from + name.length;
      if (bytes[end] !== QUOTE || !isThere(bytes, from, name)) continue;
      this.#at = end + 1;
      this.#space();
      if (bytes[this.#at++] !== COLON) throw UNUSUAL;
      this.#space();
      return number;
    }
    throw UNUSUAL;
  }

  #space(): void {
    const { bytes } = this;
    let at = this.#at;
    // There is none between most tokens.
    for (let byte; (byte = bytes[at]!) <= 0x20; at++) {
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) throw UNUSUAL;
    }
    this.#at = at;
  }

  /** Steps over text; returns a hash of it. @param kind none: the text may not be another */
  #text(kind?: ValueKind): number {
    const { bytes } = this;
    let at = this.#at;
    if (bytes[at++] !== QUOTE) throw UNUSUAL;
    const from = at;
    this.#escaped = false;
    let hash = 0;
    let seen = 0;
    for (;;) {
      const byte = bytes[at++]!;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        this.#escaped = true;
        at = this.#escape(at);
        continue;
      }
      // Neither a control character nor behind the end.
      if (!(byte >= 0x20)) throw UNUSUAL;
      seen |= byte;
      hash = Math.imul(hash, 31) + byte | 0;
    }
    this.seen |= seen;
    this.#at = at;
    if (kind !== undefined) shapes.value(bytes, kind, from, at - 1);
    return hash;
  }

  /** @param at behind the backslash */
  #escape(at: number): number {
    switch (this.bytes[at]) {
      case QUOTE:
      case BACKSLASH:
      case 0x2f: // /
      case 0x62: // b
      case 0x66: // f
      case 0x6e: // n
      case 0x72: // r
      case 0x74: // t
        return at + 1;
      case 0x75: // u
        for (let i = 1; i <= 4; i++) if (HEX[this.bytes[at + i]!] === 255 || at + i >= this.bytes.length) throw UNUSUAL;
        return at + 5;
      default:
        throw UNUSUAL;
    }
  }

  /** So many words of hex digits in quotes. */
  #id(words: Uint32Array, into: number, count: number, kind: ValueKind): void {
    const { bytes } = this;
    if (bytes[this.#at++] !== QUOTE) throw UNUSUAL;
    for (let i = 0; i < count; i++) {
      let word = 0;
      for (let digits = 0; digits < 8; digits++) {
        const digit = HEX[bytes[this.#at++]!];
        // Undefined behind the end, and 255 where it is no digit.
        if (!(digit! < 16)) throw UNUSUAL;
        word = word << 4 | digit!;
      }
      words[into + i] = word;
    }
    if (bytes[this.#at++] !== QUOTE) throw UNUSUAL;
    shapes.value(bytes, kind, this.#at - 1 - 8 * count, this.#at - 1);
  }

  /** Steps over hex digits in quotes; how many. */
  #hex(kind: ValueKind): number {
    const { bytes } = this;
    if (bytes[this.#at++] !== QUOTE) throw UNUSUAL;
    const from = this.#at;
    while (HEX[bytes[this.#at]!]! < 16) this.#at++;
    if (bytes[this.#at++] !== QUOTE) throw UNUSUAL;
    shapes.value(bytes, kind, from, this.#at - 1);
    return this.#at - 1 - from;
  }

  /** A whole number that is not negative, of nine digits at most: an enum or a count. */
  #count(): void {
    const from = this.#at;
    const digits = this.#digits();
    if (digits < 1 || digits > 9 || digits > 1 && this.bytes[from] === ZERO) throw UNUSUAL;
    shapes.value(this.bytes, VALUE.count, from, this.#at);
  }

  /** Nanoseconds, in quotes or not. */
  #time(kind: ValueKind): void {
    const { bytes } = this;
    const quoted = bytes[this.#at] === QUOTE;
    if (quoted) this.#at++;
    const from = this.#at;
    const digits = this.#digits();
    if (digits < 1 || digits > 19 || !quoted && digits > 1 && bytes[from] === ZERO) throw UNUSUAL;
    let [seconds, nanos] = [0, 0];
    const split = this.#at - 9;
    for (let i = from; i < split; i++) seconds = seconds * 10 + bytes[i]! - ZERO;
    for (let i = Math.max(from, split); i < this.#at; i++) nanos = nanos * 10 + bytes[i]! - ZERO;
    [this.#seconds, this.#nanos] = [seconds, nanos];
    if (quoted) shapes.value(bytes, kind, from, this.#at);
    else shapes.spoil();
    if (quoted && bytes[this.#at++] !== QUOTE) throw UNUSUAL;
  }

  /** A 64-bit integer, in quotes or not; the longest are for the decoder. */
  #integer(): void {
    const { bytes } = this;
    const quoted = bytes[this.#at] === QUOTE;
    if (quoted) this.#at++;
    const sign = this.#at;
    if (bytes[sign] === MINUS) this.#at++;
    const from = this.#at;
    const digits = this.#digits();
    if (digits < 1 || digits > 18 || !quoted && digits > 1 && bytes[from] === ZERO) throw UNUSUAL;
    shapes.value(bytes, VALUE.integer, sign, this.#at);
    if (quoted && bytes[this.#at++] !== QUOTE) throw UNUSUAL;
  }

  #number(): void {
    const { bytes } = this;
    const sign = this.#at;
    if (bytes[sign] === MINUS) this.#at++;
    const from = this.#at;
    const digits = this.#digits();
    if (digits < 1 || digits > 1 && bytes[from] === ZERO) throw UNUSUAL;
    if (bytes[this.#at] === 0x2e) {
      this.#at++;
      if (this.#digits() < 1) throw UNUSUAL;
    }
    if (bytes[this.#at] === 0x65 || bytes[this.#at] === 0x45) {
      this.#at++;
      if (bytes[this.#at] === 0x2b || bytes[this.#at] === MINUS) this.#at++;
      if (this.#digits() < 1) throw UNUSUAL;
    }
    shapes.value(bytes, VALUE.number, sign, this.#at);
  }

  #boolean(): void {
    const { bytes } = this;
    const from = this.#at;
    const word = bytes[this.#at] === 0x74 ? TRUE : FALSE;
    for (const byte of word) if (bytes[this.#at++] !== byte) throw UNUSUAL;
    shapes.value(bytes, VALUE.boolean, from, this.#at);
  }

  /** Steps over digits; how many. */
  #digits(): number {
    const from = this.#at;
    while (this.bytes[this.#at]! >= ZERO && this.bytes[this.#at]! <= NINE) this.#at++;
    return this.#at - from;
  }
}

const [TRUE, FALSE] = names("true", "false") as [Uint8Array, Uint8Array];

function isThere(bytes: Uint8Array, from: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[from + i] !== name[i]) return false;
  return true;
}

/** The members given so far, one more. */
function once(given: number, key: number): number {
  if (given >>> key & 1) throw UNUSUAL;
  return given | 1 << key;
}
