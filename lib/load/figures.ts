/** Records of a load run -> its figures, each with its definition, statistic, rule, population and count. Pure. */
import { REQUEST_DEFINITIONS, type Unit } from "../model/definitions.ts";
import { measure } from "../model/measure.ts";
import { type Outcome, OUTCOMES, type RequestRecord } from "../model/request_record.ts";
import { mean, quantileOfSorted, sorted } from "../stats/describe.ts";

export interface Figure {
  /** Null where there was nothing to measure: undefined is not zero. */
  readonly value: number | null;
  readonly unit: Unit;
  /** Id of the formula. */
  readonly def: string;
  readonly stat: string;
  readonly rule: "linear";
  /** The requests it is taken over, by outcome. */
  readonly over: Outcome | "all";
  /** Values it is taken over: requests, or gaps. */
  readonly n: number;
  /** Of goodput: the objective it is counted by. */
  readonly slo?: string;
}

const STATS: readonly [string, (ascending: Float64Array) => number][] = [
  ["mean", mean],
  ["min", (values) => quantileOfSorted(values, 0)],
  ["p50", (values) => quantileOfSorted(values, 0.5)],
  ["p90", (values) => quantileOfSorted(values, 0.9)],
  ["p95", (values) => quantileOfSorted(values, 0.95)],
  ["p99", (values) => quantileOfSorted(values, 0.99)],
  ["max", (values) => quantileOfSorted(values, 1)],
];

/** Values of one definition, ascending, over the requests with one outcome. */
export function valuesOf(def: string, records: readonly RequestRecord[], over: Outcome = "ok"): Float64Array {
  const values: number[] = [];
  for (const record of records) {
    if (record.outcome === over) { for (const value of measure(def, record)) values.push(value); }
  }
  return sorted(values);
}

/** Every definition over `ok`; of the other outcomes, how long they lasted. */
export function figures(records: readonly RequestRecord[]): Figure[] {
  const failed = OUTCOMES.filter((outcome) => outcome !== "ok" && records.some((record) => record.outcome === outcome));
  const durations = REQUEST_DEFINITIONS.filter(({ id }) => id.startsWith("duration."));
  return [
    ...REQUEST_DEFINITIONS.flatMap((definition) => figuresOf(definition, records, "ok")),
    ...failed.flatMap((over) => durations.flatMap((definition) => figuresOf(definition, records, over))),
  ];
}

function figuresOf(
  { id, unit }: { readonly id: string; readonly unit: Unit },
  records: readonly RequestRecord[],
  over: Outcome,
): Figure[] {
  const values = valuesOf(id, records, over);
  return STATS.map(([stat, of]): Figure => ({
    value: values.length === 0 ? null : of(values),
    unit,
    def: id,
    stat,
    rule: "linear",
    over,
    n: values.length,
  }));
}

/** Of all planned arrivals, by outcome; every outcome is there. */
export function outcomes(records: readonly RequestRecord[]): Record<Outcome, number> {
  const counts = { ok: 0, err: 0, incomplete: 0, cancelled: 0, dropped: 0 };
  for (const { outcome } of records) counts[outcome]++;
  return counts;
}

export interface ErrorKind {
  readonly outcome: Outcome;
  readonly error_type: string;
  readonly n: number;
  /** What the first one said. */
  readonly detail: string | null;
}

/** What went wrong, the most frequent first. */
export function errorKinds(records: readonly RequestRecord[]): ErrorKind[] {
  const kinds = new Map<string, ErrorKind>();
  for (const { outcome, error_type, error_detail } of records) {
    if (error_type === null) continue;
    const key = `${outcome} ${error_type}`;
    const before = kinds.get(key) ?? { outcome, error_type, n: 0, detail: error_detail };
    kinds.set(key, { ...before, n: before.n + 1 });
  }
  return [...kinds.values()].sort((a, b) => b.n - a.n);
}
