/**
 * Connections and other means of talking of which no finding can speak, or not all: by process, counted as they are met, told as
 * `coverage.unprobed`. Bounded: beyond MAX_ROWS of one kind what is left is one row.
 */
import type { Unprobed } from "../model/diagnosis.ts";
import { type Owner, processKey } from "../model/kernel_event.ts";
import { plural } from "../report/format.ts";

/** Why something says less than it might. */
export type UnseenKind = "shared" | "tls" | "preexisting" | "unix" | "quic";

const MAX_ROWS = 64;
/** Processes of one name that are counted one by one. */
const MAX_PROCESSES = 1024;

type Process = Pick<Owner, "pid" | "comm" | "startNs">;

interface Row {
  readonly kind: UnseenKind;
  /** The first of them; null for those that came too late for a row of their own. */
  readonly owner: Process | null;
  readonly processes: Set<string>;
  n: number;
}

type Words = (n: number, library: string | undefined) => readonly [what: string, reason: string];

const WORDS: Readonly<Record<UnseenKind, Words>> = {
  shared: (n) => [
    `${plural(n, "shared connection")} (HTTP/2, gRPC)`,
    "several requests run on one at a time: no first byte, pause or request of its own can be told",
  ],
  tls: (n, library) => [
    `${plural(n, "TLS connection")}, ${library ?? "by a library that could not be named (static, stripped, or gone)"}`,
    "what is said there is encrypted: no traceparent can be read, and session tickets are told from answers by their shape",
  ],
  preexisting: (n) => [
    `${plural(n, "connection")} older than the watch`,
    "how it was opened was not seen, and its ports alone say which end asks; over TLS it may be a shared one",
  ],
  unix: (n) => [
    `${plural(n, "read")} from UNIX sockets`,
    "no probe looks at them: what it waits for there is in no row",
  ],
  quic: (n) => [
    `${plural(n, "packet")} of UDP to or from port 443 (QUIC, HTTP/3)`,
    "neither handshakes nor requests nor answers can be told inside it",
  ],
};

/** What a reader has most use for comes first. */
const ORDER: readonly UnseenKind[] = ["shared", "quic", "tls", "preexisting", "unix"];

/** Processes of one name are one row. */
export class Unseen {
  readonly #rows = new Map<string, Row>();
  readonly #sizes = new Map<UnseenKind, number>();

  add(kind: UnseenKind, owner: Process, n = 1): void {
    const row = this.#rows.get(`${kind}|${owner.comm}`) ?? this.#new(kind, owner);
    row.n += n;
    if (row.processes.size < MAX_PROCESSES) row.processes.add(processKey(owner));
  }

  #new(kind: UnseenKind, owner: Process): Row {
    const size = this.#sizes.get(kind) ?? 0;
    const others = this.#rows.get(`${kind}|`);
    if (size >= MAX_ROWS && others !== undefined) return others;
    const row: Row = { kind, owner: size >= MAX_ROWS ? null : owner, processes: new Set(), n: 0 };
    this.#sizes.set(kind, size + 1);
    this.#rows.set(`${kind}|${row.owner?.comm ?? ""}`, row);
    return row;
  }

  /** By kind, most first. `library`: the TLS library of a process, where one is known. */
  rows(library: (owner: Process) => string | undefined = () => undefined): Unprobed[] {
    const sorted = [...this.#rows.values()].sort((a, b) =>
      ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || Number(a.owner === null) - Number(b.owner === null) || b.n - a.n
    );
    return sorted.map(({ kind, owner, processes, n }) => {
      const [what, reason] = WORDS[kind](n, owner === null ? "by several libraries" : library(owner));
      const who = owner === null
        ? "other processes"
        : processes.size === 1
        ? `${owner.comm}[${owner.pid}]`
        : `${owner.comm} (${processes.size} processes)`;
      return { what: `${who}: ${what}`, reason };
    });
  }
}
