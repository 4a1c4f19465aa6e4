/** The numbers of docs/correlation.md, from the committed sets. */
import type { CorrelationScore, Range } from "../../lib/evaluate/correlation.ts";
import { markdownTable } from "../../lib/report/markdown.ts";
import { evaluatePairs } from "../../lib/run/correlationeval.ts";
import { parseLabelledPairs } from "../../lib/source/labelled_pairs.ts";

const FOLDER = new URL("../../fixtures/correlation/", import.meta.url);
const SETS: readonly (readonly [file: string, about: string])[] = [
  [
    "labelled_pairs.jsonl",
    "The labelled set: constructed cases, and calls of a live run with the ids that were on the wire",
  ],
  [
    "live_untraced.jsonl",
    "The same run with the ids taken off the signals: process or connection, and time, are all there is",
  ],
  ["in_flight_32.jsonl", "32 requests in flight on the gateway's one event loop"],
];
const LIMITS = { windowMs: 2000, minPrecision: 0.9, minRecall: 0.85 };

export async function correlationTables(): Promise<string> {
  const parts: string[] = [];
  for (const [file, about] of SETS) {
    const pairs = parseLabelledPairs(await Deno.readTextFile(new URL(file, FOLDER)), file);
    const { report } = evaluatePairs(pairs, { ...LIMITS, threshold: undefined });
    const sure = evaluatePairs(pairs, { ...LIMITS, threshold: 0.7 }).report;
    const right = { align: "right" } as const;
    parts.push(
      `### ${file}`,
      `${about}.`,
      markdownTable(
        [{ title: "joined at" }, { title: "pairs", ...right }, { title: "precision" }, { title: "recall" }, {
          title: "F1",
        }, { title: "right tier" }],
        [summary("any confidence", report), summary("0.70 or more", sure)],
      ),
      markdownTable(
        [{ title: "tier" }, { title: "joined", ...right }, { title: "right", ...right }, { title: "share right" }, {
          title: "says",
          ...right,
        }],
        report.tiers.map((tier) => [
          tier.tier,
          `${tier.joined}`,
          `${tier.right}`,
          number(tier.observed, tier.observed_ci95),
          tier.mean_confidence.toFixed(3),
        ]),
      ),
      markdownTable(
        [
          { title: "kind of case" },
          { title: "pairs", ...right },
          { title: "rightly", ...right },
          { title: "wrongly", ...right },
          { title: "missed", ...right },
          { title: "precision" },
          { title: "recall" },
        ],
        Object.entries(report.subsets).map(([name, one]) => [
          name,
          `${one.pairs}`,
          `${one.true_positives}`,
          `${one.false_positives}`,
          `${one.false_negatives}`,
          number(one.precision, one.precision_ci95),
          number(one.recall, one.recall_ci95),
        ]),
      ),
    );
  }
  return parts.map((part) => part.trimEnd()).join("\n\n") + "\n";
}

function summary(name: string, score: CorrelationScore): string[] {
  return [
    name,
    `${score.pairs}`,
    number(score.precision, score.precision_ci95),
    number(score.recall, score.recall_ci95),
    number(score.f1, score.f1_ci95),
    number(score.tier_accuracy, score.tier_accuracy_ci95),
  ];
}

function number(value: number | null, range: Range | null): string {
  if (value === null) return "-";
  return `${value.toFixed(3)}${range === null ? "" : ` (${range[0].toFixed(2)} to ${range[1].toFixed(2)})`}`;
}
