/** `sloctl correlationeval`: how well spans and kernel signals are joined, over labelled pairs. */
import { correlate } from "../correlate/correlate.ts";
import { sinceNs, type Subject } from "../correlate/subject.ts";
import { TIER_RULES } from "../correlate/tiers.ts";
import {
  calibrateTiers,
  type CorrelationScore,
  type JudgedPair,
  type Range,
  scoreCorrelation,
  scoreSubsets,
  type TierCalibration,
} from "../evaluate/correlation.ts";
import { readInput } from "../host/read_input.ts";
import { writeText } from "../host/write_text.ts";
import { VERDICT_EXIT } from "../gate/verdict.ts";
import { UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { table } from "../report/table.ts";
import { type LabelledPair, type PairSide, parseLabelledPairs } from "../source/labelled_pairs.ts";

export interface CorrelationevalOptions {
  readonly input: string | undefined;
  readonly windowMs: number;
  /** Undefined: joined at any tier counts. */
  readonly threshold: number | undefined;
  readonly minPrecision: number;
  readonly minRecall: number;
  readonly outJson: string | undefined;
  readonly predictionsOut: string | undefined;
}

/** Exit code 0 within both limits, 1 below one, 3 where the pairs cannot tell. @throws UsageError, IoError */
export async function correlationeval(options: CorrelationevalOptions, io: Io): Promise<number> {
  if (options.input === undefined) {
    throw new UsageError("Cannot evaluate: no labelled pairs are named", "Give --input FILE; - is standard input");
  }
  for (
    const [name, value] of [["threshold", options.threshold ?? 0], ["min-precision", options.minPrecision], [
      "min-recall",
      options.minRecall,
    ]] as const
  ) {
    if (!(value >= 0 && value <= 1)) {
      throw new UsageError(`Cannot use "--${name} ${value}": it lies outside 0 to 1`, "Give a share");
    }
  }
  const text = await readInput(options.input, io.stdin);
  const pairs = parseLabelledPairs(text, options.input === "-" ? "standard input" : options.input);
  const { judged, report } = evaluatePairs(pairs, options);
  if (options.predictionsOut !== undefined) {
    await writeText(options.predictionsOut, judged.map((pair) => `${toJson(prediction(pair))}\n`).join(""), io);
  }
  if (options.outJson !== undefined) {
    await writeText(options.outJson, `${toJson({ input: options.input, ...report }, 2)}\n`, io);
  }
  if (options.outJson !== "-" && options.predictionsOut !== "-") io.out(words(report, report.verdict, io));
  return VERDICT_EXIT[report.verdict];
}

const ENRICH_FROM = 0.7;

type Judging = Pick<CorrelationevalOptions, "windowMs" | "threshold" | "minPrecision" | "minRecall">;

/** Every pair as it was judged, and what they come to together. */
export function evaluatePairs(pairs: readonly LabelledPair[], options: Judging) {
  const judged = judge(pairs, options);
  const score = scoreCorrelation(judged);
  const verdict = decide(score, options);
  const report = {
    schema: "correlation-report/v1",
    window_ms: options.windowMs,
    threshold: options.threshold ?? null,
    ...score,
    tiers: calibrateTiers(judged, TIER_RULES.map(({ tier }) => tier)),
    subsets: scoreSubsets(judged),
    // Enrichment is a question of its own: how many joins are sure enough to be written onto a span.
    enriched: judged.filter((pair) => pair.confidence >= ENRICH_FROM).length,
    limits: { precision: options.minPrecision, recall: options.minRecall },
    verdict,
    pass: verdict === "pass",
  };
  return { judged, report };
}

function judge(pairs: readonly LabelledPair[], options: Judging): JudgedPair[] {
  const groups = Map.groupBy(pairs.map((pair, i) => ({ pair, i })), ({ pair, i }) => pair.group ?? `\0${i}`);
  const judged: JudgedPair[] = [];
  for (const members of groups.values()) {
    const epochNs = members[0]!.pair.span.timeNs;
    const spans = distinct(members.map(({ pair }) => pair.span));
    const signals = distinct(members.map(({ pair }) => pair.signal));
    const matches = correlate(
      spans.sides.map((side) => ({
        ...subject(side),
        ...(side.id === "" ? {} : { spanId: side.id }),
        ...(side.parentSpanId === null ? {} : { parentSpanId: side.parentSpanId }),
        startNs: sinceNs(epochNs, side.timeNs),
        endNs: sinceNs(epochNs, side.endNs),
      })),
      signals.sides.map((side) => ({ ...subject(side), tsNs: sinceNs(epochNs, side.timeNs) })),
      { windowMs: options.windowMs },
    );
    const found = new Map(matches.map((match) => [`${match.span}/${match.signal}`, match]));
    members.forEach(({ pair, i }, own) => {
      const match = found.get(`${spans.at[own]}/${signals.at[own]}`);
      const joined = match !== undefined && (options.threshold === undefined || match.confidence >= options.threshold);
      judged[i] = {
        caseId: pair.caseId,
        expected: pair.expectedMatch,
        expectedTier: pair.expectedTier,
        joined,
        tier: match?.tier ?? null,
        confidence: match?.confidence ?? 0,
        subset: pair.subset,
      };
    });
  }
  return judged;
}

/** Sides that carry the same id are one: where each of the pairs finds its own. */
function distinct(sides: readonly PairSide[]): { readonly sides: readonly PairSide[]; readonly at: readonly number[] } {
  const found: PairSide[] = [];
  const places = new Map<string, number>();
  const at = sides.map((side) => {
    const known = side.id === "" ? undefined : places.get(side.id);
    if (known !== undefined) return known;
    const place = found.push(side) - 1;
    if (side.id !== "") places.set(side.id, place);
    return place;
  });
  return { sides: found, at };
}

function subject({ traceId, service, node, pod, pid, conn }: PairSide): Subject {
  return { traceId, service, node, pod, pid, conn };
}

function decide(
  { precision, recall }: CorrelationScore,
  options: Judging,
): "pass" | "fail" | "inconclusive" {
  if (recall === null) return "inconclusive"; // no pair was to be joined: nothing to find
  if (recall < options.minRecall) return "fail";
  if (precision === null) return "inconclusive";
  return precision >= options.minPrecision ? "pass" : "fail";
}

function prediction(pair: JudgedPair): Record<string, unknown> {
  return {
    case_id: pair.caseId,
    predicted_match: pair.joined,
    predicted_tier: pair.tier,
    confidence: pair.confidence,
    expected_match: pair.expected,
    expected_tier: pair.expectedTier,
  };
}

interface Shown extends CorrelationScore {
  readonly tiers: readonly TierCalibration[];
  readonly subsets: Readonly<Record<string, CorrelationScore>>;
}

function words(score: Shown, verdict: string, io: Pick<Io, "color" | "columns">): string {
  const number = (value: number | null) => value === null ? "-" : value.toFixed(4);
  const range = (value: Range | null) => value === null ? "" : ` (${value[0].toFixed(3)} to ${value[1].toFixed(3)})`;
  const head = `${verdict}: precision ${number(score.precision)}${range(score.precision_ci95)}, recall ` +
    `${number(score.recall)}${range(score.recall_ci95)}, f1 ${number(score.f1)}${range(score.f1_ci95)} over ` +
    `${score.pairs} pairs (${score.true_positives} joined rightly, ${score.false_positives} wrongly, ${score.false_negatives} missed)\n`;
  const right = { align: "right" } as const;
  const options = { color: io.color, width: io.columns };
  const tiers = score.tiers.length === 0 ? "" : "\n" + table(
    [{ title: "tier" }, { title: "joined", ...right }, { title: "right", ...right }, { title: "observed" }, {
      title: "says",
      ...right,
    }],
    score.tiers.map((t) => [
      t.tier,
      String(t.joined),
      String(t.right),
      number(t.observed) + range(t.observed_ci95),
      t.mean_confidence.toFixed(3),
    ]),
    options,
  );
  const subsets = Object.keys(score.subsets).length === 0 ? "" : "\n" + table(
    [{ title: "subset" }, { title: "pairs", ...right }, { title: "precision", ...right }, {
      title: "recall",
      ...right,
    }],
    Object.entries(score.subsets).map(([name, s]) => [name, String(s.pairs), number(s.precision), number(s.recall)]),
    options,
  );
  return head + tiers + subsets;
}
