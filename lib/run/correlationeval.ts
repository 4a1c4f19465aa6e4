/** `sloctl correlationeval`: how well spans and kernel signals are joined, over labelled pairs. */
import { correlate } from "../correlate/correlate.ts";
import { sinceNs, type Subject } from "../correlate/subject.ts";
import { type CorrelationScore, type JudgedPair, scoreCorrelation } from "../evaluate/correlation.ts";
import { readInput } from "../host/read_input.ts";
import { writeText } from "../host/write_text.ts";
import { EXIT, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
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
  const judged = judge(pairs, options);
  const score = scoreCorrelation(judged);
  const verdict = decide(score, options);
  const report = {
    schema: "correlation-report/v1",
    input: options.input,
    window_ms: options.windowMs,
    threshold: options.threshold ?? null,
    ...score,
    // Enrichment is a question of its own: how many joins are sure enough to be written onto a span.
    enriched: judged.filter((pair) => pair.confidence >= ENRICH_FROM).length,
    limits: { precision: options.minPrecision, recall: options.minRecall },
    verdict,
    pass: verdict === "pass",
  };
  if (options.predictionsOut !== undefined) {
    await writeText(options.predictionsOut, judged.map((pair) => `${toJson(prediction(pair))}\n`).join(""), io);
  }
  if (options.outJson !== undefined) await writeText(options.outJson, `${toJson(report, 2)}\n`, io);
  if (options.outJson !== "-" && options.predictionsOut !== "-") io.out(words(score, verdict));
  return verdict === "pass" ? EXIT.ok : verdict === "fail" ? EXIT.gateSaidNo : EXIT.unsupported;
}

const ENRICH_FROM = 0.7;

function judge(pairs: readonly LabelledPair[], options: CorrelationevalOptions): JudgedPair[] {
  const groups = Map.groupBy(pairs.map((pair, i) => ({ pair, i })), ({ pair, i }) => pair.group ?? `\0${i}`);
  const judged: JudgedPair[] = [];
  for (const members of groups.values()) {
    const epochNs = members[0]!.pair.span.timeNs;
    const at = (side: PairSide) => sinceNs(epochNs, side.timeNs);
    const spans = members.map(({ pair }) => ({ ...subject(pair.span), startNs: at(pair.span), endNs: at(pair.span) }));
    const signals = members.map(({ pair }) => ({ ...subject(pair.signal), tsNs: at(pair.signal) }));
    const matches = correlate(spans, signals, { windowMs: options.windowMs });
    members.forEach(({ pair, i }, own) => {
      const match = matches.find(({ span, signal }) => span === own && signal === own);
      const joined = match !== undefined && (options.threshold === undefined || match.confidence >= options.threshold);
      judged[i] = {
        caseId: pair.caseId,
        expected: pair.expectedMatch,
        expectedTier: pair.expectedTier,
        joined,
        tier: match?.tier ?? null,
        confidence: match?.confidence ?? 0,
      };
    });
  }
  return judged;
}

function subject({ traceId, service, node, pod, pid, conn }: PairSide): Subject {
  return { traceId, service, node, pod, pid, conn };
}

function decide(
  { precision, recall }: CorrelationScore,
  options: CorrelationevalOptions,
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

function words(score: CorrelationScore, verdict: string): string {
  const share = (value: number | null) => value === null ? "-" : value.toFixed(4);
  return `${verdict}: precision ${share(score.precision)}, recall ${share(score.recall)}, f1 ${share(score.f1)} over ` +
    `${score.pairs} pairs (${score.true_positives} joined rightly, ${score.false_positives} wrongly, ${score.false_negatives} missed)\n`;
}
