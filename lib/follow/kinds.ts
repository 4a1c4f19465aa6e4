/** The words a person uses for signals. */
import { UsageError } from "../model/errors.ts";
import { nearest } from "../model/nearest.ts";
import { type SignalName, SIGNALS } from "../model/signals.ts";

/** Word -> the signals it stands for, in the order of help. */
export const KINDS = {
  dns: ["dns_latency_ms", "dns_errors_total"],
  connect: ["connect_latency_ms", "connect_errors_total"],
  tls: ["tls_handshake_ms", "tls_handshake_fail_total"],
  first: ["stream_ttft_ms"],
  gap: ["stream_gap_ms"],
  unread: ["socket_wait_ms"],
  resent: ["tcp_retransmits_total"],
  cpu: ["runqueue_delay_ms"],
  throttle: ["cfs_throttled_ms"],
  steal: ["cpu_steal_pct"],
  memory: ["mem_reclaim_latency_ms"],
  disk: ["disk_io_latency_ms"],
  syscall: ["syscall_latency_ms"],
} as const satisfies Readonly<Record<string, readonly SignalName[]>>;

export type Kind = keyof typeof KINDS;

const KIND_OF: ReadonlyMap<string, Kind> = new Map(
  Object.entries(KINDS).flatMap(([kind, signals]) => signals.map((signal) => [signal, kind as Kind])),
);

/** The word for a signal; of one that nobody knows its own name. */
export function kindOf(signal: string): string {
  return KIND_OF.get(signal) ?? signal;
}

/** Words, signals' own names, or `all`. @throws UsageError */
export function followed(words: readonly string[]): Set<SignalName> {
  const wanted = new Set<SignalName>();
  for (const word of words) {
    const row = SIGNALS.find(({ signal }) => signal === word);
    if (row !== undefined) wanted.add(row.signal);
    else if (word === "all") { for (const { signal } of SIGNALS) wanted.add(signal); }
    else if (Object.hasOwn(KINDS, word)) { for (const signal of KINDS[word as Kind]) wanted.add(signal); }
    else throw unknownKind(word);
  }
  return wanted;
}

function unknownKind(word: string): UsageError {
  const words = ["all", ...Object.keys(KINDS)];
  const meant = nearest(word, words);
  return new UsageError(
    `Cannot follow "${word}": there is no such kind` + (meant === undefined ? "" : `; did you mean "${meant}"?`),
    `Use some of: ${words.join(", ")}, or names of signals`,
  );
}
