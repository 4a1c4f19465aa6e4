/** Which spans were taken already: a resend after a lost answer must not count twice. */
import type { Span } from "../model/span.ts";
import { ID_WORDS } from "../otlp/scan_traces.ts";
import { spanHash, SpanTable } from "./span_table.ts";

export class SeenSpans {
  #recent: SpanTable;
  #older: SpanTable;
  readonly #words = new Uint32Array(ID_WORDS);

  /** @param horizon spans remembered: the last `horizon` at most, the last half of them at least */
  constructor(horizon: number) {
    this.#recent = new SpanTable(Math.ceil(horizon / 2));
    this.#older = new SpanTable(Math.ceil(horizon / 2));
  }

  /** The spans not seen before, one of each; they count as seen from now on. */
  fresh(spans: readonly Span[]): Span[] {
    return spans.filter((span) => this.#add(this.#of(span.traceId + span.spanId), 0));
  }

  /** @param keys trace and span id of each as one text */
  remember(keys: Iterable<string>): void {
    for (const key of keys) this.#add(this.#of(key), 0);
  }

  /** Takes `fresh` back when the spans could not be kept: the sender will come again. */
  forget(spans: readonly Span[]): void {
    for (const span of spans) this.#delete(this.#of(span.traceId + span.spanId), 0);
  }

  /** All of a request, if none of its spans was seen before and no two are alike; else nothing changes. @param ids as scanned */
  all(ids: Uint32Array): boolean {
    for (let at = 0; at < ids.length; at += ID_WORDS) {
      if (this.#add(ids, at)) continue;
      this.forgetAll(ids.subarray(0, at));
      return false;
    }
    return true;
  }

  /** Takes `all` back. */
  forgetAll(ids: Uint32Array): void {
    for (let at = 0; at < ids.length; at += ID_WORDS) this.#delete(ids, at);
  }

  #add(words: Uint32Array, at: number): boolean {
    const hash = spanHash(words, at);
    if (this.#recent.has(words, at, hash) || this.#older.has(words, at, hash)) return false;
    if (this.#recent.isFull) {
      [this.#recent, this.#older] = [this.#older, this.#recent];
      this.#recent.clear();
    }
    this.#recent.add(words, at, hash);
    return true;
  }

  #delete(words: Uint32Array, at: number): void {
    const hash = spanHash(words, at);
    this.#recent.delete(words, at, hash);
    this.#older.delete(words, at, hash);
  }

  #of(key: string): Uint32Array {
    for (let i = 0; i < ID_WORDS; i++) this.#words[i] = parseInt(key.slice(8 * i, 8 * i + 8), 16);
    return this.#words;
  }
}
