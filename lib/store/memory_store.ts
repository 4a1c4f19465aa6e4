/**
 * A store in memory, and gone with the process: the newest entries, as many as its bounds allow. Incidents are few and asked for long
 * after: those that fall out of the log of everything are still found by id and as the newest of their kind.
 */
import type { Receipt } from "../model/receipt.ts";
import { withGenAiNames } from "../otlp/genai.ts";
import { decodeTraces } from "../otlp/mod.ts";
import type { SpanRequest } from "../otlp/scan_traces.ts";
import { beganNs, spanEntry } from "./entries.ts";
import {
  type Entry,
  type Filter,
  inWindow,
  isDuring,
  type Kind,
  KINDS,
  matches,
  type NewEntry,
  type Period,
  type Store,
  type StoreState,
  type TimedKind,
  type Window,
} from "./store.ts";

export interface MemoryStoreOptions {
  /** Entries held at most. Default 200 000. */
  readonly entries?: number;
  /** Their `bytes` together at most. Default 256 MiB. */
  readonly bytes?: number;
}

/** Receipts remembered. */
const MOST_RECEIPTS = 131_072;
/** Entries of one block: whoever asks by time looks at blocks first. */
const BLOCK = 256;
/** Incidents kept beyond the log. */
const OLD_INCIDENTS = 1_000;

export class MemoryStore implements Store {
  readonly #limits: Required<MemoryStoreOptions>;
  /** Entry of sequence s stands at s - #first + #gone. */
  #entries: (Entry | undefined)[] = [];
  #gone = 0;
  #first = 1;
  judgedUpTo = 0;
  #bytes = 0;
  /** Incidents that fell out of the log, oldest first. */
  readonly #incidents: Entry[] = [];
  readonly #held = noKinds();
  readonly #evicted = noKinds();
  /** Sequences by trace, and by kind and id, ascending. */
  readonly #traces = new Map<string, number[]>();
  readonly #ids = new Map<string, number>();
  /** When the entries of each block went on, Unix nanoseconds; by their sequence divided by BLOCK. */
  readonly #blocks = new Map<number, { oldestNs: bigint; newestNs: bigint }>();
  /** Oldest first. */
  readonly #receipts = new Map<string, Receipt>();
  readonly #listeners = new Set<(last: number) => void>();

  constructor({ entries = 200_000, bytes = 256 * 1024 * 1024 }: MemoryStoreOptions = {}) {
    this.#limits = { entries, bytes };
  }

  append(entries: readonly NewEntry[], receipt?: Receipt): Promise<{ first: number; last: number }> {
    const first = this.#last + 1;
    if (receipt !== undefined) this.#receipts.set(receipt.key, receipt);
    if (this.#receipts.size > MOST_RECEIPTS) this.#receipts.delete(this.#receipts.keys().next().value!);
    for (const entry of entries) this.#add(entry);
    const last = this.#last;
    if (entries.length > 0) { for (const listener of [...this.#listeners]) listener(last); }
    return Promise.resolve({ first, last });
  }

  appendRequest({ encoding, body }: SpanRequest, receipt?: Receipt): Promise<{ first: number; last: number }> {
    const { spans } = decodeTraces(body, encoding);
    const each = Math.ceil(body.length / spans.length);
    return this.append(spans.map((span) => spanEntry(span, each)), receipt);
  }

  receipt(key: string): Promise<Receipt | null> {
    return Promise.resolve(this.#receipts.get(key) ?? null);
  }

  after(seq: number, limit: number, filter: Filter = {}): Promise<readonly Entry[]> {
    const found: Entry[] = [];
    for (let s = Math.max(seq + 1, this.#first); s <= this.#last && found.length < limit; s++) {
      const entry = this.#at(s);
      if (matches(entry, filter)) found.push(entry);
    }
    return Promise.resolve(found);
  }

  unjudged(seq: number, limit: number): Promise<readonly Entry[]> {
    const found: Entry[] = [];
    for (let s = Math.max(seq + 1, this.#first); s <= this.#last && found.length < limit; s++) {
      const entry = this.#sent(s);
      if (entry.kind === "span" || entry.kind === "probe") found.push(entry);
    }
    return Promise.resolve(found);
  }

  judged(upTo: number): void {
    this.judgedUpTo = upTo;
  }

  ofTrace(traceId: string): Promise<readonly Entry[]> {
    const found = (this.#traces.get(traceId.toLowerCase()) ?? []).filter((seq) => seq >= this.#first);
    return Promise.resolve(found.map((seq) => this.#at(seq)));
  }

  during(kind: TimedKind, window: Window): Promise<readonly Entry[]> {
    const found: Entry[] = [];
    for (const [from, to] of this.#rangesDuring(window)) {
      for (let seq = from; seq <= to; seq++) {
        const entry = this.#at(seq);
        if (isDuring(entry, kind, window)) found.push(entry);
      }
    }
    return Promise.resolve(inWindow(found, window));
  }

  mark(traceId: string, period: Period): Promise<string> {
    const own = (this.#traces.get(traceId.toLowerCase()) ?? []).filter((seq) => seq >= this.#first);
    return Promise.resolve(`${own.join()};${this.#rangesDuring(period).join()}`);
  }

  /** First and last sequence of what may be of that time. */
  #rangesDuring({ startNs, endNs }: Period): [number, number][] {
    return [...this.#blocks].filter(([, { oldestNs, newestNs }]) => newestNs >= startNs && oldestNs <= endNs).map((
      [block],
    ) => [Math.max(this.#first, block * BLOCK), Math.min(this.#last, block * BLOCK + BLOCK - 1)]);
  }

  async newest(limit: number, filter: Filter & { readonly sinceNs?: bigint } = {}): Promise<readonly Entry[]> {
    const found: Entry[] = [];
    await this.eachNewest(limit, filter, (entry) => found.push(entry));
    return found;
  }

  eachNewest(
    limit: number,
    filter: Filter & { readonly sinceNs?: bigint },
    visit: (entry: Entry) => void,
  ): Promise<void> {
    const { sinceNs } = filter;
    let found = 0;
    const look = (entry: Entry) => {
      if (!matches(entry, filter) || sinceNs !== undefined && entry.timeNs < sinceNs) return;
      found++;
      visit(entry);
    };
    for (let seq = this.#last; seq >= this.#first && found < limit; seq--) look(this.#at(seq));
    for (let i = this.#incidents.length - 1; i >= 0 && found < limit; i--) look(this.#incidents[i]!);
    return Promise.resolve();
  }

  byId(kind: Kind, id: string): Promise<Entry | null> {
    const seq = this.#ids.get(`${kind}\0${id}`);
    if (seq !== undefined) return Promise.resolve(this.#at(seq));
    const old = kind === "incident" ? this.#incidents.findLast((entry) => entry.id === id) : undefined;
    return Promise.resolve(old ?? null);
  }

  onCommit(listener: (last: number) => void): Disposable {
    const own = (last: number) => listener(last);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  state(): StoreState {
    return {
      first: this.#first,
      last: this.#last,
      held: { ...this.#held },
      evicted: { ...this.#evicted },
      bytes: this.#bytes,
      indexes: "READY",
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    return Promise.resolve();
  }

  get #last(): number {
    return this.#first + this.#entries.length - this.#gone - 1;
  }

  /** A span with the names of the conventions beside its own. */
  #at(seq: number): Entry {
    const entry = this.#sent(seq);
    if (entry.kind !== "span") return entry;
    const document = withGenAiNames(entry.document);
    return document === entry.document ? entry : { ...spanEntry(document, entry.bytes), commitSeq: seq };
  }

  #sent(seq: number): Entry {
    return this.#entries[seq - this.#first + this.#gone]!;
  }

  #add(entry: NewEntry): void {
    const seq = this.#last + 1;
    this.#entries.push({ ...entry, commitSeq: seq });
    this.#bytes += entry.bytes;
    this.#held[entry.kind]++;
    this.#widen(seq, beganNs(entry), entry.timeNs);
    if (entry.traceId !== "") {
      const list = this.#traces.get(entry.traceId);
      if (list === undefined) this.#traces.set(entry.traceId, [seq]);
      else list.push(seq);
    }
    if (entry.id !== "") this.#ids.set(`${entry.kind}\0${entry.id}`, seq);
    // The newest stays whatever its size: it has been taken.
    while (this.#last > this.#first && this.#isFull) this.#evict();
  }

  #widen(seq: number, beganNs: bigint, endedNs: bigint): void {
    const block = this.#blocks.get(Math.floor(seq / BLOCK));
    const first = beganNs < endedNs ? beganNs : endedNs;
    if (block === undefined) this.#blocks.set(Math.floor(seq / BLOCK), { oldestNs: first, newestNs: endedNs });
    else {
      if (first < block.oldestNs) block.oldestNs = first;
      if (endedNs > block.newestNs) block.newestNs = endedNs;
    }
  }

  get #isFull(): boolean {
    return this.#last - this.#first + 1 > this.#limits.entries || this.#bytes > this.#limits.bytes;
  }

  #evict(): void {
    const entry = this.#sent(this.#first);
    const { kind, bytes, traceId, id, commitSeq } = entry;
    this.#entries[this.#gone] = undefined;
    this.#gone++;
    this.#first++;
    if (this.#first % BLOCK === 0) this.#blocks.delete(this.#first / BLOCK - 1);
    this.#bytes -= bytes;
    if (kind === "incident") this.#incidents.push(entry);
    if (kind !== "incident" || this.#incidents.length > OLD_INCIDENTS) {
      if (kind === "incident") this.#incidents.shift();
      this.#held[kind]--;
      this.#evicted[kind]++;
    }
    if (traceId !== "") this.#forgetTrace(traceId);
    if (id !== "" && this.#ids.get(`${kind}\0${id}`) === commitSeq) this.#ids.delete(`${kind}\0${id}`);
    if (this.#gone > 1024 && this.#gone * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#gone);
      this.#gone = 0;
    }
  }

  /** Sequences that have gone are let go together: one by one a long trace would be moved for each of its entries. */
  #forgetTrace(traceId: string): void {
    const list = this.#traces.get(traceId);
    if (list === undefined) return;
    if (list.at(-1)! < this.#first) this.#traces.delete(traceId);
    else if (list.length > 64 && list[list.length >> 1]! < this.#first) list.splice(0, list.length >> 1);
  }
}

function noKinds(): Record<Kind, number> {
  return Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
}
