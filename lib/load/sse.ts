/**
 * The event stream format (WHATWG HTML, server-sent events), byte by byte as it comes. Lines end in LF, CR or CRLF, however reads
 * cut them; a leading byte order mark is skipped; text is decoded a line at a time, so UTF-8 split across reads survives.
 */

const LF = 10;
const CR = 13;
const COLON = 58;
const SPACE = 32;

/** What cannot be read as an event stream. */
export class SseError extends Error {
  constructor(readonly type: "event_too_large" | "invalid_utf8", message: string) {
    super(message);
  }
}

const NOTHING = new Uint8Array(0);
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class SseReader {
  readonly #onEvent: (name: string, data: string) => void;
  readonly #mostEvent: number;
  /** The beginning of a line that is not complete yet: `#heldBytes` of this buffer. */
  #held = NOTHING;
  #heldBytes = 0;
  /** The last byte was CR: an LF that follows belongs to it. */
  #afterCr = false;
  #atStart = true;
  #name = "";
  #data: string | null = null;
  /** Bytes of the complete lines of an event that is not complete yet. */
  #size = 0;
  /** Comment lines so far. */
  comments = 0;

  /** `onEvent` gets the event's name (usually empty) and its data. @param mostEvent bytes an event may have */
  constructor(onEvent: (name: string, data: string) => void, mostEvent: number) {
    this.#onEvent = onEvent;
    this.#mostEvent = mostEvent;
  }

  /** Takes bytes `from` to `to`. @throws SseError */
  read(bytes: Uint8Array, from: number, to: number): void {
    let start = from;
    for (let at = from; at < to; at++) {
      const byte = bytes[at];
      if (byte !== LF && byte !== CR) continue;
      const belongs = byte === LF && this.#afterCr && at === start && this.#heldBytes === 0;
      this.#afterCr = byte === CR;
      if (!belongs) this.#line(bytes, start, at);
      start = at + 1;
    }
    if (start === to) return;
    this.#afterCr = false;
    this.#hold(bytes, start, to);
  }

  #hold(bytes: Uint8Array, from: number, to: number): void {
    const size = this.#heldBytes + to - from;
    this.#check(size);
    if (size > this.#held.length) {
      const larger = new Uint8Array(Math.max(256, 2 * size));
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(bytes.subarray(from, to), this.#heldBytes);
    this.#heldBytes = size;
  }

  #check(more: number): void {
    if (this.#size + more <= this.#mostEvent) return;
    throw new SseError("event_too_large", `one event is larger than ${this.#mostEvent} bytes`);
  }

  #line(bytes: Uint8Array, from: number, to: number): void {
    if (this.#heldBytes > 0) {
      this.#hold(bytes, from, to);
      bytes = this.#held;
      from = 0;
      to = this.#heldBytes;
      this.#heldBytes = 0;
    }
    if (this.#atStart) {
      this.#atStart = false;
      if (to - from >= 3 && bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf) from += 3;
    }
    if (from === to) this.#dispatch();
    else if (bytes[from] === COLON) this.comments++;
    else {
      this.#check(to - from);
      this.#size += to - from;
      this.#field(bytes, from, to);
    }
  }

  #field(bytes: Uint8Array, from: number, to: number): void {
    const colon = bytes.indexOf(COLON, from);
    const nameEnd = colon < 0 || colon >= to ? to : colon;
    const is = (name: string) => {
      if (nameEnd - from !== name.length) return false;
      for (let i = 0; i < name.length; i++) if (bytes[from + i] !== name.charCodeAt(i)) return false;
      return true;
    };
    const valueAt = Math.min(to, nameEnd + (bytes[nameEnd + 1] === SPACE ? 2 : 1));
    if (is("data")) {
      const value = text(bytes, valueAt, to);
      this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
    } else if (is("event")) this.#name = text(bytes, valueAt, to);
  }

  #dispatch(): void {
    const [name, data] = [this.#name, this.#data];
    this.#name = "";
    this.#data = null;
    this.#size = 0;
    if (data !== null) this.#onEvent(name, data);
  }
}

function text(bytes: Uint8Array, from: number, to: number): string {
  try {
    return decoder.decode(bytes.subarray(from, to));
  } catch {
    throw new SseError("invalid_utf8", "a line is not UTF-8");
  }
}
