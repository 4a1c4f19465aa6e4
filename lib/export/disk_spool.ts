/**
 * A spool in a directory: numbered segments that are only added to, and `cursor.json`, which says how far they were sent. A process
 * that is killed loses nothing it appended (the kernel holds it); a machine that loses power may lose the last seconds. What was sent
 * in the moment of a kill is sent again after it: receivers see it once or twice, never not at all.
 */
import { IoError } from "../model/errors.ts";
import { Segment } from "./spool_segment.ts";
import type { Parcel, Spool, SpoolState } from "./spool.ts";
import { encodeRecord } from "./spool_record.ts";

export interface DiskSpoolOptions {
  /** Made when it is not there; readable by its owner only. One process at a time. */
  readonly directory: string;
  readonly maxBytes: number;
}

/** Room is made by whole segments: so many fit. */
const SEGMENTS = 8;
const CURSOR = "cursor.json";

/** @throws IoError when it cannot be written, or another process has it. */
export async function openDiskSpool({ directory, maxBytes }: DiskSpoolOptions): Promise<Spool> {
  try {
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    const lock = await Deno.open(`${directory}/lock`, { create: true, write: true, mode: 0o600 });
    if (!await lock.tryLock(true)) {
      lock.close();
      throw new IoError(`Cannot use "${directory}": another process sends from it`, "Give each process its own folder");
    }
    const spool = new DiskSpool(directory, maxBytes, lock);
    await spool.recover();
    return spool;
  } catch (error) {
    throw error instanceof IoError ? error : refusal(directory, error);
  }
}

class DiskSpool implements Spool {
  readonly #segments: Segment[] = [];
  #dropped = 0;
  #damaged = 0;
  #out: { readonly segment: Segment; readonly parcel: Parcel } | null = null;
  /** One operation after another: the writer and the sender share the files. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(
    private readonly directory: string,
    private readonly maxBytes: number,
    private readonly lock: Deno.FsFile,
  ) {}

  get state(): SpoolState {
    const sum = (of: (segment: Segment) => number) => this.#segments.reduce((total, one) => total + of(one), 0);
    return {
      parcels: sum((one) => one.parcels),
      items: sum((one) => one.items),
      bytes: sum((one) => one.size),
      dropped: this.#dropped,
      damaged: this.#damaged,
    };
  }

  /** Takes up what an earlier process left. */
  async recover(): Promise<void> {
    const names = [];
    for await (const { name, isFile } of Deno.readDir(this.directory)) {
      if (isFile && /^\d{16}\.spool$/.test(name)) names.push(name);
    }
    const cursor = await this.#readCursor();
    for (const name of names.sort()) {
      const number = Number(name.slice(0, 16));
      const segment = await Segment.open(this.directory, number);
      this.#damaged += segment.takeDamaged();
      if (number < cursor.segment) await segment.remove();
      else {
        if (number === cursor.segment) await segment.skipTo(cursor.offset);
        this.#segments.push(segment);
      }
    }
    await this.#makeRoom(0);
  }

  append(parcel: Parcel): Promise<boolean> {
    return this.#inTurn(async () => {
      const record = encodeRecord(parcel);
      if (record.length > this.maxBytes) return false;
      await this.#makeRoom(record.length);
      let last = this.#segments.at(-1);
      if (last === undefined || last.full || last.size + record.length > this.maxBytes / SEGMENTS) {
        const next = await Segment.create(this.directory, (last?.number ?? Date.now()) + 1);
        await last?.settle();
        this.#segments.push(last = next);
      }
      await last.append(record, parcel.items);
      return true;
    });
  }

  next(): Promise<Parcel | null> {
    return this.#inTurn(async () => {
      for (let segment = this.#segments[0]; segment !== undefined; segment = this.#segments[0]) {
        const parcel = await segment.read();
        this.#damaged += segment.takeDamaged();
        if (parcel !== null) {
          this.#out = { segment, parcel };
          return parcel;
        }
        if (this.#segments.length === 1) return null;
        await this.#removeFirst();
      }
      return null;
    });
  }

  done(): Promise<void> {
    return this.#inTurn(async () => {
      const out = this.#out;
      this.#out = null;
      if (out === null || this.#segments[0] !== out.segment) return;
      out.segment.advance();
      if (out.segment.parcels === 0 && this.#segments.length > 1) await this.#removeFirst();
      await this.#writeCursor();
    });
  }

  again(): Promise<void> {
    return this.#inTurn(() => {
      const out = this.#out;
      this.#out = null;
      if (out !== null && !this.#segments.includes(out.segment)) this.#dropped += out.parcel.items;
      return Promise.resolve();
    });
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#closed) return;
      this.#closed = true;
      await this.#segments.at(-1)?.settle().catch(() => {});
      for (const segment of this.#segments) segment.close();
      this.lock.close();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #makeRoom(bytes: number): Promise<void> {
    while (this.#segments.length > 0 && this.state.bytes + bytes > this.maxBytes) {
      const first = this.#segments[0]!;
      this.#dropped += first.items - (this.#out?.segment === first ? this.#out.parcel.items : 0);
      await this.#removeFirst();
      await this.#writeCursor();
    }
  }

  async #removeFirst(): Promise<void> {
    await this.#segments.shift()!.remove();
  }

  async #readCursor(): Promise<{ segment: number; offset: number }> {
    try {
      const { segment, offset } = JSON.parse(await Deno.readTextFile(`${this.directory}/${CURSOR}`));
      if (Number.isSafeInteger(segment) && Number.isSafeInteger(offset)) return { segment, offset };
    } catch {
      // Not there, or cut: everything that is there is sent again.
    }
    return { segment: 0, offset: 0 };
  }

  /** Whole or not at all. */
  async #writeCursor(): Promise<void> {
    const first = this.#segments[0];
    if (first === undefined) return;
    const path = `${this.directory}/${CURSOR}`;
    await Deno.writeTextFile(`${path}.new`, JSON.stringify({ segment: first.number, offset: first.at }), {
      mode: 0o600,
    });
    await Deno.rename(`${path}.new`, path);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work).catch((error) => {
      throw refusal(this.directory, error);
    });
    this.#turn = mine.catch(() => {});
    return mine;
  }
}

function refusal(directory: string, error: unknown): IoError {
  const message = error instanceof Error ? error.message : String(error);
  const state = message.includes("os error 28") ? "the disk is full" : message;
  return new IoError(`Cannot spool in "${directory}": ${state}`, "Make room, or name another folder");
}
