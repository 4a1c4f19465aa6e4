/** Judged pairs -> precision, recall, F1 of a correlator. Pure. A ratio without a denominator is null, never 1. */

export interface JudgedPair {
  readonly caseId: string;
  readonly expected: boolean;
  readonly expectedTier: string | null;
  readonly joined: boolean;
  readonly tier: string | null;
  /** 0 where nothing joined. */
  readonly confidence: number;
}

export interface CorrelationScore {
  readonly pairs: number;
  readonly true_positives: number;
  readonly false_positives: number;
  readonly false_negatives: number;
  readonly true_negatives: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  /** Of the true positives whose tier was labelled: how many joined in it. */
  readonly tier_accuracy: number | null;
}

export function scoreCorrelation(pairs: readonly JudgedPair[]): CorrelationScore {
  const count = (keep: (pair: JudgedPair) => boolean) => pairs.filter(keep).length;
  const tp = count((p) => p.expected && p.joined);
  const fp = count((p) => !p.expected && p.joined);
  const fn = count((p) => p.expected && !p.joined);
  const labelled = pairs.filter((p) => p.expected && p.joined && p.expectedTier !== null);
  return {
    pairs: pairs.length,
    true_positives: tp,
    false_positives: fp,
    false_negatives: fn,
    true_negatives: count((p) => !p.expected && !p.joined),
    precision: ratio(tp, tp + fp),
    recall: ratio(tp, tp + fn),
    f1: tp + fn === 0 ? null : ratio(2 * tp, 2 * tp + fp + fn),
    tier_accuracy: ratio(labelled.filter((p) => p.tier === p.expectedTier).length, labelled.length),
  };
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
