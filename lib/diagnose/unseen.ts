/**
 * Connections of which no finding can speak, by process: counted as they are met, told as `coverage.unprobed`. Bounded: beyond
 * MAX_PROCESSES what is left is one row.
 */
import type { Unprobed } from "../model/diagnosis.ts";
import type { Owner } from "../model/kernel_event.ts";
import { plural } from "../report/format.ts";

/** Why a connection says less than others. */
export type UnseenKind = "shared";

const MAX_PROCESSES = 256;

const WORDS: Readonly<Record<UnseenKind, (n: number) => readonly [what: string, reason: string]>> = {
  shared: (n) => [
    `${plural(n, "shared connection")} (HTTP/2, gRPC)`,
    "several requests run on one at a time: no first byte, pause or request of its own can be told",
  ],
};

export class Unseen {
  readonly #counts = new Map<string, { readonly kind: UnseenKind; readonly who: string; n: number }>();

  add(kind: UnseenKind, { pid, comm }: Pick<Owner, "pid" | "comm">): void {
    const known = this.#counts.get(`${kind}|${pid}`);
    const crowded = known === undefined && this.#counts.size >= MAX_PROCESSES;
    const key = crowded ? `${kind}|others` : `${kind}|${pid}`;
    const row = known ?? this.#counts.get(key) ?? { kind, who: crowded ? "other processes" : `${comm}[${pid}]`, n: 0 };
    row.n++;
    this.#counts.set(key, row);
  }

  /** Most first. */
  rows(): Unprobed[] {
    return [...this.#counts.values()].sort((a, b) => b.n - a.n).map(({ kind, who, n }) => {
      const [what, reason] = WORDS[kind](n);
      return { what: `${who}: ${what}`, reason };
    });
  }
}
