/** Responses of HTTP/1.1 off a connection, byte by byte as they come: head, body by length, by chunks or until the end, trailers. */

export interface ResponseHead {
  readonly status: number;
  /** Names in lower case; of a repeated header the values are joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
}

/** Told while `read` runs. */
export interface ResponseSink {
  onHead(head: ResponseHead): void;
  /** Bytes `from` to `to` of the buffer belong to the body; the buffer is used again afterwards. */
  onBody(bytes: Uint8Array, from: number, to: number): void;
}

type State = "head" | "length" | "until_end" | "chunk_size" | "chunk" | "chunk_end" | "trailers" | "done";

const MOST_HEAD = 64 * 1024;
const MOST_LINE = 4096;
const LF = 10;
const CR = 13;

/** What cannot be read as HTTP. */
export class HttpError extends Error {}

export class ResponseReader {
  readonly #sink: ResponseSink;
  readonly #bodiless: boolean;
  #state: State = "head";
  /** Bytes of the current part still to come. */
  #left = 0;
  /** A head, a size line or a trailer that is not complete yet, as latin-1 text. */
  #text = "";
  /** The current line of the head has a character. */
  #inLine = false;
  #keepAlive = true;

  /** @param bodiless the answer to a HEAD: it has no body, whatever its head says of one */
  constructor(sink: ResponseSink, bodiless = false) {
    this.#sink = sink;
    this.#bodiless = bodiless;
  }

  /** The whole response arrived. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Nothing of the response arrived yet. */
  get untouched(): boolean {
    return this.#state === "head" && this.#text === "";
  }

  /** Whether the connection may carry another request; meaningful when `done`. */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  /** Takes the first `length` bytes; yields how many of them belong to this response. @throws HttpError */
  read(bytes: Uint8Array, length: number): number {
    let at = 0;
    while (at < length && this.#state !== "done") at = this.#step(bytes, at, length);
    return at;
  }

  /** The other side ended the connection. True when that ends the body; false: it was cut. */
  end(): boolean {
    if (this.#state === "until_end") this.#state = "done";
    return this.#state === "done";
  }

  #step(bytes: Uint8Array, at: number, length: number): number {
    switch (this.#state) {
      case "head":
        return this.#head(bytes, at, length);
      case "until_end":
        this.#sink.onBody(bytes, at, length);
        return length;
      case "length":
      case "chunk": {
        const to = Math.min(length, at + this.#left);
        this.#left -= to - at;
        this.#sink.onBody(bytes, at, to);
        if (this.#left === 0) this.#state = this.#state === "length" ? "done" : "chunk_end";
        return to;
      }
      default:
        return this.#line(bytes, at, length);
    }
  }

  #head(bytes: Uint8Array, from: number, length: number): number {
    for (let at = from; at < length; at++) {
      const byte = bytes[at];
      if (byte !== LF) {
        if (byte !== CR) this.#inLine = true;
        continue;
      }
      const empty = !this.#inLine;
      this.#inLine = false;
      if (!empty) continue;
      const text = this.#text + latin1(bytes, from, at + 1);
      this.#text = "";
      from = at + 1;
      if (text.trim() === "") continue; // an empty line before the status line
      this.#begin(text);
      return from;
    }
    this.#text += latin1(bytes, from, length);
    if (this.#text.length > MOST_HEAD) throw new HttpError(`its head is longer than ${MOST_HEAD} bytes`);
    if (this.#text.length >= 5 && !/^\s*HTTP\//.test(this.#text)) throw new HttpError("it does not begin with HTTP/");
    return length;
  }

  #begin(text: string): void {
    // A line that begins with a blank goes on the one before it (RFC 9112, 5.2).
    const [statusLine = "", ...lines] = text.trim().replaceAll(/\r?\n[ \t]+/g, " ").split(/\r?\n/);
    const [, minor, code] = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(statusLine) ?? [];
    if (code === undefined) throw new HttpError(`"${statusLine.slice(0, 80)}" is no status line of HTTP/1`);
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(":");
      if (colon <= 0) throw new HttpError(`"${line.slice(0, 80)}" is no header`);
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      const before = headers.get(name);
      headers.set(name, before === undefined ? value : `${before}, ${value}`);
    }
    const status = Number(code);
    if (status < 200 && status !== 101) return; // provisional: the answer follows
    const connection = headers.get("connection")?.toLowerCase() ?? "";
    this.#keepAlive = minor === "1" ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection);
    this.#frame(status, headers);
    this.#sink.onHead({ status, headers });
  }

  #frame(status: number, headers: ReadonlyMap<string, string>): void {
    const size = headers.get("content-length");
    if (this.#bodiless || status === 204 || status === 304) this.#state = "done";
    else if (/\bchunked\s*$/i.test(headers.get("transfer-encoding") ?? "")) this.#state = "chunk_size";
    else if (size !== undefined) {
      // The same length said twice is allowed.
      const sizes = new Set(size.split(/\s*,\s*/));
      if (sizes.size !== 1 || !/^\d{1,15}$/.test([...sizes][0]!)) throw new HttpError(`content-length "${size}"`);
      this.#left = Number([...sizes][0]);
      this.#state = this.#left === 0 ? "done" : "length";
    } else {
      this.#state = "until_end";
      this.#keepAlive = false;
    }
  }

  /** One line of the framing of chunks. */
  #line(bytes: Uint8Array, from: number, length: number): number {
    let at = from;
    while (at < length && bytes[at] !== LF) at++;
    this.#text += latin1(bytes, from, at);
    if (this.#text.length > MOST_LINE) throw new HttpError("a line of its chunks is too long");
    if (at === length) return length;
    const line = this.#text.endsWith("\r") ? this.#text.slice(0, -1) : this.#text;
    this.#text = "";
    if (this.#state === "chunk_size") {
      const [, size] = /^([0-9a-fA-F]{1,12})\s*(?:;.*)?$/.exec(line) ?? [];
      if (size === undefined) throw new HttpError(`"${line.slice(0, 80)}" is no size of a chunk`);
      this.#left = parseInt(size, 16);
      this.#state = this.#left === 0 ? "trailers" : "chunk";
    } else if (this.#state === "chunk_end") {
      if (line !== "") throw new HttpError("a chunk is longer than it says");
      this.#state = "chunk_size";
    } else if (line === "") {
      this.#state = "done";
    }
    return at + 1;
  }
}

const decoder = new TextDecoder("latin1");

/** Text of bytes, one character each: heads are ASCII but for what nobody reads. */
function latin1(bytes: Uint8Array, from: number, to: number): string {
  return from === to ? "" : decoder.decode(bytes.subarray(from, to));
}
