/** Connects that failed inside the call, where nobody saw it return: through io_uring, or MSG_FASTOPEN, on a kernel without function tracing. */
import { u64 } from "../decode/fields.ts";
import { KIND, WIRE } from "../decode/wire.gen.ts";
import { UNKNOWN_ERRNO } from "../model/codes.ts";
import type { ProbeSession } from "../kernel/session.ts";

/** No call takes this long on its way to the first SYN, and next to none the time that is waited at the end. */
const CALL_NS = { usual: 1e9, atEnd: 5e7 } as const;
const UNKNOWN = 0xffffffff;

/** Where struct connect of bpf/connect_latency.bpf.c keeps what follows its header. */
const CALL = {
  start: WIRE.event.size,
  tuple: WIRE.event.size + WIRE.stamp.size,
  cookie: WIRE.event.size + WIRE.stamp.size + WIRE.tuple.size,
} as const;

/** Takes such calls out of the kernel's table, and returns a record for each. `last`: nobody will look again. */
export function sweepConnects(session: ProbeSession, nowNs: number, last: boolean): Uint8Array<ArrayBuffer>[] {
  const records: Uint8Array<ArrayBuffer>[] = [];
  for (const { key, value } of [...session.values("connect_calls")]) {
    const startNs = u64(new DataView(value.buffer), CALL.start);
    if (nowNs - startNs < (last ? CALL_NS.atEnd : CALL_NS.usual) || !session.delete("connect_calls", key)) continue;
    const record = new Uint8Array(WIRE.connect.size);
    const view = new DataView(record.buffer);
    const copy = (from: number, size: number, to: number) => record.set(value.subarray(from, from + size), to);
    copy(0, WIRE.event.size, 0);
    copy(CALL.start, WIRE.stamp.size, WIRE.connect.start);
    copy(CALL.tuple, WIRE.tuple.size, WIRE.connect.tuple);
    copy(CALL.cookie, 8, WIRE.connect.cookie);
    view.setUint16(WIRE.event.kind, KIND.connect, true);
    view.setBigUint64(WIRE.event.ts_ns, BigInt(startNs), true);
    view.setUint32(WIRE.connect.end_clock + WIRE.clock.run_ns + 4, UNKNOWN, true);
    view.setInt32(WIRE.connect.error, UNKNOWN_ERRNO, true);
    records.push(record);
  }
  return records;
}
