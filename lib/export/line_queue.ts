/**
 * Lines between who makes them and where they go. Whoever adds one never waits: what the other end does not take in time fills a
 * queue of bounded size, and what finds no room in it is counted.
 */
import type { SloctlError } from "../model/errors.ts";
import { LineBuffer } from "./line_buffer.ts";

/** Takes whole lines as UTF-8, one call after the other. What it rejects with is its end. The bytes are its own until it has resolved. */
export interface LineSink {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  close(): void;
}

export interface LineQueueOptions {
  /** Lines and bytes that may wait, those being written included. */
  readonly mostLines?: number;
  readonly mostBytes?: number;
  /** How long a line may wait for others to be written with it. 0: as soon as the caller lets go. */
  readonly holdMs?: number;
  /** Told once, when the sink has failed: nothing is taken any more. */
  readonly onFailure?: (error: SloctlError) => void;
}

/** Handed over together at about the most: a failing sink loses no more than this. A write costs about as much as 50 lines. */
const BATCH_BYTES = 256 * 1024;
/** Room for the last line of a batch. */
const LINE_BYTES = 4 * 1024;
/** Batches that wait for their next use; more have been needed for a moment, and are given back. */
const SPARE = 4;

export class LineQueue implements Disposable {
  readonly #sink: LineSink;
  readonly #options: Required<LineQueueOptions>;
  /** The oldest first; lines are added to the last. */
  readonly #held: LineBuffer[] = [];
  readonly #spare: LineBuffer[] = [];
  #heldLines = 0;
  #heldBytes = 0;
  #lines = 0;
  #writing: LineBuffer | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failure: SloctlError | undefined;
  #idle: (() => void) | undefined;
  #closed = false;

  constructor(sink: LineSink, options: LineQueueOptions = {}) {
    this.#sink = sink;
    this.#options = { mostLines: 20_000, mostBytes: 16 * 2 ** 20, holdMs: 0, onFailure: () => {}, ...options };
  }

  /** Lines taken so far. */
  get lines(): number {
    return this.#lines;
  }

  /** Lines taken that the sink does not have yet. */
  get waiting(): number {
    return this.#heldLines + (this.#writing?.lines ?? 0);
  }

  get failure(): SloctlError | undefined {
    return this.#failure;
  }

  /** A line without its line feed. False when there is no room, or nobody to give it to: it is lost. */
  push(line: string): boolean {
    return this.add((to) => to.text(line));
  }

  /** The same for one that is written by `write`, which adds one line to what it is given. */
  add(write: (to: LineBuffer) => void): boolean {
    if (this.#failure !== undefined || this.waiting >= this.#options.mostLines) return false;
    const batch = this.#batch();
    const before = batch.length;
    write(batch);
    const bytes = batch.length - before;
    if (this.#heldBytes + (this.#writing?.length ?? 0) + bytes > this.#options.mostBytes) {
      batch.shorten(before);
      return false;
    }
    this.#heldLines++;
    this.#heldBytes += bytes;
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

  #batch(): LineBuffer {
    const last = this.#held.at(-1);
    if (last !== undefined && last.length < BATCH_BYTES) return last;
    const next = this.#spare.pop() ?? new LineBuffer(BATCH_BYTES + LINE_BYTES);
    this.#held.push(next);
    return next;
  }

  #schedule(): void {
    if (this.#heldBytes >= BATCH_BYTES) {
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
    if (this.#writing === null && this.#heldLines > 0 && this.#failure === undefined) void this.#drain();
  }

  async #drain(): Promise<void> {
    while (this.#heldLines > 0) {
      const batch = this.#held.shift()!;
      this.#heldLines -= batch.lines;
      this.#heldBytes -= batch.length;
      this.#writing = batch;
      try {
        await this.#sink.write(batch.bytes);
      } catch (error) {
        this.#failure = error as SloctlError; // what the sink took of this batch nobody knows: it goes on waiting, and is lost
        this.#options.onFailure(this.#failure);
        break;
      }
      this.#writing = null;
      batch.clear();
      if (this.#spare.length < SPARE) this.#spare.push(batch);
    }
    this.#idle?.();
  }
}
