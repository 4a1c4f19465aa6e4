import type { Refusal } from "../decode/record.ts";
import { KIND } from "../decode/wire.gen.ts";
import type { KernelEvent } from "../model/kernel_event.ts";
import type { SignalName } from "../model/signals.ts";

/** Which probe sends a kind of record. */
const PROBE_OF_KIND: Readonly<Record<number, string>> = {
  [KIND.dns]: "dns_latency",
  [KIND.connect]: "connect_latency",
  [KIND.exchange]: "stream",
  [KIND.gap]: "stream",
  [KIND.unread]: "stream",
  [KIND.runq]: "runqueue_delay",
  [KIND.throttled]: "runqueue_delay",
  [KIND.wait_sum]: "runqueue_delay",
  [KIND.timer]: "syscall_latency",
  [KIND.tls]: "tls_handshake",
  [KIND.retransmit]: "tcp_retransmit",
  [KIND.reclaim]: "mem_reclaim",
  [KIND.disk]: "disk_io",
  [KIND.syscall]: "syscall_latency",
};

/** The same of a tally, by what it is of. */
const PROBE_OF_TALLY = { disk: "disk_io", syscall: "syscall_latency", turn: "stream" } as const;

/** The same by the kind's name. */
const PROBE_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(KIND).flatMap(([name, kind]) =>
    PROBE_OF_KIND[kind] === undefined ? [] : [[name, PROBE_OF_KIND[kind]]]
  ),
);

/** The probe an event is of; undefined: it comes from no probe's record. */
export function probeOf(event: KernelEvent): string | undefined {
  return event.kind === "tally" ? PROBE_OF_TALLY[event.of.kind] : PROBE_OF.get(event.kind);
}

const TABLE_FULL = /_table_full$/;
/** Stands for every probe: a refused record may have been anyone's. */
const DECODER = "decode";

/**
 * What was lost, by name: for each attached probe the records the ring had no room for (0 is told too), `<probe>_table_full` for what
 * it did not follow because its table was full, and `decode_<why>` for records that were refused when read.
 */
export function dropsByName(
  attached: readonly string[],
  lostByKind: readonly number[],
  refused: Partial<Record<Refusal, number>>,
  untrackedByKind: readonly number[] = [],
): Record<string, number> {
  const drops: Record<string, number> = Object.fromEntries(attached.map((probe) => [probe, 0]));
  const add = (byKind: readonly number[], suffix: string) =>
    byKind.forEach((lost, kind) => {
      const name = `${PROBE_OF_KIND[kind] ?? `kind_${kind}`}${suffix}`;
      if (lost > 0) drops[name] = (drops[name] ?? 0) + lost;
    });
  add(lostByKind, "");
  add(untrackedByKind, "_table_full");
  for (const [why, count] of Object.entries(refused)) drops[`decode_${why}`] = count;
  return drops;
}

/** Which signal a kind of record gives most of; a failure comes in the record of what failed. */
const SIGNAL_OF_KIND: Readonly<Record<number, SignalName>> = {
  [KIND.dns]: "dns_latency_ms",
  [KIND.connect]: "connect_latency_ms",
  [KIND.exchange]: "stream_ttft_ms",
  [KIND.gap]: "stream_gap_ms",
  [KIND.unread]: "socket_wait_ms",
  [KIND.runq]: "runqueue_delay_ms",
  [KIND.throttled]: "cfs_throttled_ms",
  [KIND.wait_sum]: "runqueue_delay_ms",
  [KIND.tls]: "tls_handshake_ms",
  [KIND.retransmit]: "tcp_retransmits_total",
  [KIND.reclaim]: "mem_reclaim_latency_ms",
  [KIND.disk]: "disk_io_latency_ms",
  [KIND.syscall]: "syscall_latency_ms",
};

/** The same by signal, of those that lost any: what the ring had no room for and what no table could follow, by kind number. */
export function dropsBySignal(...lostByKind: readonly (readonly number[])[]): Partial<Record<SignalName, number>> {
  const drops: Partial<Record<SignalName, number>> = {};
  for (const byKind of lostByKind) {
    byKind.forEach((lost, kind) => {
      const signal = SIGNAL_OF_KIND[kind];
      if (lost > 0 && signal !== undefined) drops[signal] = (drops[signal] ?? 0) + lost;
    });
  }
  return drops;
}

/** How many there are of each kind. */
export function countKinds(events: Iterable<{ readonly kind: string }>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of events) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/**
 * Share of what happened that was told, of the probe that lost most; refused records count against all. What is lost is lost where most
 * happens, and makes it look calmer.
 *
 * @param told records handed over, by kind of event
 * @param drops by name, as `dropsByName` gives them
 */
export function keptShare(told: Readonly<Record<string, number>>, drops: Readonly<Record<string, number>>): number {
  const had: Record<string, number> = {};
  for (const [kind, count] of Object.entries(told)) {
    const probe = PROBE_OF_KIND[(KIND as Readonly<Record<string, number>>)[kind] ?? -1] ?? "";
    had[probe] = (had[probe] ?? 0) + count;
    had[DECODER] = (had[DECODER] ?? 0) + count;
  }
  const lost: Record<string, number> = {};
  for (const [name, count] of Object.entries(drops)) {
    const probe = name.startsWith("decode_") ? DECODER : name.replace(TABLE_FULL, "");
    lost[probe] = (lost[probe] ?? 0) + count;
  }
  const shares = Object.entries(lost).filter(([, count]) => count > 0).map(([probe, count]) => {
    const kept = had[probe] ?? 0;
    return kept / (kept + count);
  });
  return Math.min(1, ...shares);
}
