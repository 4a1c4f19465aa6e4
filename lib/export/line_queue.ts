/**
 * Lines between who makes them and where they go. Whoever adds one never waits: what the other end does not take in time fills a
 * queue of bounded size, and what finds no room in it is counted.
 */
import type { SloctlError } from "../model/errors.ts";

/** Takes whole lines, one call after the other. What it rejects with is its end. */
export interface LineSink {
  write(text: string): Promise<void>;
  close(): void;
}

export interface LineQueueOptions {
  /** Lines and characters that may wait, those being written included. */
  readonly mostLines?: number;
  readonly mostChars?: number;
  /** How long a line may wait for others to be written with it. 0: as soon as the caller lets go. */
  readonly holdMs?: number;
  /** Told once, when the sink has failed: nothing is taken any more. */
  readonly onFailure?: (error: SloctlError) => void;
}

/** Handed over together at most: a failing sink loses no more than this. */
const BATCH_CHARS = 64 * 1024;

export class LineQueue implements Disposable {
  readonly #sink: LineSink;
  readonly #options: Required<LineQueueOptions>;
  #held: string[] = [];
  #heldChars = 0;
  #lines = 0;
  #writing: { readonly lines: number; readonly chars: number } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failure: SloctlError | undefined;
  #idle: (() => void) | undefined;
  #closed = false;

  constructor(sink: LineSink, options: LineQueueOptions = {}) {
    this.#sink = sink;
    this.#options = { mostLines: 20_000, mostChars: 16 * 2 ** 20, holdMs: 0, onFailure: () => {}, ...options };
  }

  /** Lines taken so far. */
  get lines(): number {
    return this.#lines;
  }

  /** Lines taken that the sink does not have yet. */
  get waiting(): number {
    return this.#held.length + (this.#writing?.lines ?? 0);
  }

  get failure(): SloctlError | undefined {
    return this.#failure;
  }

  /** A line without its line feed. False when there is no room, or nobody to give it to: it is lost. */
  push(line: string): boolean {
    const chars = this.#heldChars + (this.#writing?.chars ?? 0) + line.length + 1;
    if (this.#failure !== undefined || this.waiting >= this.#options.mostLines || chars > this.#options.mostChars) {
      return false;
    }
    this.#held.push(line);
    this.#heldChars += line.length + 1;
    this.#lines++;
    if (this.#writing === null) this.#schedule();
    return true;
  }

  /** Gives the sink up to `graceMs` for what waits, then closes it. Resolves to the lines it did not take. */
  async close(graceMs: number): Promise<number> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.waiting > 0 && this.#failure === undefined) {
      const empty = new Promise<void>((resolve) => this.#idle = resolve);
      this.#start();
      let late: ReturnType<typeof setTimeout> | undefined;
      await Promise.race([empty, new Promise<void>((resolve) => late = setTimeout(resolve, graceMs))]);
      clearTimeout(late);
    }
    this[Symbol.dispose]();
    return this.waiting;
  }

  /** Lets go of the sink, whatever waits. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    if (this.#closed || (this.#writing !== null && this.#failure === undefined)) return; // a write that hangs ends with the process
    this.#closed = true;
    this.#sink.close();
  }

  #schedule(): void {
    if (this.#heldChars >= BATCH_CHARS) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#start();
    } else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#start();
      }, this.#options.holdMs);
    }
  }

  #start(): void {
    if (this.#writing === null && this.#held.length > 0 && this.#failure === undefined) void this.#drain();
  }

  async #drain(): Promise<void> {
    while (this.#held.length > 0) {
      const batch = this.#takeBatch();
      const text = batch.join("\n") + "\n";
      this.#writing = { lines: batch.length, chars: text.length };
      try {
        await this.#sink.write(text);
      } catch (error) {
        this.#failure = error as SloctlError; // what the sink took of this batch nobody knows: it goes on waiting, and is lost
        this.#options.onFailure(this.#failure);
        break;
      }
      this.#writing = null;
    }
    this.#idle?.();
  }

  #takeBatch(): string[] {
    if (this.#heldChars <= BATCH_CHARS) {
      const all = this.#held;
      this.#held = [];
      this.#heldChars = 0;
      return all;
    }
    let lines = 0;
    for (let chars = 0; lines < this.#held.length; lines++) {
      chars += this.#held[lines]!.length + 1;
      if (lines > 0 && chars > BATCH_CHARS) break;
    }
    const batch = this.#held.splice(0, lines);
    this.#heldChars -= batch.reduce((sum, line) => sum + line.length + 1, 0);
    return batch;
  }
}
