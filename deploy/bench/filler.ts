/** A ring of our own, and the program that fills it. */
import { type BpfMap, u32Key } from "../../lib/kernel/bpf_map.ts";
import { BpfObject } from "../../lib/kernel/bpf_object.ts";
import { testRun } from "../../lib/kernel/test_run.ts";

/** MAX_RECORDS and MAX_RECORD_BYTES of fill.bpf.c, and the head of its struct record. */
const MAX_RECORDS = 4096;
const MAX_RECORD_BYTES = 1024;
const HEAD_BYTES = 8;

export class Filler implements Disposable {
  readonly #object: BpfObject;
  readonly ring: BpfMap;
  /** Of the program; a worker of this process may run it too. */
  readonly programFd: number;
  /** How many records it writes in turn. */
  readonly kinds: number;

  /** @param records what is written, in turn; of more than 4096 only the first */
  constructor(object: Uint8Array<ArrayBuffer>, records: readonly Uint8Array[]) {
    this.#object = BpfObject.load("fill", object, { config: new Uint8Array(), without: new Set(), shared: new Map() });
    this.ring = this.#object.maps.get("events")!;
    this.programFd = this.#object.programs[0]!.fd;
    const kept = records.slice(0, MAX_RECORDS);
    this.kinds = kept.length;
    kept.forEach((record, i) => {
      const value = new Uint8Array(HEAD_BYTES + MAX_RECORD_BYTES);
      new DataView(value.buffer).setUint32(0, record.byteLength, true);
      value.set(record, HEAD_BYTES);
      this.#object.maps.get("records")!.update(u32Key(i), value);
    });
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }
}

/** Writes records through the program behind a descriptor; remembers which comes next. */
export class Writer {
  readonly #order: BigUint64Array<ArrayBuffer>;

  constructor(readonly programFd: number, kinds: number) {
    this.#order = new BigUint64Array([0n, 0n, BigInt(kinds), 0n]); // struct order of fill.bpf.c
  }

  /** Returns how many of `count` were lost because the ring was full. @throws IoError */
  write(count: number): number {
    this.#order[0] = BigInt(count);
    testRun(this.programFd, new Uint8Array(this.#order.buffer));
    return Number(this.#order[3]);
  }
}
