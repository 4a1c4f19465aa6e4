/** Predicted against expected domains: accuracy, a confusion matrix, precision, recall and F1 by class. Pure. */

export interface Scored {
  /** A fault domain, or `none`. */
  readonly predicted: string;
  readonly expected: string;
  /** All that were at work; `expected` is the first of them. */
  readonly expectedAll: readonly string[];
}

export interface ClassMetrics {
  readonly domain: string;
  /** null: nothing was predicted (precision) or expected (recall) as this class, so there is no ratio. */
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly support: number;
}

export interface AttributionScore {
  readonly n: number;
  /** Share of predictions that are the expected domain; null without any. */
  readonly accuracy: number | null;
  /** Share that are one of those at work. */
  readonly accuracy_any: number | null;
  /** Mean F1 over the classes that were expected at least once. */
  readonly macro_f1: number | null;
  readonly classes: readonly ClassMetrics[];
  /** Every class expected or predicted, sorted. */
  readonly labels: readonly string[];
  /** `matrix[i][j]`: expected labels[i], predicted labels[j]. */
  readonly matrix: readonly (readonly number[])[];
}

export function scoreAttribution(rows: readonly Scored[]): AttributionScore {
  const labels = [...new Set(rows.flatMap((row) => [row.expected, row.predicted]))].sort();
  const matrix = labels.map((expected) =>
    labels.map((predicted) => rows.filter((row) => row.expected === expected && row.predicted === predicted).length)
  );
  const classes = labels.map((domain, i): ClassMetrics => {
    const hits = matrix[i]![i]!;
    const support = total(matrix[i]!);
    const predicted = total(matrix.map((row) => row[i]!));
    const precision = share(hits, predicted);
    const recall = share(hits, support);
    const f1 = support + predicted === 0 ? null : 2 * hits / (support + predicted);
    return { domain, precision, recall, f1, support };
  });
  const expected = classes.filter((row) => row.support > 0);
  return {
    n: rows.length,
    accuracy: share(rows.filter((row) => row.predicted === row.expected).length, rows.length),
    accuracy_any: share(
      rows.filter((row) => row.predicted === row.expected || row.expectedAll.includes(row.predicted)).length,
      rows.length,
    ),
    macro_f1: share(total(expected.map((row) => row.f1 ?? 0)), expected.length),
    classes,
    labels,
    matrix,
  };
}

/** `expected` down, predictions across. */
export function confusionCsv({ labels, matrix }: AttributionScore): string {
  return [["expected", ...labels], ...matrix.map((row, i) => [labels[i], ...row])].map((row) => `${row.join(",")}\n`)
    .join("");
}

export function classMetricsCsv({ classes }: AttributionScore): string {
  const cell = (value: number | null) => value === null ? "" : String(value);
  const rows = classes.map((c) => [c.domain, cell(c.precision), cell(c.recall), cell(c.f1), c.support]);
  return [["domain", "precision", "recall", "f1", "support"], ...rows].map((row) => `${row.join(",")}\n`).join("");
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
