import type { Refusal } from "../decode/record.ts";
import { KIND } from "../decode/wire.gen.ts";

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
