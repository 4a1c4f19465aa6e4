/**
 * Spans in JSON look alike: names of members, keys of attributes and all punctuation come again, only values differ. What lay between the
 * values of a span that was gone over byte by byte is kept, and the next one is held against it: whatever fits is as good as that was.
 */

/** What a value between two quotes, or behind a colon, may be; anything else does not fit, and is gone over as if nothing were kept. */
export const VALUE = {
  traceId: 0,
  spanId: 1,
  /** None, or 16 hex digits. */
  parentSpanId: 2,
  /** One byte at least. */
  name: 3,
  /** Nanoseconds, in quotes. */
  start: 4,
  end: 5,
  time: 6,
  text: 7,
  hex: 8,
  /** Nine digits at most. */
  count: 9,
  /** 18 digits at most. */
  integer: 10,
  boolean: 11,
  /** Without an exponent. */
  number: 12,
} as const;
export type ValueKind = typeof VALUE[keyof typeof VALUE];

/** Kept, and of what kept: a span with more is none that comes often. */
const SHAPES = 8;
const MOST_VALUES = 96;
const MOST_BYTES = 4096;

const [QUOTE, BACKSLASH, MINUS, POINT, ZERO, NINE] = [0x22, 0x5c, 0x2d, 0x2e, 0x30, 0x39];
const [TRUE, FALSE] = ["true", "false"].map((word) => new TextEncoder().encode(word)) as [Uint8Array, Uint8Array];

/** Value of a hex digit by its byte; 255 where it is none. */
export const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? 255 : digit;
});

interface Shape {
  /** All that is not a value, one part behind the other. */
  readonly fixed: Uint8Array;
  /** Of `fixed`: four bytes are compared at a time. */
  readonly view: DataView;
  /** Of each value: where the part before it ends in `fixed`, and its kind. */
  readonly values: Uint16Array;
  /** All bytes of `fixed`, or-ed. */
  readonly seen: number;
  /** Number of the shape that came behind this one last. */
  next: number;
}

/** What was found in a span that fits; used again from one to the next. */
export interface Found {
  startS: number;
  startNs: number;
  endS: number;
  endNs: number;
  /** All bytes of texts, or-ed. */
  seen: number;
}

export class SpanShapes {
  readonly found: Found = { startS: 0, startNs: 0, endS: 0, endNs: 0, seen: 0 };
  readonly #shapes: Shape[] = [];
  #replaced = 0;
  /** Of the span before. */
  #last = -1;
  #isKeeping = false;
  readonly #fixed = new Uint8Array(MOST_BYTES);
  readonly #values = new Uint16Array(2 * MOST_VALUES);
  #bytes = 0;
  #count = 0;
  /** Where the part between values that is under way begins. */
  #from = 0;

  /**
   * Where a span that begins at `at` ends, with its ids in `words`; -1: it does not look like the one that is expected.
   *
   * @param view of `bytes`
   */
  fit(bytes: Uint8Array, view: DataView, at: number, words: Uint32Array, id: number): number {
    const last = this.#shapes[this.#last];
    if (last === undefined) return -1;
    const end = fit(this.#shapes[last.next]!, bytes, view, at, words, id, this.found);
    if (end >= 0) this.#last = last.next;
    return end;
  }

  /** A span is about to be gone over that begins at `at`. */
  begin(at: number): void {
    this.#isKeeping = true;
    [this.#bytes, this.#count, this.#from] = [0, 0, at];
  }

  /** A value of it lies there, if one is gone over. */
  value(bytes: Uint8Array, kind: ValueKind, from: number, to: number): void {
    if (!this.#isKeeping) return;
    if (!this.#keep(bytes, from) || this.#count === MOST_VALUES) return this.spoil();
    this.#values[2 * this.#count] = this.#bytes;
    this.#values[2 * this.#count++ + 1] = kind;
    this.#from = to;
  }

  /** Something in it is like nothing that could be held against another. */
  spoil(): void {
    this.#isKeeping = false;
  }

  /** It is over, and is as it should be. */
  end(bytes: Uint8Array, at: number): void {
    if (!this.#keep(bytes, at)) return;
    this.#isKeeping = false;
    const fixed = this.#fixed.subarray(0, this.#bytes);
    const values = this.#values.subarray(0, 2 * this.#count);
    let known = this.#shapes.findIndex((shape) => same(shape.fixed, fixed) && same(shape.values, values));
    if (known < 0) {
      known = this.#shapes.length < SHAPES ? this.#shapes.length : this.#replaced++ % SHAPES;
      const seen = fixed.reduce((all, byte) => all | byte, 0);
      const own = fixed.slice();
      this.#shapes[known] = { fixed: own, view: new DataView(own.buffer), values: values.slice(), seen, next: known };
    }
    const before = this.#shapes[this.#last];
    if (before !== undefined) before.next = known;
    this.#last = known;
  }

  #keep(bytes: Uint8Array, to: number): boolean {
    const length = to - this.#from;
    if (!this.#isKeeping || this.#bytes + length > MOST_BYTES) return this.#isKeeping = false;
    for (let i = 0; i < length; i++) this.#fixed[this.#bytes + i] = bytes[this.#from + i]!;
    this.#bytes += length;
    return true;
  }
}

function same(a: Uint8Array | Uint16Array, b: Uint8Array | Uint16Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Bytes are undefined behind the end, which fits nothing. */
function fit(
  { fixed, view: fixedView, values, seen }: Shape,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  words: Uint32Array,
  id: number,
  found: Found,
): number {
  found.startS =
    found.startNs =
    found.endS =
    found.endNs =
      0;
  let part = 0;
  for (let i = 0; i < values.length; i += 2) {
    const end = values[i]!;
    if (at + end - part > bytes.length) return -1;
    for (; part + 4 <= end; part += 4, at += 4) if (view.getUint32(at) !== fixedView.getUint32(part)) return -1;
    for (; part < end; part++, at++) if (bytes[at] !== fixed[part]) return -1;
    switch (values[i + 1]) {
      case VALUE.traceId:
        for (let word = id; word < id + 4; word++, at += 8) {
          const value = hexWord(bytes, at);
          if (value < 0) return -1;
          words[word] = value;
        }
        break;
      case VALUE.spanId:
        for (let word = id + 4; word < id + 6; word++, at += 8) {
          const value = hexWord(bytes, at);
          if (value < 0) return -1;
          words[word] = value;
        }
        break;
      case VALUE.parentSpanId:
        if (bytes[at] === QUOTE) break;
        if (hexWord(bytes, at) < 0 || hexWord(bytes, at + 8) < 0) return -1;
        at += 16;
        break;
      case VALUE.name:
      case VALUE.text:
        if (values[i + 1] === VALUE.name && bytes[at] === QUOTE) return -1;
        for (let byte; (byte = bytes[at]!) !== QUOTE; at++) {
          if (!(byte >= 0x20) || byte === BACKSLASH) return -1;
          seen |= byte;
        }
        break;
      case VALUE.start: {
        const end = digits(bytes, at, 19);
        if (end <= at) return -1;
        found.startS = number(bytes, at, end - 9);
        found.startNs = number(bytes, Math.max(at, end - 9), end);
        at = end;
        break;
      }
      case VALUE.end: {
        const end = digits(bytes, at, 19);
        if (end <= at) return -1;
        found.endS = number(bytes, at, end - 9);
        found.endNs = number(bytes, Math.max(at, end - 9), end);
        at = end;
        break;
      }
      case VALUE.time: {
        const end = digits(bytes, at, 19);
        if (end <= at) return -1;
        at = end;
        break;
      }
      case VALUE.hex:
        while (HEX[bytes[at]!]! < 16) at++;
        break;
      case VALUE.count: {
        const end = digits(bytes, at, 9);
        if (end <= at || bytes[at] === ZERO && end > at + 1) return -1;
        at = end;
        break;
      }
      case VALUE.integer: {
        if (bytes[at] === MINUS) at++;
        const end = digits(bytes, at, 18);
        if (end <= at || bytes[at] === ZERO && end > at + 1) return -1;
        at = end;
        break;
      }
      case VALUE.number: {
        if (bytes[at] === MINUS) at++;
        const end = digits(bytes, at, 18);
        if (end <= at || bytes[at] === ZERO && end > at + 1) return -1;
        at = end;
        if (bytes[at] !== POINT) break;
        const last = digits(bytes, at + 1, 18);
        if (last <= at + 1) return -1;
        at = last;
        break;
      }
      default: { // boolean
        const word = bytes[at] === TRUE[0] ? TRUE : FALSE;
        for (let b = 0; b < word.length; b++, at++) if (bytes[at] !== word[b]) return -1;
      }
    }
  }
  for (; part < fixed.length; part++, at++) if (bytes[at] !== fixed[part]) return -1;
  found.seen = seen;
  return at;
}

/** Eight hex digits; negative where one is none. */
function hexWord(bytes: Uint8Array, at: number): number {
  let all = 0;
  let word = 0;
  for (let i = at; i < at + 8; i++) {
    const digit = HEX[bytes[i]!]!;
    // Undefined behind the end counts as 0 here: what follows does not fit then.
    all |= digit;
    word = word << 4 | digit;
  }
  return all >= 16 ? -1 : word >>> 0;
}

/** Where the digits end; -1: there are more than that. */
function digits(bytes: Uint8Array, at: number, most: number): number {
  const from = at;
  for (let byte; (byte = bytes[at]!) >= ZERO && byte <= NINE;) at++;
  return at - from > most ? -1 : at;
}

function number(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) value = value * 10 + bytes[i]! - ZERO;
  return value;
}
