/** Segments sent, by process and peer, out of the kernel's table. */
import { address, owner, u64 } from "../decode/fields.ts";
import { WIRE } from "../decode/wire.gen.ts";
import type { ProbeSession } from "../kernel/session.ts";
import type { SegmentsEvent } from "../model/kernel_event.ts";

/** Fields of struct sent_key and struct sent, bpf/owners.bpf.h. */
const KEY = { address: 8, port: 28, server: 30 } as const;
const SEGMENTS_AT = WIRE.event.size;

/** What was sent since the last call, on connections that are closed, or were accounted for. */
export function takeSegments(session: ProbeSession, nowNs: number): SegmentsEvent[] {
  const events: SegmentsEvent[] = [];
  for (const { key, value } of [...session.values("tcp_sent")]) {
    if (!session.delete("tcp_sent", key)) continue;
    const [keyView, valueView] = [new DataView(key.buffer), new DataView(value.buffer)];
    events.push({
      kind: "segments",
      tsNs: nowNs,
      owner: owner(valueView, 0),
      role: keyView.getUint16(KEY.server, true) === 0 ? "client" : "server",
      end: { ip: address(keyView, KEY.address), port: keyView.getUint16(KEY.port, true) },
      segments: u64(valueView, SEGMENTS_AT),
    });
  }
  return events;
}
