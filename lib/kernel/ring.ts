/**
 * Reads a BPF ring buffer by mapping it: no callback through FFI per record, no copy before the record is looked at.
 *
 * The kernel lays the ring out as one consumer page, one producer page, and the data mapped twice in a row, so that a record
 * that wraps is contiguous. A record is an 8-byte header (length with a busy and a discard bit) and its bytes, rounded up to 8.
 */
import { libc, pageSize } from "../host/libc.ts";
import { IoError } from "../model/errors.ts";

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffffffffffffffffn;
const BUSY = 0x80000000;
const DISCARD = 0x40000000;
const HEADER_BYTES = 8;
/**
 * A record's bytes may be looked at only after its header says that it is finished. x86 keeps two loads in order by itself; elsewhere
 * Atomics does. V8 makes a call of every Atomics.load, 6 ns: more than all the rest of the loop.
 */
const LOADS_KEEP_ORDER = Deno.build.arch === "x86_64";
/** Called with the ring's memory and the place of one record. The memory is the kernel's again once the call returns. */
export type OnRecord = (view: DataView, offset: number, length: number) => void;

export class Ring implements Disposable {
  readonly #consumer: BigUint64Array;
  readonly #producer: BigUint64Array;
  readonly #headers: Int32Array;
  readonly #view: DataView;
  readonly #mask: number;
  readonly #mapped: { pointer: Deno.PointerObject; length: number }[] = [];

  /** Maps the ring behind `fd`. `bytes` is the ring's size (max_entries). */
  constructor(fd: number, bytes: number) {
    const page = pageSize();
    this.#consumer = new BigUint64Array(this.#map(fd, page, PROT_READ | PROT_WRITE, 0));
    const rest = this.#map(fd, page + 2 * bytes, PROT_READ, page);
    this.#producer = new BigUint64Array(rest, 0, 1);
    this.#headers = new Int32Array(rest, page, (2 * bytes) / 4);
    this.#view = new DataView(rest, page, 2 * bytes);
    this.#mask = bytes - 1;
  }

  #map(fd: number, length: number, protection: number, offset: number): ArrayBuffer {
    const pointer = libc().mmap(null, BigInt(length), protection, MAP_SHARED, fd, BigInt(offset));
    // Failure is -1 cast to a pointer, not null: looking at it would be a segmentation fault.
    if (pointer === null || BigInt(Deno.UnsafePointer.value(pointer)) === MAP_FAILED) {
      this[Symbol.dispose]();
      throw new IoError(
        `Cannot map the ring buffer: ${length} bytes refused`,
        "Check the memory limit of this process",
      );
    }
    this.#mapped.push({ pointer, length });
    return Deno.UnsafePointerView.getArrayBuffer(pointer, length);
  }

  /** Hands every finished record to `onRecord`, oldest first, `most` at the most. Returns how many there were. */
  drain(onRecord: OnRecord, most = Infinity): number {
    let position = Number(Atomics.load(this.#consumer, 0));
    const end = Number(Atomics.load(this.#producer, 0));
    let records = 0;
    while (position < end && records < most) {
      const at = position & this.#mask;
      const header = LOADS_KEEP_ORDER ? this.#headers[at >> 2]! : Atomics.load(this.#headers, at >> 2);
      if (header & BUSY) break;
      const length = header & ~(BUSY | DISCARD);
      if (!(header & DISCARD)) {
        onRecord(this.#view, at + HEADER_BYTES, length);
        records++;
      }
      position += (length + HEADER_BYTES + 7) & ~7;
    }
    Atomics.store(this.#consumer, 0, BigInt(position));
    return records;
  }

  /** Written and not drained yet. */
  get waitingBytes(): number {
    return Number(Atomics.load(this.#producer, 0) - Atomics.load(this.#consumer, 0));
  }

  [Symbol.dispose](): void {
    for (const { pointer, length } of this.#mapped.splice(0)) libc().munmap(pointer, BigInt(length));
  }
}
