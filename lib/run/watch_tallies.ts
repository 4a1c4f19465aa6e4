/** What the probes did not tell one by one: the kernel's cumulative tallies, read again and again, as records of what came since. */
import { u64 } from "../decode/fields.ts";
import { KIND, WIRE } from "../decode/wire.gen.ts";
import { startTicksOf } from "../host/process.ts";
import { processStartTicks } from "../host/process_start.ts";
import type { ProbeSession } from "../kernel/session.ts";

/** Readings without a change after which an entry's process is looked for; when it is gone the entry goes too. */
const IDLE_READINGS = 10;

type Bytes = Uint8Array<ArrayBuffer>;

interface Known {
  value: Bytes;
  idle: number;
}

export interface TallyTable {
  values(map: "tallies"): Iterable<{ readonly key: Bytes; readonly value: Bytes }>;
  delete(map: "tallies", key: Bytes): void;
}

export class Tallies {
  readonly #known = new Map<string, Known>();
  readonly #alive: (pid: number, startNs: number) => boolean;

  /** `alive`: whether this very process still runs. */
  constructor(alive: (pid: number, startNs: number) => boolean = isAlive) {
    this.#alive = alive;
  }

  /** Records of what came since the last time; none for what did not change. */
  take(table: TallyTable | ProbeSession): Bytes[] {
    const records: Bytes[] = [];
    for (const { key, value } of [...table.values("tallies")]) {
      const view = viewOf(value);
      if (view.getUint16(WIRE.event.kind, true) !== KIND.tally) continue; // being made just now
      const name = key.toHex();
      const known = this.#known.get(name);
      const since = difference(value, known?.value);
      if (since !== null) {
        records.push(since);
        this.#known.set(name, { value, idle: 0 });
        continue;
      }
      if (known === undefined) continue;
      known.idle++;
      const process = [view.getUint32(WIRE.event.pid, true), u64(view, WIRE.event.process_start_ns)] as const;
      if (known.idle % IDLE_READINGS !== 0 || this.#alive(...process)) continue;
      table.delete("tallies", key);
      this.#known.delete(name);
    }
    return records;
  }
}

/** `now` less `before`, as a record; null when nothing came. Sum and counts are read one after the other: what falls between comes next time. */
function difference(now: Bytes, before: Bytes | undefined): Bytes | null {
  const record = now.slice();
  const [to, from] = [viewOf(record), viewOf(before ?? new Uint8Array(now.byteLength))];
  const subtract = (at: number) => {
    const came = to.getBigUint64(at, true) - from.getBigUint64(at, true);
    to.setBigUint64(at, came, true);
    return came;
  };
  let count = 0n;
  for (let at = WIRE.tally.counts; at < WIRE.tally.size; at += 8) count += subtract(at);
  subtract(WIRE.tally.sum_ns);
  subtract(WIRE.tally.bytes);
  return count === 0n ? null : record;
}

function isAlive(pid: number, startNs: number): boolean {
  return processStartTicks(pid) === startTicksOf(startNs);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
