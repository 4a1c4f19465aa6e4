/** A finding in one plain sentence: who, how much, of what, with whom, how often. */
import { errnoWords } from "../model/codes.ts";
import type { Observed, Whereabouts } from "../model/diagnosis.ts";
import { count, duration, endpoint, ms, percent, plural } from "../report/format.ts";
import { home } from "./whereabouts.ts";

/** What a sentence needs beside the row itself. */
export interface Facts {
  readonly windowMs: number;
  /** Occurrences at or over the hint, and the hint in ms. */
  readonly over: number;
  readonly hintMs: number | null;
  /** All waits of the thread that waited longest, in ms. */
  readonly worstThreadMs: number;
  /** Stolen CPU time: what all CPUs could have given meanwhile. */
  readonly capacityMs: number;
  /** Positive errno by the name used in `causes`. */
  readonly errnoByName: ReadonlyMap<string, number>;
  /** What the rest of the run says about why; "" where it says nothing. */
  readonly because: string;
}

/** `curl[123]`, or `curl (12 processes)`; what is no process has no number. */
export function subject(row: Pick<Observed, "process" | "processes">): string {
  const { comm, pid } = row.process;
  if (pid === 0) return comm;
  return row.processes === undefined ? `${comm}[${pid}]` : `${comm} (${row.processes} processes)`;
}

/** The same, and where it lives: `python3[812] in pod chat-7f`. */
export function whom(row: Pick<Observed, "process" | "processes"> & Whereabouts): string {
  const where = home(row);
  return where === "" ? subject(row) : `${subject(row)} in ${where}`;
}

/** `api.example.com (10.0.0.1:443)`, `10.0.0.1:443`, or `many clients`. */
export function peerText(row: Pick<Observed, "peer">): string {
  if (row.peer === null) return "many clients";
  const address = endpoint(row.peer.ip, row.peer.port);
  return row.peer.name === undefined ? address : `${row.peer.name} (${address})`;
}

function query(row: Observed): string {
  if (row.query === undefined) return "";
  const { name, others } = row.query;
  return ` about ${name}${others === 0 ? "" : ` and ${plural(others, "other name")}`}`;
}

function resolver(row: Observed): string {
  return row.peer === null ? "" : ` from ${row.peer.ip}`;
}

/** Causes of DNS failures in plain words. */
const NO_ANSWER: Readonly<Record<string, string>> = {
  timeout: "no answer at all",
  abandoned: "given up without an answer",
};

function causes(row: Observed, facts: Facts): string {
  const parts = Object.entries(row.causes ?? {}).sort((a, b) => b[1] - a[1]).map(([cause, times]) => {
    const errno = facts.errnoByName.get(cause);
    const words = NO_ANSWER[cause] ?? (errno === undefined ? cause : `${errnoWords(errno)} (${cause})`);
    return `${times} × ${words}`;
  });
  return parts.join(", ");
}

/** ` (0.8 % of those sent)` */
function share({ count: again, sent }: Observed): string {
  return sent === undefined ? "" : ` (${percent(again / sent)} of those sent)`;
}

/** The sentence of a row that is a finding. No full stop, so that it can stand in a list. */
export function sentence(row: Observed, facts: Facts): string {
  return what(row, facts) + facts.because;
}

function what(row: Observed, facts: Facts): string {
  const who = whom(row);
  // Rare but costly: the p95 is fine, so it would tell the wrong story.
  const rare = facts.hintMs !== null && row.p95 < facts.hintMs;
  const p95 = rare
    ? `up to ${ms(row.max)} (${facts.over} of ${count(row.count)} over the hint)`
    : `${ms(row.p95)} (p95)`;
  const local = row.local === undefined ? "" : ` on ${endpoint(row.local.ip, row.local.port)}`;
  const within = `in the ${duration(facts.windowMs)} watched`;
  switch (row.kind) {
    case "dns_latency_ms":
      return `${who} waited ${p95} for DNS answers${query(row)}${resolver(row)}, ${
        plural(row.count, "query", "queries")
      }`;
    case "dns_errors_total":
      return `${who} got no good DNS answer${query(row)}${resolver(row)}: ${causes(row, facts)}`;
    case "connect_latency_ms":
      return `${who} waited ${p95} to connect to ${peerText(row)}, ${plural(row.count, "connect")}`;
    case "connect_errors_total":
      return `${who} could not connect to ${peerText(row)}: ${causes(row, facts)}`;
    case "tcp_retransmits_total":
      return `${who} had to send ${plural(row.count, "segment")} again${local} to ${peerText(row)}${share(row)}: ` +
        causes(row, facts);
    case "tls_handshake_ms":
      return `${who} waited ${p95} for TLS handshakes${local} with ${peerText(row)}, ${plural(row.count, "handshake")}`;
    case "tls_handshake_fail_total":
      return `${who} could not agree on TLS${local} with ${peerText(row)}: ${causes(row, facts)}`;
    case "stream_ttft_ms": {
      const turns = plural(row.count, "request");
      if (row.role !== "server") return `${who} waited ${p95} for the first byte from ${peerText(row)}, ${turns}`;
      return `${who} took ${p95} to send the first byte of its answers${local} to ${peerText(row)}, ${turns}`;
    }
    case "stream_gap_ms": {
      const [did, whose] = row.role === "server" ? ["made", "its answers"] : ["saw", "answers"];
      return `${who} ${did} pauses of up to ${ms(row.max)} inside ${whose}${local}, peer ${peerText(row)}, ` +
        `${facts.over} of ${duration(facts.hintMs ?? 0)} or more`;
    }
    case "socket_wait_ms":
      return `${who} left received bytes unread for ${p95}${local}, peer ${peerText(row)}, ${
        plural(row.count, "time")
      }`;
    case "runqueue_delay_ms":
      return `${who} was ready to run and waited ${ms(row.total)} for a CPU ${within}, its worst thread ` +
        `${percent(facts.worstThreadMs / facts.windowMs)} of the time; longest wait ${ms(row.max)}, ` +
        `${facts.over} of ${duration(facts.hintMs ?? 0)} or more`;
    case "cfs_throttled_ms":
      if (row.process.pid === 0) {
        const whose = home(row);
        return `control group ${row.cgroup}${whose === "" ? "" : ` (${whose})`} was stopped by its CPU quota for ${
          ms(row.total)
        } ${within}, ` +
          `all CPUs together, in ${plural(row.count, "period")}`;
      }
      return `${who} was stopped by its CPU quota for ${ms(row.total)} ${within}, all threads together, ` +
        `${plural(row.count, "time")}, longest ${ms(row.max)}`;
    case "mem_reclaim_latency_ms":
      return `${who} had to free memory for ${ms(row.total)} ${within} before it got any, all threads together, ` +
        `${plural(row.count, "time")}, longest ${ms(row.max)}: ${causes(row, facts)}`;
    case "disk_io_latency_ms": {
      if (row.causes === undefined) {
        return `${who} waited ${p95} for the disk (${row.what}), ${plural(row.count, "request")}`;
      }
      const failed = Object.values(row.causes).reduce((sum, times) => sum + times, 0);
      return `${who} had ${failed} of ${plural(row.count, "request")} to the disk fail (${row.what}): ${
        causes(row, facts)
      }`;
    }
    case "syscall_latency_ms":
      return `${who} spent ${p95} in ${row.what}(), ${plural(row.count, "call")}, ${ms(row.total)} in all`;
    case "cpu_steal_pct":
      return `the hypervisor took ${
        percent(row.total / facts.capacityMs)
      } of this machine's CPU time away ${within}, ` +
        `up to ${ms(row.max)} in one second`;
  }
}
