/**
 * Export requests as the journal keeps them: the very bytes that came, several requests together, each span of them an entry. Nothing is
 * decoded until somebody asks. Only requests of which nothing was left out are kept so: what they hold is what decoding them gives.
 *
 * Layout, little-endian: byte 1, byte 0, requests (16 bits); of each request its spans, its bytes and its encoding (32 bits each); bodies.
 */
import { ROOM, takeRoom } from "../model/roomy.ts";
import type { Span } from "../model/span.ts";
import { withGenAiNames } from "../otlp/genai.ts";
import { decodeTraces, type Encoding } from "../otlp/mod.ts";
import { ID_WORDS, scanTraces, type SpanRequest } from "../otlp/scan_traces.ts";
import { type Chunk, type ChunkEntries, traceKey } from "./chunk.ts";
import { spanEntry } from "./entries.ts";
import { type Entry, type Kind, KINDS, type NewEntry } from "./store.ts";

const RAW = 1;
const HEAD = 4;
const REQUEST_HEAD = 12;
const ENCODINGS: readonly Encoding[] = ["protobuf", "json"];

/** Requests that are put together are not more than this, in bytes and number; one that is larger is a chunk of its own. */
const MOST_BYTES = 64 * 1024;
const MOST_REQUESTS = 256;

export function isRaw(body: Uint8Array): boolean {
  return body[0] === RAW;
}

/** How many of `requests`, beginning with number `from`, go into one chunk: one at least. */
export function fitting(requests: readonly SpanRequest[], from: number): number {
  let bytes = 0;
  let n = 0;
  for (; n < MOST_REQUESTS && from + n < requests.length; n++) {
    bytes += requests[from + n]!.body.length;
    if (bytes > MOST_BYTES && n > 0) break;
  }
  return n;
}

/** Their bodies are not looked at again: one that has room for the head before it becomes the chunk. */
export function rawChunk(requests: readonly SpanRequest[]): Chunk {
  let at = HEAD + REQUEST_HEAD * requests.length;
  const own = requests.length === 1 && at === ROOM ? takeRoom(requests[0]!.body) : null;
  const body = own ?? new Uint8Array(requests.reduce((sum, request) => sum + request.body.length, at));
  const view = new DataView(body.buffer);
  view.setUint8(0, RAW);
  view.setUint16(2, requests.length, true);
  const traces = new Set<number>();
  let [entries, oldestMs, newestMs] = [0, Infinity, 0];
  requests.forEach(({ encoding, body: bytes, scanned }, i) => {
    const head = HEAD + REQUEST_HEAD * i;
    view.setUint32(head, scanned.spans, true);
    view.setUint32(head + 4, bytes.length, true);
    view.setUint32(head + 8, ENCODINGS.indexOf(encoding), true);
    if (own === null) body.set(bytes, at);
    at += bytes.length;
    entries += scanned.spans;
    oldestMs = Math.min(oldestMs, scanned.oldestMs);
    newestMs = Math.max(newestMs, scanned.newestMs);
    addKeys(scanned.ids, traces);
  });
  const counts = KINDS.map((kind) => kind === "span" ? entries : 0);
  return { body, entries, counts, oldestMs, newestMs, traces: Float64Array.from(traces), names: [] };
}

/** As `traceKey` makes them. */
function addKeys(ids: Uint32Array, keys: Set<number>): void {
  let before = -1;
  for (let at = 0; at < ids.length; at += ID_WORDS) {
    const key = (ids[at + 2]! & 0xfffff) * 0x1_0000_0000 + ids[at + 3]!;
    if (key !== before) keys.add(key);
    before = key;
  }
}

interface Request {
  /** Place of its first span in the chunk. */
  readonly from: number;
  readonly spans: number;
  readonly encoding: Encoding;
  readonly body: Uint8Array;
  decoded: readonly Span[] | null;
}

export class RawChunk implements ChunkEntries {
  readonly length: number;
  readonly #requests: Request[] = [];

  /** @param body of a chunk for which `isRaw` @param first sequence of its first entry @throws TypeError when `rawChunk` did not write it */
  constructor(body: Uint8Array, readonly first: number) {
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const requests = body.length < HEAD ? 0 : view.getUint16(2, true);
    let at = HEAD + REQUEST_HEAD * requests;
    let from = 0;
    if (requests === 0 || at > body.length) throw new TypeError("the chunk is cut short");
    for (let i = 0; i < requests; i++) {
      const head = HEAD + REQUEST_HEAD * i;
      const [spans, bytes] = [view.getUint32(head, true), view.getUint32(head + 4, true)];
      const encoding = ENCODINGS[view.getUint32(head + 8, true)];
      if (encoding === undefined || at + bytes > body.length) throw new TypeError("the chunk is cut short");
      this.#requests.push({ from, spans, encoding, body: body.subarray(at, at + bytes), decoded: null });
      at += bytes;
      from += spans;
    }
    this.length = from;
  }

  kind(): Kind {
    return "span";
  }

  mayBeOf(i: number, traceId: string): boolean {
    const { encoding, body, decoded, from } = this.#request(i);
    if (decoded !== null) return decoded[i - from]!.traceId === traceId;
    return encoding === "json" ? mayHoldHex(body, traceId) : holds(body, Uint8Array.fromHex(traceId));
  }

  /** @throws TypeError when it is not what was written */
  entry(i: number): Entry {
    return this.#entry(i, withGenAiNames(this.#span(i)));
  }

  sent(i: number): Entry {
    return this.#entry(i, this.#span(i));
  }

  spanKey(i: number): string {
    const { traceId, spanId } = this.#span(i);
    return traceId + spanId;
  }

  traceKeys(): Set<number> {
    const keys = new Set<number>();
    for (const { body, encoding } of this.#requests) {
      const scanned = scanTraces(body, encoding);
      if (scanned !== null) addKeys(scanned.ids, keys);
      else for (const { traceId } of decodeTraces(body, encoding).spans) keys.add(traceKey(traceId));
    }
    return keys;
  }

  #entry(i: number, span: Span): Entry {
    const { body, spans } = this.#request(i);
    const entry: NewEntry = spanEntry(span, Math.ceil(body.length / spans));
    return { ...entry, commitSeq: this.first + i };
  }

  #span(i: number): Span {
    const request = this.#request(i);
    request.decoded ??= decoded(request);
    return request.decoded[i - request.from]!;
  }

  #request(i: number): Request {
    let [low, high] = [0, this.#requests.length - 1];
    while (low < high) {
      const middle = low + high + 1 >> 1;
      if (this.#requests[middle]!.from <= i) low = middle;
      else high = middle - 1;
    }
    return this.#requests[low]!;
  }
}

function decoded({ body, encoding, spans }: Request): readonly Span[] {
  let found: readonly Span[];
  try {
    found = decodeTraces(body, encoding).spans;
  } catch (error) {
    throw new TypeError("a request in the chunk cannot be decoded", { cause: error });
  }
  if (found.length !== spans) throw new TypeError(`a request in the chunk has ${found.length} spans, not ${spans}`);
  return found;
}

function holds(body: Uint8Array, bytes: Uint8Array): boolean {
  for (let at = body.indexOf(bytes[0]!); at >= 0; at = body.indexOf(bytes[0]!, at + 1)) {
    let same = 1;
    while (same < bytes.length && body[at + same] === bytes[same]) same++;
    if (same === bytes.length) return true;
  }
  return false;
}

/** An id is written in one letter case or another. */
function mayHoldHex(body: Uint8Array, id: string): boolean {
  const text = new TextDecoder("latin1").decode(body);
  return text.includes(id) || text.toLowerCase().includes(id);
}
