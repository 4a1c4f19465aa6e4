/**
 * Records as numbers, off the heap. As objects they would be what the garbage collector copies, again and again, on the very thread
 * that stamps: pauses of milliseconds, a few times a second. What is rare (an error's words) stays an object.
 */
import { OUTCOMES, type RequestRecord } from "../model/request_record.ts";

/** A record as it leaves the loop: with the text of the answer where it is kept. */
export type LoopRecord = RequestRecord & { readonly text?: string };

type Rare = Pick<LoopRecord, "error_type" | "error_detail" | "flags" | "retry_after" | "location" | "body" | "text">;

/** What goes from one thread to the other; the buffers move, nothing is copied. */
export interface RecordPages {
  readonly pages: readonly Float64Array<ArrayBuffer>[];
  /** Values used of each page. */
  readonly used: readonly number[];
  readonly rare: ReadonlyMap<number, Rare>;
  readonly finishReasons: readonly string[];
}

const PAGE = 1 << 17;
const SOURCES = ["usage", "tokenizer", "chunks"] as const;

export class RecordLog {
  readonly #pages: Float64Array<ArrayBuffer>[] = [];
  readonly #used: number[] = [];
  #page = new Float64Array(0);
  #at = 0;
  #records = 0;
  readonly #rare = new Map<number, Rare>();
  readonly #finishReasons: string[] = [];

  append(r: LoopRecord): void {
    const tokens = r.t_tokens;
    this.#room(40 + r.t_ns.length * (tokens === null ? 1 : 2));
    this.#put(r.id);
    for (let at = 0; at < 32; at += 8) this.#put(parseInt(r.trace_id.slice(at, at + 8), 16));
    for (let at = 0; at < 16; at += 8) this.#put(parseInt(r.span_id.slice(at, at + 8), 16));
    for (const ns of [r.g_ns, r.p_ns, r.s_ns, r.h_ns, r.a_ns, r.r1_ns, r.e_ns]) this.#put(ns);
    this.#put(r.body_complete ? 1 : 0);
    this.#put(OUTCOMES.indexOf(r.outcome));
    this.#put(r.status);
    for (const n of [r.n_in, r.n_out, r.n_reasoning, r.n_cached]) this.#put(n);
    this.#put(r.n_source === null ? null : SOURCES.indexOf(r.n_source));
    this.#put(r.finish_reason === null ? null : this.#finishReason(r.finish_reason));
    for (const n of [r.bytes_out, r.bytes_in, r.coalesced, r.comments, r.late_bytes]) this.#put(n);
    this.#put(r.conn);
    this.#put(r.conn_reused === null ? null : r.conn_reused ? 1 : 0);
    this.#put(r.t_ns.length);
    this.#put(tokens === null ? 0 : 1);
    for (const t of r.t_ns) this.#put(t);
    if (tokens !== null) { for (const n of tokens) this.#put(n); }
    this.#keepRare(r);
    this.#records++;
  }

  /** All of it, to be sent away. */
  close(): RecordPages {
    this.#turn();
    return { pages: this.#pages, used: this.#used, rare: this.#rare, finishReasons: this.#finishReasons };
  }

  #put(value: number | null): void {
    this.#page[this.#at++] = value ?? NaN;
  }

  #room(values: number): void {
    if (this.#at + values <= this.#page.length) return;
    this.#turn();
    this.#page = new Float64Array(Math.max(PAGE, values));
  }

  #turn(): void {
    if (this.#at > 0) {
      this.#pages.push(this.#page);
      this.#used.push(this.#at);
    }
    this.#page = new Float64Array(0);
    this.#at = 0;
  }

  #finishReason(reason: string): number {
    const known = this.#finishReasons.indexOf(reason);
    return known >= 0 ? known : this.#finishReasons.push(reason) - 1;
  }

  #keepRare({ error_type, error_detail, flags, retry_after, location, body, text }: LoopRecord): void {
    const all = [error_type, error_detail, retry_after, location, body, text];
    if (flags.length === 0 && all.every((value) => value === null || value === undefined)) return;
    this.#rare.set(this.#records, {
      error_type,
      error_detail,
      flags,
      ...(retry_after !== undefined && { retry_after }),
      ...(location !== undefined && { location }),
      ...(body !== undefined && { body }),
      ...(text !== undefined && { text }),
    });
  }
}

/** The records again, as objects. @param slo thresholds that every one of them carried */
export function readRecords(
  { pages, used, rare, finishReasons }: RecordPages,
  slo?: Readonly<Record<string, number>>,
): LoopRecord[] {
  const records: LoopRecord[] = [];
  pages.forEach((page, p) => {
    let at = 0;
    const next = () => page[at++]!;
    const maybe = () => {
      const value = next();
      return Number.isNaN(value) ? null : value;
    };
    const hex = (words: number) => Array.from({ length: words }, () => next().toString(16).padStart(8, "0")).join("");
    const list = (length: number) => Array.from(page.subarray(at, at += length));
    while (at < used[p]!) {
      const head = { id: next(), trace_id: hex(4), span_id: hex(2) };
      const instants = {
        g_ns: maybe(),
        p_ns: maybe(),
        s_ns: maybe(),
        h_ns: maybe(),
        a_ns: maybe(),
        r1_ns: maybe(),
        e_ns: maybe(),
      };
      const [complete, outcome, status] = [next() === 1, OUTCOMES[next()]!, next()];
      const counts = { n_in: maybe(), n_out: maybe(), n_reasoning: maybe(), n_cached: maybe() };
      const [source, finish] = [maybe(), maybe()];
      const bytes = { bytes_out: next(), bytes_in: next(), coalesced: next(), comments: next(), late_bytes: next() };
      const [conn, reused] = [maybe(), maybe()];
      const [chunks, told] = [next(), next() === 1];
      const t_ns = list(chunks);
      records.push({
        ...head,
        ...instants,
        t_ns,
        t_tokens: told ? list(chunks) : null,
        body_complete: complete,
        outcome,
        error_type: null,
        error_detail: null,
        status,
        ...counts,
        n_source: source === null ? null : SOURCES[source]!,
        finish_reason: finish === null ? null : finishReasons[finish]!,
        ...bytes,
        flags: [],
        conn,
        conn_reused: reused === null ? null : reused === 1,
        ...rare.get(records.length),
        ...(slo !== undefined && { slo }),
      });
    }
  });
  return records;
}
