import { assertEquals } from "@std/assert";
import { decodeRecord } from "../decode/record.ts";
import { KIND, WIRE } from "../decode/wire.gen.ts";
import type { TallyEvent } from "../model/kernel_event.ts";
import { Tallies, type TallyTable } from "./watch_tallies.ts";

type Bytes = Uint8Array<ArrayBuffer>;
const KEY = new Uint8Array([1, 2, 3]);

/** A table with at most one entry, as the kernel would keep it. */
class Table implements TallyTable {
  value: Bytes | undefined;
  deleted = 0;

  /** Cumulative. */
  set(sumNs: bigint, bytes: bigint, counts: Record<number, bigint>): void {
    const value = new Uint8Array(WIRE.tally.size);
    const view = new DataView(value.buffer);
    view.setUint16(WIRE.event.kind, KIND.tally, true);
    view.setUint16(WIRE.event.flags, KIND.disk, true);
    view.setUint32(WIRE.event.pid, 41, true);
    view.setBigUint64(WIRE.tally.sum_ns, sumNs, true);
    view.setBigUint64(WIRE.tally.bytes, bytes, true);
    for (const [i, n] of Object.entries(counts)) view.setBigUint64(WIRE.tally.counts + 8 * Number(i), n, true);
    this.value = value;
  }

  *values() {
    if (this.value !== undefined) yield { key: KEY, value: this.value.slice() };
  }

  delete(): void {
    this.value = undefined;
    this.deleted++;
  }
}

function taken(tallies: Tallies, table: Table): [sum: number, count: number][] {
  return tallies.take(table).map((bytes) => {
    const event = decodeRecord(new DataView(bytes.buffer), 0, bytes.byteLength) as TallyEvent;
    return [event.sumNs, event.counts.reduce((sum, n) => sum + n, 0)];
  });
}

Deno.test("Tallies gives what came since the last reading, and nothing twice", () => {
  const table = new Table();
  const tallies = new Tallies(() => true);
  assertEquals(taken(tallies, table), []);
  table.set(500n, 4096n, { 3: 2n });
  assertEquals(taken(tallies, table), [[500, 2]]);
  assertEquals(taken(tallies, table), []);
  table.set(900n, 8192n, { 3: 2n, 4: 1n });
  assertEquals(taken(tallies, table), [[400, 1]]);
  table.set(950n, 8192n, { 3: 2n, 4: 1n }); // caught between sum and count: both come next time
  assertEquals(taken(tallies, table), []);
  table.set(950n, 8192n, { 3: 2n, 4: 2n });
  assertEquals(taken(tallies, table), [[50, 1]]);
  table.value!.fill(0, WIRE.event.kind, WIRE.event.kind + 2); // an entry that is being made
  assertEquals(taken(tallies, table), []);
});

Deno.test("Tallies takes an entry out when its process is gone, and its successor starts anew", () => {
  const table = new Table();
  let alive = true;
  const tallies = new Tallies(() => alive);
  table.set(500n, 0n, { 1: 1n });
  for (let i = 0; i < 21; i++) tallies.take(table);
  assertEquals(table.deleted, 0);
  alive = false;
  for (let i = 0; i < 10; i++) tallies.take(table);
  assertEquals(table.deleted, 1);
  table.set(70n, 0n, { 1: 1n });
  assertEquals(taken(tallies, table), [[70, 1]]);
});
