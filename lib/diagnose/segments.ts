/** Segments sent, so that those sent again become a rate: by process, and peer or served port. */
import { processKey, type SegmentsEvent, type Tuple } from "../model/kernel_event.ts";
import type { Endpoint, Row, RowKey } from "./row.ts";

/** Linux gives clients ports from here on, as bpf/owners.bpf.h has it. */
const EPHEMERAL = 32_768;
const MAX_ENDS = 16_384;

/** Which end of a connection makes its row: the other one, or a server's own, whose clients have a port each. */
export function endOf({ srcIp, srcPort, dstIp, dstPort }: Tuple): Pick<RowKey, "peer" | "role" | "local"> {
  const server = srcPort < EPHEMERAL && dstPort >= EPHEMERAL;
  if (server) return { role: "server", peer: null, local: { ip: srcIp, port: srcPort } };
  return { peer: { ip: dstIp, port: dstPort } };
}

/** Bounded: processes and ends beyond the bound have no rate. */
export class SegmentsSent {
  readonly #ends = new Map<string, number>();

  add({ owner, role, end, segments }: SegmentsEvent): void {
    const key = keyOf(processKey(owner), role, end);
    const known = this.#ends.get(key);
    if (known === undefined && this.#ends.size >= MAX_ENDS) return;
    this.#ends.set(key, (known ?? 0) + segments);
  }

  /** What the process of this row sent to its other end; 0 where that is not known, or no segments are meant. */
  of({ key, who }: Row): number {
    if (key.kind !== "tcp_retransmits_total") return 0;
    const end = key.local ?? key.peer;
    return end === null ? 0 : this.#ends.get(keyOf(who.process, key.role ?? "client", end)) ?? 0;
  }
}

function keyOf(process: string, role: SegmentsEvent["role"], { ip, port }: Endpoint): string {
  return `${process}|${role}|${ip}:${port}`;
}
