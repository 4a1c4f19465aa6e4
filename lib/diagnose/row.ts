/** A row gathers everything of one kind between one process and one peer; the table of rows is bounded. */
import type { Whereabouts } from "../model/diagnosis.ts";
import { type Histogram, midpointMs } from "../model/histogram.ts";
import type { SignalName } from "../model/signals.ts";
import { Series } from "./series.ts";

export interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

/** The process a row speaks of, as it was known when the row began; comm follows exec. */
export interface Who {
  /** Tells it from another one that has had the same pid. */
  readonly process: string;
  readonly pid: number;
  comm: string;
  cgroup: string;
  /** Of a container that is new its name may be told later. */
  where: Whereabouts;
}

/** What makes two events belong to one row. */
export interface RowKey {
  readonly kind: SignalName;
  readonly peer: Endpoint | null;
  readonly role?: "client" | "server";
  readonly local?: Endpoint;
  readonly query?: string;
  /** The operation, or the call: `write vda`, `fsync`. */
  readonly what?: string;
}

export class Row {
  readonly series = new Series();
  /** Occurrences at or over the hint, and the time by which they exceeded it. */
  over = 0;
  excessMs = 0;
  /** Segments sent in all, those sent again included; 0: not known. */
  sent = 0;
  /** Stolen CPU time: what all CPUs could have given. */
  capacityMs = 0;
  readonly causes = new Map<string, number>();
  /** Names asked for (DNS), or addresses of clients (a server's rows), at most 1024. Merging two rows unites them. */
  readonly names = new Set<string>();
  /** Waits per thread, for the worst thread's share; threads beyond the bound count in the row only. */
  readonly threads = new Map<number, number>();
  /** Processes merged into this row. */
  processes = 1;

  constructor(readonly key: RowKey, readonly who: Who, readonly hint: number | null) {
    if (key.query !== undefined) this.names.add(key.query);
  }

  add(ms: number, weight = 1): void {
    this.series.add(ms, weight);
    if (this.hint !== null && ms >= this.hint) {
      this.over += weight;
      this.excessMs += (ms - this.hint) * weight;
    }
  }

  /** Occurrences of which only their lengths' buckets and their sum are known. */
  addHistogram(histogram: Histogram, sumMs: number): void {
    this.series.addHistogram(histogram, sumMs);
    const hint = this.hint;
    if (hint === null) return;
    histogram.counts.forEach((count, i) => {
      const ms = midpointMs(histogram.bounds, i);
      if (count === 0 || ms < hint) return;
      this.over += count;
      this.excessMs += (ms - hint) * count;
    });
  }

  addName(name: string): void {
    if (this.names.size < 1024) this.names.add(name);
  }

  addCause(cause: string, times = 1): void {
    this.causes.set(cause, (this.causes.get(cause) ?? 0) + times);
  }

  addThread(tid: number, ms: number): void {
    if (this.threads.size < 256 || this.threads.has(tid)) this.threads.set(tid, (this.threads.get(tid) ?? 0) + ms);
  }
}

/** One row out of several; the key and process are those of the first. */
export function mergeRows(rows: readonly [Row, ...Row[]], key: RowKey = rows[0].key): Row {
  const merged = new Row({ ...key, query: undefined }, rows[0].who, rows[0].hint);
  merged.processes = new Set(rows.map((row) => row.who.process)).size;
  for (const row of rows) {
    merged.series.merge(row.series);
    merged.over += row.over;
    merged.excessMs += row.excessMs;
    merged.sent += row.sent;
    merged.capacityMs += row.capacityMs;
    for (const [cause, times] of row.causes) merged.addCause(cause, times);
    for (const name of row.names) merged.addName(name);
    for (const [tid, ms] of row.threads) merged.addThread(tid, ms);
  }
  return merged;
}

const OTHERS: Who = { process: "0", pid: 0, comm: "(others)", cgroup: "", where: {} };

function text(end: Endpoint | null | undefined): string {
  return end ? `${end.ip}:${end.port}` : "";
}

/** Rows by key. Past the limit everything new of one kind goes into one row named `(others)`: counted, no longer told apart. */
export class Rows {
  readonly #rows = new Map<string, Row>();

  constructor(readonly hints: ReadonlyMap<SignalName, number | null>, readonly limit = 4096) {}

  get(key: RowKey, who: Who): Row {
    const id = `${who.process}|${key.kind}|${key.role}|${text(key.peer)}|${text(key.local)}|${key.query}|${key.what}`;
    const held = this.#rows.get(id);
    if (held !== undefined) return held;
    if (this.#rows.size < this.limit) return this.#keep(id, key, who);
    return this.#rows.get(`others|${key.kind}`) ??
      this.#keep(`others|${key.kind}`, { kind: key.kind, peer: null }, OTHERS);
  }

  all(): Row[] {
    return [...this.#rows.values()];
  }

  #keep(id: string, key: RowKey, who: Who): Row {
    const row = new Row(key, who, this.hints.get(key.kind) ?? null);
    this.#rows.set(id, row);
    return row;
  }
}
