/** What the same run saw elsewhere: the measure of a machine is the machine itself, where it says enough. */
import type { Finding, SeenElsewhere } from "../model/diagnosis.ts";
import type { SignalName } from "../model/signals.ts";
import type { Row } from "./row.ts";

/** Fewer occurrences than this are no measure. */
const LEAST_COUNT = 5;

/** The causes of DNS queries that got no answer. */
const UNANSWERED = ["timeout", "abandoned"];

/** Durations that have another end: what the same run saw elsewhere says something about them. */
export const COMPARED: ReadonlySet<SignalName> = new Set([
  "dns_latency_ms",
  "connect_latency_ms",
  "tls_handshake_ms",
  "stream_ttft_ms",
]);

export class RunElsewhere {
  readonly #byKind = new Map<SignalName, Row[]>();
  readonly #roundTrips = new Map<string, number>();
  readonly #lost = new Map<string, number>();

  constructor(rows: readonly Row[]) {
    for (const row of rows) {
      const { kind, peer } = row.key;
      const held = this.#byKind.get(kind);
      if (held === undefined) this.#byKind.set(kind, [row]);
      else held.push(row);
      const lost = kind === "tcp_retransmits_total"
        ? row.series.count
        : UNANSWERED.reduce((sum, cause) => sum + (row.causes.get(cause) ?? 0), 0);
      if (peer !== null && lost > 0) this.#lost.set(peer.ip, (this.#lost.get(peer.ip) ?? 0) + lost);
      // A handshake is a round trip and what the kernels at both ends take: the quickest one is nearly the former.
      if (kind === "connect_latency_ms" && peer !== null) {
        this.#roundTrips.set(peer.ip, Math.min(row.series.min, this.#roundTrips.get(peer.ip) ?? Infinity));
      }
    }
  }

  /** Segments sent again to this address, and queries that it did not answer. */
  lost(ip: string): number {
    return this.#lost.get(ip) ?? 0;
  }

  /** Of the quickest TCP handshake with this address, in ms; null: there was none. */
  roundTripMs(ip: string): number | null {
    return this.#roundTrips.get(ip) ?? null;
  }

  /** All of it, for the document; undefined: the run says nothing. */
  of(row: Row): Finding["elsewhere"] {
    const { kind, peer } = row.key;
    if (!COMPARED.has(kind) || peer === null) return undefined;
    const [processes, peers, rtt] = [this.otherProcesses(row), this.otherPeers(row), this.roundTripMs(peer.ip)];
    if (processes === null && peers === null && rtt === null) return undefined;
    return {
      ...(processes !== null && { other_processes: processes }),
      ...(peers !== null && { other_peers: peers }),
      ...(rtt !== null && { rtt: microseconds(rtt) }),
    };
  }

  /** The same kind with other addresses. */
  otherPeers({ key: { kind, peer, role } }: Row): SeenElsewhere | null {
    const rows = this.#byKind.get(kind) ?? [];
    return median(
      rows.filter((row) => row.key.role === role && row.key.peer?.ip !== peer?.ip),
      (row) => row.key.peer?.ip,
    );
  }

  /** The same kind with the same peer, by other processes. */
  otherProcesses({ key: { kind, peer, role }, who, processes }: Row): SeenElsewhere | null {
    if (peer === null || processes > 1) return null; // of several alike the others are themselves
    const rows = (this.#byKind.get(kind) ?? []).filter((row) =>
      row.key.role === role && row.key.peer?.ip === peer.ip && row.key.peer.port === peer.port &&
      row.who.process !== who.process
    );
    return median(rows, (row) => row.who.process);
  }
}

/** That is all the clock is good for. */
function microseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Of medians, each as heavy as its row: within what the rows themselves hold of it. */
function median(rows: readonly Row[], other: (row: Row) => string | undefined): SeenElsewhere | null {
  const count = rows.reduce((sum, row) => sum + row.series.count, 0);
  if (count < LEAST_COUNT) return null;
  const medians = rows.map(({ series }) => ({ p50: series.quantile(0.5), count: series.count }))
    .sort((a, b) => a.p50 - b.p50);
  let before = 0;
  const middle = medians.find((one) => (before += one.count) >= count / 2)!;
  return { p50: microseconds(middle.p50), count, of: new Set(rows.map(other)).size };
}
