/** Kernel events by signal: what `/v1/signals` tells of each. */
import type { SignalsAnswer, SignalSummary } from "../../model/answers.ts";
import type { ProbeEventV1Alpha2 } from "../../model/probe_event.ts";
import { quantile, sorted } from "../../stats/describe.ts";
import type { Entry } from "../../store/store.ts";
import { MOST, type RecentRow, RecentRows } from "./recent_rows.ts";
import type { Readable } from "./scoped.ts";

interface Signal {
  readonly signal: string;
  readonly unit: string;
}

/** What is kept of a kernel event. */
interface Row extends RecentRow {
  /** One for all events of a signal in a unit. */
  readonly of: Signal;
  readonly value: number;
  readonly isBad: boolean;
  /** It happened once: no count, and no aggregate. */
  readonly isSingle: boolean;
}

/** Pairs of signal and unit that are kept once each; there are about twenty, unless somebody makes them up. */
const MOST_SIGNALS = 1_000;

export class SignalStats {
  readonly #rows: RecentRows<Row>;
  readonly #signals = new Map<string, Signal>();

  constructor(store: Readable) {
    const rowOf = (entry: Entry) => entry.kind === "probe" ? this.#rowOf(entry) : null;
    this.#rows = new RecentRows({ store, kind: "probe", rowOf });
  }

  /** @param sinceNs Unix nanoseconds @param nowMs Unix milliseconds @throws what the store throws */
  answer(sinceNs: bigint, nowMs: number): Promise<SignalsAnswer> {
    return this.#rows.ask(sinceNs, undefined, (rows) => ({
      schema: "signals-answer/v1",
      seconds: Math.max(0, nowMs - Number(sinceNs / 1_000_000n)) / 1000,
      signals: summaries(rows),
      warnings: rows.length === MOST ? [`only the newest ${MOST} events were looked at`] : [],
    }));
  }

  #rowOf({ document, commitSeq, timeNs }: Entry & { readonly document: unknown }): Row {
    const { signal, unit, value, status, histogram } = document as ProbeEventV1Alpha2;
    return {
      seq: commitSeq,
      timeNs,
      service: "",
      of: this.#signal(signal, unit),
      value,
      isBad: status !== "ok",
      isSingle: histogram === undefined && !signal.endsWith("_total"),
    };
  }

  #signal(signal: string, unit: string): Signal {
    const key = `${signal}\0${unit}`;
    const known = this.#signals.get(key);
    if (known !== undefined) return known;
    if (this.#signals.size >= MOST_SIGNALS) this.#signals.clear();
    const of = { signal, unit };
    this.#signals.set(key, of);
    return of;
  }
}

interface Gathered {
  readonly unit: string;
  readonly values: number[];
  events: number;
  bad: number;
}

/** @param rows the newest first */
function summaries(rows: readonly Row[]): SignalSummary[] {
  const bySignal = new Map<string, Gathered>();
  for (const { of: { signal, unit }, value, isBad, isSingle } of rows) {
    let gathered = bySignal.get(signal);
    if (gathered === undefined) bySignal.set(signal, gathered = { unit, values: [], events: 0, bad: 0 });
    gathered.events++;
    if (isBad) gathered.bad++;
    if (isSingle) gathered.values.push(value);
  }
  const summaries = [...bySignal].map(([signal, { unit, values: unordered, events, bad }]) => {
    const values = sorted(unordered);
    const at = (p: number) => values.length === 0 ? null : quantile(values, p);
    return { signal, unit, events, bad, p50: at(0.5), p95: at(0.95), max: values.at(-1) ?? null };
  });
  return summaries.sort((a, b) => b.bad - a.bad || b.events - a.events);
}
