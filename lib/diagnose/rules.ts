/** When a row becomes a finding, what it cost, and what it was compared with. Hints are the catalogue's; the rest stands here. */
import type { SeenElsewhere } from "../model/diagnosis.ts";
import type { SignalName } from "../model/signals.ts";
import { SIGNALS } from "../model/signals.ts";
import { duration, ms, plural } from "../report/format.ts";
import { COMPARED, type RunElsewhere } from "./elsewhere.ts";
import { BY_KERNEL } from "./host_rows.ts";
import type { Row } from "./row.ts";

/** A failure costs what it took, but at least this: the usual delay before a retry. */
const FAILURE_MS = 1000;
/** Segments sent again to one peer that make a finding, and the least the kernel waits before it sends one again. */
const RETRANSMITS = 5;
const RTO_MS = 200;
/** A connect waits for so long before it repeats its SYN. */
const SYN_RTO_MS = 1000;
/** Fewer than this share of what was sent is normal on long lines. */
const LOSSY_SHARE = 0.005;
/** A rare slow one among many fast is told when all of them together lost this much. */
const RARE_BUT_COSTLY_MS = 1000;
/** A pause inside an answer that a reader notices. */
const LONG_GAP_MS = 1000;
/** Unread bytes below this much lost time are scheduling noise. */
const UNREAD_MS = 100;
/** CPU: the worst thread waited this share of the window, and no less than this much. */
const STARVED_SHARE = 0.1;
const STARVED_MS = 100;
/** CPU: or this many waits over the hint that together are this share of the window. */
const LONG_WAITS = 5;
const LONG_WAITS_SHARE = 0.01;
/** Quota: throttled this share of the window (all threads together), or once for longer than the hint. */
const THROTTLED_SHARE = 0.005;

/** What was sent again, as it stands in `causes`. */
export const RETRANSMITTED = { data: "data", syn: "SYN", synack: "SYN-ACK", tlp: "loss probe" } as const;

/** What an occurrence is measured against, per kind; null: nothing to measure against. */
export const HINTS: ReadonlyMap<SignalName, number | null> = new Map([
  ...SIGNALS.map((row) => [row.signal, row.unit === "ms" ? row.elevated : null] as const),
  ["stream_gap_ms", LONG_GAP_MS],
]);

/** Disk: below this much time over the hint it is one slow request, and nobody notices. */
const DISK_MS = 100;
/** Memory: reclaim took this share of the window (all threads together), or once longer than the hint. */
const RECLAIM_SHARE = 0.005;

/** Stolen CPU time that is felt: the catalogue's hint, over the whole window. */
const STEAL_SHARE = (SIGNALS.find(({ signal }) => signal === "cpu_steal_pct")?.elevated ?? 2) / 100;

export interface Verdict {
  readonly harmMs: number;
  readonly comparedWith: string;
}

/** Longest wait of one thread, in ms, all its waits added up. */
export function worstThreadMs(row: Row): number {
  return Math.max(0, ...row.threads.values());
}

function slow(row: Row, leastHarmMs = 0): Verdict | null {
  if (row.hint === null || row.over === 0 || row.excessMs < leastHarmMs) return null;
  if (row.series.quantile(0.95) < row.hint && row.excessMs < RARE_BUT_COSTLY_MS) return null;
  return { harmMs: row.excessMs, comparedWith: `hint ${duration(row.hint)}` };
}

function failures(row: Row): number {
  return [...row.causes.values()].reduce((sum, times) => sum + times, 0);
}

function lossy({ series, causes, sent }: Row): Verdict | null {
  if (series.count < RETRANSMITS || series.count < LOSSY_SHARE * sent) return null;
  const syns = causes.get(RETRANSMITTED.syn) ?? 0;
  const share = sent === 0 ? "" : ` and ${LOSSY_SHARE * 100} % of those sent`;
  return {
    harmMs: (series.count - syns) * RTO_MS + syns * SYN_RTO_MS,
    comparedWith: `${RETRANSMITS} segments${share} (each counts as ${RTO_MS} ms, a SYN as ${SYN_RTO_MS} ms)`,
  };
}

/** Occurrences, and how many times what others saw of the same peer, that make a process's own trouble; the share of the hint it exceeds. */
const OWN_COUNT = 5;
const OWN_TIMES = 5;
const OWN_SHARE = 0.25;

/**
 * Judges one row against a window of this many ms, and against what the same run saw elsewhere; null: nothing to tell. What others got
 * from the same peer in a fifth of the time is a finding under the hint too.
 */
export function judge(row: Row, windowMs: number, elsewhere: RunElsewhere): Verdict | null {
  const verdict = judgeAlone(row, windowMs);
  if (!COMPARED.has(row.key.kind)) return verdict;
  const { series, hint } = row;
  const others = elsewhere.otherProcesses(row);
  const p50 = series.quantile(0.5);
  if (verdict === null) {
    if (others === null || hint === null || series.count < OWN_COUNT) return null;
    if (p50 < OWN_TIMES * others.p50 || p50 - others.p50 < OWN_SHARE * hint) return null;
    const harmMs = Math.max(0, series.sum - series.count * others.p50);
    return { harmMs, comparedWith: `${words(others)} by ${plural(others.of, "other process", "other processes")}` };
  }
  const peers = elsewhere.otherPeers(row);
  const seen = [
    others === null ? "" : `; ${words(others)} by ${plural(others.of, "other process", "other processes")}`,
    peers === null ? "" : `; ${words(peers)} with ${plural(peers.of, "other peer")}`,
  ];
  return { ...verdict, comparedWith: verdict.comparedWith + seen.join("") };
}

function words({ p50, count: n }: SeenElsewhere): string {
  return `${ms(p50)} (median of ${n})`;
}

function judgeAlone(row: Row, windowMs: number): Verdict | null {
  const { series, hint } = row;
  switch (row.key.kind) {
    case "dns_errors_total":
    case "connect_errors_total":
    case "tls_handshake_fail_total":
      return {
        harmMs: Math.max(series.sum, series.count * FAILURE_MS),
        comparedWith: `no failures (each counts as ${duration(FAILURE_MS)} at least)`,
      };
    case "tcp_retransmits_total": // each costs a retransmission timeout at least; a few on a busy line are normal
      return lossy(row);
    case "runqueue_delay_ms": {
      const worst = worstThreadMs(row);
      const starved = worst >= Math.max(STARVED_MS, STARVED_SHARE * windowMs);
      const longMs = row.excessMs + row.over * (hint ?? 0);
      const often = row.over >= LONG_WAITS && longMs >= Math.max(STARVED_MS, LONG_WAITS_SHARE * windowMs);
      if (!starved && !often) return null;
      const comparedWith = starved
        ? `${STARVED_SHARE * 100} % of the window for one thread`
        : `${LONG_WAITS - 1} waits of hint ${duration(hint ?? 0)} or more`;
      return { harmMs: series.sum, comparedWith };
    }
    case "cfs_throttled_ms": {
      if (series.max >= (hint ?? 0)) return { harmMs: series.sum, comparedWith: `hint ${duration(hint ?? 0)}` };
      if (series.sum < THROTTLED_SHARE * windowMs) return null;
      return { harmMs: series.sum, comparedWith: `${THROTTLED_SHARE * 100} % of the window` };
    }
    case "mem_reclaim_latency_ms": {
      if (series.max >= (hint ?? 0)) return { harmMs: series.sum, comparedWith: `hint ${duration(hint ?? 0)}` };
      if (series.sum < RECLAIM_SHARE * windowMs) return null;
      return { harmMs: series.sum, comparedWith: `${RECLAIM_SHARE * 100} % of the window` };
    }
    case "disk_io_latency_ms": {
      if (row.causes.size > 0) {
        return { harmMs: Math.max(row.excessMs, failures(row) * FAILURE_MS), comparedWith: "no failed requests" };
      }
      // Nobody is known to wait for what a kernel thread writes back: who does, waits in a call of its own.
      return row.key.what?.endsWith(BY_KERNEL) ? null : slow(row, DISK_MS);
    }
    case "cpu_steal_pct": {
      const share = row.capacityMs === 0 ? 0 : series.sum / row.capacityMs;
      if (share < STEAL_SHARE) return null;
      return { harmMs: series.sum, comparedWith: `${STEAL_SHARE * 100} % of all CPU time` };
    }
    case "stream_gap_ms": // one long pause is one too many
      return row.over === 0 ? null : { harmMs: row.excessMs, comparedWith: duration(LONG_GAP_MS) };
    case "socket_wait_ms":
      return slow(row, UNREAD_MS);
    default:
      return slow(row);
  }
}
