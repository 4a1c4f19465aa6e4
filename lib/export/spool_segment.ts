/** One file of a spool on disk: added to at its end, read from its start. A torn end, left by a crash, is cut off. */
import { decodeHeader, HEADER_BYTES, isWhole, type RecordHeader } from "./spool_record.ts";
import type { Parcel } from "./spool.ts";

export class Segment {
  /** Offset of the next parcel to send. */
  at = 0;
  /** Bytes of the file. */
  size = 0;
  /** Left to send, with their items. */
  parcels = 0;
  items = 0;
  damaged = 0;
  /** Nothing is added any more: its end is damaged, or a later one has begun. */
  full = false;
  #current: RecordHeader | null = null;

  private constructor(readonly number: number, private readonly path: string, private readonly file: Deno.FsFile) {}

  static async create(directory: string, number: number): Promise<Segment> {
    const path = pathOf(directory, number);
    const file = await Deno.open(path, { createNew: true, read: true, write: true, mode: 0o600 });
    return new Segment(number, path, file);
  }

  /** Walks from header to header; the payloads are looked at when they are sent. */
  static async open(directory: string, number: number): Promise<Segment> {
    const path = pathOf(directory, number);
    const segment = new Segment(number, path, await Deno.open(path, { read: true, write: true }));
    const { size } = await segment.file.stat();
    let at = 0;
    while (at < size) {
      const header = await segment.#header(at);
      const end = header === null ? Infinity : at + HEADER_BYTES + header.bytes;
      if (end > size) break;
      segment.parcels++;
      segment.items += header!.items;
      at = end;
    }
    if (at < size) {
      segment.damaged = 1;
      await segment.file.truncate(at);
    }
    segment.size = at;
    return segment;
  }

  /** What lies before `offset` was sent. */
  async skipTo(offset: number): Promise<void> {
    while (this.at < offset && this.at < this.size) {
      const header = (await this.#header(this.at))!;
      this.#pass(header);
    }
  }

  async append(record: Uint8Array, items: number): Promise<void> {
    await this.file.seek(this.size, Deno.SeekMode.Start);
    try {
      for (let done = 0; done < record.length;) done += await this.file.write(record.subarray(done));
    } catch (error) {
      // A full disk: what came before stays readable, and the next attempt begins at the same place.
      await this.file.truncate(this.size).catch(() => this.full = true);
      throw error;
    }
    this.size += record.length;
    this.parcels++;
    this.items += items;
  }

  /** The next parcel; null at the end. Damaged ones are passed over. */
  async read(): Promise<Parcel | null> {
    while (this.at < this.size) {
      const header = await this.#header(this.at);
      if (header === null) {
        // Written over behind our back: nothing after this can be found.
        this.damaged += Math.max(1, this.items);
        this.at = this.size;
        this.parcels = this.items = 0;
        this.full = true;
        return null;
      }
      const payload = await this.#bytes(this.at + HEADER_BYTES, header.bytes);
      if (isWhole(header, payload)) {
        this.#current = header;
        return { payload, items: header.items };
      }
      this.damaged += header.items;
      this.#pass(header);
    }
    return null;
  }

  /** Behind the parcel that `read` gave last. */
  advance(): void {
    if (this.#current !== null) this.#pass(this.#current);
  }

  /** Items found damaged since the last call. */
  takeDamaged(): number {
    const found = this.damaged;
    this.damaged = 0;
    return found;
  }

  /** Onto the disk, and no more is added. */
  async settle(): Promise<void> {
    await this.file.sync();
  }

  close(): void {
    this.file.close();
  }

  async remove(): Promise<void> {
    this.close();
    await Deno.remove(this.path).catch(() => {});
  }

  #pass(header: RecordHeader): void {
    this.#current = null;
    this.at += HEADER_BYTES + header.bytes;
    this.parcels--;
    this.items -= header.items;
  }

  async #header(at: number): Promise<RecordHeader | null> {
    return decodeHeader(await this.#bytes(at, HEADER_BYTES));
  }

  /** Shorter at the end of the file. */
  async #bytes(at: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    await this.file.seek(at, Deno.SeekMode.Start);
    let got = 0;
    while (got < length) {
      const n = await this.file.read(bytes.subarray(got));
      if (n === null) break;
      got += n;
    }
    return got === length ? bytes : bytes.slice(0, got);
  }
}

function pathOf(directory: string, number: number): string {
  return `${directory}/${String(number).padStart(16, "0")}.spool`;
}
