/**
 * A store on disk: an embedded database with a write-ahead log. One thread writes; appends that wait are committed together, and each
 * resolves after the sync that covers it. Reads are done here, on a connection of their own.
 */
import type { Receipt } from "../model/receipt.ts";
import type { SpanRequest } from "../otlp/scan_traces.ts";
import { Overload } from "../model/overload.ts";
import { type Chunk, encodeChunks } from "./chunk.ts";
import { databasePath } from "./journal_db.ts";
import { JournalReader } from "./journal_reader.ts";
import { JournalReads } from "./journal_reads.ts";
import type { FromWriter, ToWriter } from "./journal_worker.ts";
import type { Append, JournalState, WriterOptions } from "./journal_writer.ts";
import { fitting, rawChunk } from "./raw_chunk.ts";
import { type Kind, KINDS, type NewEntry, type Store, type StoreState } from "./store.ts";
import { told } from "./store_errors.ts";

export type JournalOptions = Omit<WriterOptions, "nowMs" | "moveLog">;

interface Waiting {
  /** Chunks of what was decoded, or a request that is put into a chunk with its neighbours. */
  readonly what: readonly Chunk[] | SpanRequest;
  readonly receipt: Receipt | undefined;
  readonly entries: number;
  readonly bytes: number;
  readonly resolve: (given: { first: number; last: number }) => void;
  readonly reject: (error: unknown) => void;
}

/** Groups on their way: one is synced while the next is written down. */
const GROUPS = 2;
/** Bytes of one group, and of everything that waits, at most. */
const GROUP_BYTES = 4 << 20;
const MOST_BYTES = 128 << 20;

export class JournalStore extends JournalReads implements Store {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #bytes = 0;
  #isSending = false;
  /** Oldest first; null for a message that is no group. */
  readonly #sent: ((answer: FromWriter) => void)[] = [];
  #groups = 0;
  #state: JournalState;
  #lost: Error | null = null;
  readonly #losing = Promise.withResolvers<Error>();
  readonly #listeners = new Set<(last: number) => void>();

  private constructor(worker: Worker, reader: JournalReader, state: JournalState) {
    super(reader);
    this.#worker = worker;
    this.#state = state;
    worker.onmessage = ({ data }: MessageEvent<FromWriter>) => this.#hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#lose(told({ name: "IoError", message: `Cannot write the store: its thread ended: ${event.message}` }));
    };
  }

  /** Recovers what is there and takes the lease. @throws IoError when another collector has it; IntegrityError, UnsupportedError */
  static async open(options: JournalOptions): Promise<JournalStore> {
    await Deno.mkdir(options.dir, { recursive: true });
    const worker = new Worker(new URL("./journal_worker.ts", import.meta.url), { type: "module" });
    try {
      const state = await new Promise<JournalState>((resolve, reject) => {
        worker.onmessage = ({ data }: MessageEvent<FromWriter>) =>
          data.type === "done" ? resolve(data.state) : data.type === "refused" ? reject(told(data.error)) : undefined;
        worker.onerror = (event) => {
          event.preventDefault();
          reject(told({ name: "IoError", message: `Cannot open "${options.dir}": ${event.message}` }));
        };
        worker.postMessage({ type: "open", options } satisfies ToWriter);
      });
      return new JournalStore(worker, new JournalReader(databasePath(options.dir)), state);
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }

  /** Resolves when another has taken the store: nothing can be written any more. */
  get lost(): Promise<Error> {
    return this.#losing.promise;
  }

  append(entries: readonly NewEntry[], receipt?: Receipt): Promise<{ first: number; last: number }> {
    if (this.#lost !== null) return Promise.reject(this.#lost);
    const { last } = this.#state;
    if (entries.length === 0 && receipt === undefined) return Promise.resolve({ first: last + 1, last });
    const chunks = encodeChunks(entries);
    return this.#append(chunks, entries.length, chunks.reduce((sum, { body }) => sum + body.length, 0), receipt);
  }

  appendRequest(request: SpanRequest, receipt?: Receipt): Promise<{ first: number; last: number }> {
    return this.#append(request, request.scanned.spans, request.body.length, receipt);
  }

  get judgedUpTo(): number {
    return this.#state.judged;
  }

  judged(upTo: number): void {
    if (this.#lost === null) this.#worker.postMessage({ type: "judged", seq: upTo } satisfies ToWriter);
  }

  /** Trace and span ids of the newest spans as one text each, oldest first. */
  spanKeys(limit: number): string[] {
    return this.reader.spanKeys(limit);
  }

  onCommit(listener: (last: number) => void): Disposable {
    const own = (last: number) => listener(last);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  /** Removes everything up to `seq`, in whole chunks. @throws IoError */
  async trim(seq: number): Promise<void> {
    const answer = await this.#ask({ type: "trim", seq });
    if (answer.type === "refused") throw told(answer.error);
  }

  state(): StoreState {
    const { first, last, held, evicted, bytes } = this.#state;
    return { first, last, held: byKind(held), evicted: byKind(evicted), bytes, indexes: "READY" };
  }

  /** Of everything committed. */
  get digest(): string {
    return this.#state.digest;
  }

  /** Writes what waits, and lets the store go. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#lost === null && (this.#waiting.length > 0 || this.#groups > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (this.#lost === null) await this.#ask({ type: "close" });
    this.#worker.terminate();
    this.reader[Symbol.dispose]();
    this.#listeners.clear();
  }

  #append(
    what: Waiting["what"],
    entries: number,
    bytes: number,
    receipt: Receipt | undefined,
  ): Promise<{ first: number; last: number }> {
    if (this.#lost !== null) return Promise.reject(this.#lost);
    if (this.#bytes > MOST_BYTES) return Promise.reject(new Overload("the disk is slower than what comes", 1));
    this.#bytes += bytes;
    const { promise, resolve, reject } = Promise.withResolvers<{ first: number; last: number }>();
    this.#waiting.push({ what, receipt, entries, bytes, resolve, reject });
    // Requests that arrived in the same turn of the loop are committed together.
    if (!this.#isSending && this.#groups < GROUPS) {
      this.#isSending = true;
      setImmediate(() => {
        this.#isSending = false;
        this.#send();
      });
    }
    return promise;
  }

  #send(): void {
    while (this.#groups < GROUPS && this.#waiting.length > 0 && this.#lost === null) {
      let n = 0;
      for (let bytes = 0; n < this.#waiting.length && bytes < GROUP_BYTES; n++) bytes += this.#waiting[n]!.bytes;
      const group = this.#waiting.splice(0, n);
      this.#groups++;
      const appends = group.length === 0 ? [] : packed(group);
      const buffers = appends.flatMap(({ chunks }) =>
        chunks.flatMap(({ body, traces }) => [body.buffer, traces.buffer])
      );
      void this.#ask({ type: "commit", appends }, buffers).then((answer) => {
        this.#groups--;
        this.#settle(group, answer);
        this.#send();
      });
    }
  }

  #settle(group: readonly Waiting[], answer: FromWriter): void {
    for (const { bytes } of group) this.#bytes -= bytes;
    if (answer.type !== "done") {
      const error = answer.type === "refused" ? told(answer.error) : this.#lost;
      for (const { reject } of group) reject(error);
      return;
    }
    const { last } = answer.state;
    let seq = last - group.reduce((sum, { entries }) => sum + entries, 0);
    for (const { entries, resolve } of group) {
      resolve({ first: seq + 1, last: seq + entries });
      seq += entries;
      if (entries > 0) { for (const listener of [...this.#listeners]) listener(seq); }
    }
  }

  /** @param buffers are the writer's from now on */
  #ask(message: ToWriter, buffers: ArrayBuffer[] = []): Promise<FromWriter> {
    return new Promise((resolve) => {
      this.#sent.push(resolve);
      this.#worker.postMessage(message, buffers);
    });
  }

  #hear(message: FromWriter): void {
    if (message.type === "done" || message.type === "changed") this.#state = message.state;
    if (message.type === "lost") return this.#lose(told(message.error));
    if (message.type !== "changed") this.#sent.shift()?.(message);
  }

  /** Who waits is told, and so is everybody who comes. */
  #lose(error: Error): void {
    this.#lost ??= error;
    for (const answer of this.#sent.splice(0)) {
      answer({ type: "lost", error: { name: error.name, message: error.message } });
    }
    for (const { reject } of this.#waiting.splice(0)) reject(this.#lost);
    this.#losing.resolve(this.#lost);
  }
}

/** In order; requests that follow each other share chunks. */
function packed(group: readonly Waiting[]): Append[] {
  const appends: Append[] = [];
  for (let i = 0; i < group.length;) {
    const { what, receipt } = group[i]!;
    if (!("body" in what)) {
      appends.push({ chunks: what, receipts: receipt === undefined ? [] : [receipt] });
      i++;
      continue;
    }
    const run = group.slice(i).findIndex((next) => !("body" in next.what));
    const some = run < 0 ? group.slice(i) : group.slice(i, i + run);
    const requests = some.map((next) => next.what as SpanRequest);
    const chunks: Chunk[] = [];
    for (let from = 0; from < requests.length;) {
      const n = fitting(requests, from);
      chunks.push(rawChunk(requests.slice(from, from + n)));
      from += n;
    }
    appends.push({ chunks, receipts: some.flatMap((next) => next.receipt ?? []) });
    i += some.length;
  }
  return appends;
}

function byKind(counts: readonly number[]): Record<Kind, number> {
  return Object.fromEntries(KINDS.map((kind, i) => [kind, counts[i]!])) as Record<Kind, number>;
}
