/** Judged pairs -> precision, recall, F1 of a correlator, with intervals. Pure. A ratio without a denominator is null, never 1. */
import { mean } from "../stats/describe.ts";
import { wilsonInterval } from "../stats/proportion.ts";

export interface JudgedPair {
  readonly caseId: string;
  readonly expected: boolean;
  readonly expectedTier: string | null;
  readonly joined: boolean;
  readonly tier: string | null;
  /** 0 where nothing joined. */
  readonly confidence: number;
  /** What kind of case it is, as its label says; null: it does not. */
  readonly subset: string | null;
}

/** At 95 %, two-sided. */
export type Range = readonly [low: number, high: number];

export interface CorrelationScore {
  readonly pairs: number;
  readonly true_positives: number;
  readonly false_positives: number;
  readonly false_negatives: number;
  readonly true_negatives: number;
  readonly precision: number | null;
  /** Wilson's; pairs of one group are not independent, so that it is rather too narrow. */
  readonly precision_ci95: Range | null;
  readonly recall: number | null;
  readonly recall_ci95: Range | null;
  readonly f1: number | null;
  /** From Wilson's for the share of right joins among those that were right, wrong or missed. */
  readonly f1_ci95: Range | null;
  /** Of the true positives whose tier was labelled: how many joined in it. */
  readonly tier_accuracy: number | null;
  readonly tier_accuracy_ci95: Range | null;
}

/** How much a tier's confidence is worth: how often such joins are right, beside how sure they say they are. */
export interface TierCalibration {
  readonly tier: string;
  readonly joined: number;
  readonly right: number;
  readonly observed: number;
  readonly observed_ci95: Range;
  readonly mean_confidence: number;
  /** The mean confidence lies in the interval of what was observed. */
  readonly calibrated: boolean;
}

export function scoreCorrelation(pairs: readonly JudgedPair[]): CorrelationScore {
  const count = (keep: (pair: JudgedPair) => boolean) => pairs.filter(keep).length;
  const tp = count((p) => p.expected && p.joined);
  const fp = count((p) => !p.expected && p.joined);
  const fn = count((p) => p.expected && !p.joined);
  const labelled = pairs.filter((p) => p.expected && p.joined && p.expectedTier !== null);
  const inTier = labelled.filter((p) => p.tier === p.expectedTier).length;
  const f1 = tp + fn === 0 ? null : ratio(2 * tp, 2 * tp + fp + fn);
  return {
    pairs: pairs.length,
    true_positives: tp,
    false_positives: fp,
    false_negatives: fn,
    true_negatives: count((p) => !p.expected && !p.joined),
    precision: ratio(tp, tp + fp),
    precision_ci95: range(tp, tp + fp),
    recall: ratio(tp, tp + fn),
    recall_ci95: range(tp, tp + fn),
    f1,
    f1_ci95: f1 === null ? null : f1Range(tp, fp, fn),
    tier_accuracy: ratio(inTier, labelled.length),
    tier_accuracy_ci95: range(inTier, labelled.length),
  };
}

/** Strongest first, as they come in `order`; tiers in which nothing joined are left out. */
export function calibrateTiers(pairs: readonly JudgedPair[], order: readonly string[]): TierCalibration[] {
  return order.flatMap((tier) => {
    const joined = pairs.filter((pair) => pair.joined && pair.tier === tier);
    if (joined.length === 0) return [];
    const right = joined.filter(({ expected }) => expected).length;
    const observed_ci95 = range(right, joined.length)!;
    const sure = mean(joined.map(({ confidence }) => confidence));
    return [{
      tier,
      joined: joined.length,
      right,
      observed: right / joined.length,
      observed_ci95,
      mean_confidence: sure,
      calibrated: observed_ci95[0] <= sure && sure <= observed_ci95[1],
    }];
  });
}

/** By the names of the labels, in their order. */
export function scoreSubsets(pairs: readonly JudgedPair[]): Record<string, CorrelationScore> {
  const subsets = Map.groupBy(pairs.filter(({ subset }) => subset !== null), ({ subset }) => subset!);
  return Object.fromEntries(
    [...subsets].sort(([a], [b]) => a < b ? -1 : 1).map(([name, own]) => [name, scoreCorrelation(own)]),
  );
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function range(part: number, whole: number): Range | null {
  if (whole === 0) return null;
  const { low, high } = wilsonInterval(part, whole);
  return [low, high];
}

/** F1 is 2j/(1 + j) of the share j of right joins among those that were right, wrong or missed: its interval is that of j. */
function f1Range(tp: number, fp: number, fn: number): Range {
  const { low, high } = wilsonInterval(tp, tp + fp + fn);
  return [2 * low / (1 + low), 2 * high / (1 + high)];
}
