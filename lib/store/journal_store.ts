/**
 * A store on disk: an embedded database with a write-ahead log. One thread writes; appends that wait are committed together, and each
 * resolves after the sync that covers it. Reads are done here, on a connection of their own.
 */
import type { Receipt } from "../model/receipt.ts";
import { Overload } from "../model/overload.ts";
import { encodeChunks } from "./chunk.ts";
import { databasePath } from "./journal_db.ts";
import { JournalReader } from "./journal_reader.ts";
import { JournalReads } from "./journal_reads.ts";
import type { FromWriter, ToWriter } from "./journal_worker.ts";
import type { Append, JournalState, WriterOptions } from "./journal_writer.ts";
import { type Kind, KINDS, type NewEntry, type Store, type StoreState } from "./store.ts";
import { told } from "./store_errors.ts";

export type JournalOptions = Omit<WriterOptions, "nowMs">;

interface Waiting {
  readonly append: Append;
  readonly entries: number;
  readonly chars: number;
  readonly resolve: (given: { first: number; last: number }) => void;
  readonly reject: (error: unknown) => void;
}

/** Groups on their way: one is synced while the next is written down. */
const GROUPS = 2;
/** Characters of one group, and of everything that waits, at most. */
const GROUP_CHARS = 8 << 20;
const MOST_CHARS = 128 << 20;

export class JournalStore extends JournalReads implements Store {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #chars = 0;
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
    if (this.#chars > MOST_CHARS) return Promise.reject(new Overload("the disk is slower than what comes", 1));
    const chunks = encodeChunks(entries);
    const chars = chunks.reduce((sum, { text }) => sum + text.length, 0);
    this.#chars += chars;
    return new Promise((resolve, reject) => {
      const append = { chunks, receipt: receipt ?? null };
      this.#waiting.push({ append, entries: entries.length, chars, resolve, reject });
      this.#send();
    });
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

  #send(): void {
    while (this.#groups < GROUPS && this.#waiting.length > 0 && this.#lost === null) {
      const group: Waiting[] = [];
      for (let chars = 0; this.#waiting.length > 0 && chars < GROUP_CHARS;) {
        const next = this.#waiting.shift()!;
        chars += next.chars;
        group.push(next);
      }
      this.#groups++;
      const before = { type: "commit", appends: group.map(({ append }) => append) } as const;
      void this.#ask(before).then((answer) => {
        this.#groups--;
        this.#settle(group, answer);
        this.#send();
      });
    }
  }

  #settle(group: readonly Waiting[], answer: FromWriter): void {
    for (const { chars } of group) this.#chars -= chars;
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

  #ask(message: ToWriter): Promise<FromWriter> {
    return new Promise((resolve) => {
      this.#sent.push(resolve);
      this.#worker.postMessage(message);
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

function byKind(counts: readonly number[]): Record<Kind, number> {
  return Object.fromEntries(KINDS.map((kind, i) => [kind, counts[i]!])) as Record<Kind, number>;
}
