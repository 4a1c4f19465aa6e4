/** m5_gate_summary.json, and the same for people: Markdown for a pull request, a plot, lines for a terminal, annotations for CI. */
import type { Conclusion, Row } from "../gate/m5.ts";
import type { Mode, Parameters } from "../gate/m5_evidence.ts";
import type { Overhead } from "../gate/overhead.ts";
import { forestSvg, forestText, type Interval } from "../report/forest.ts";
import { ms } from "../report/format.ts";
import { markdownTable } from "../report/markdown.ts";
import { printable } from "../report/text.ts";

export interface Judgement {
  readonly conclusion: Conclusion;
  readonly overhead: Overhead;
  readonly parameters: Parameters;
}

interface Compared {
  readonly candidate: number;
  readonly baseline: number;
  readonly change_pct: number;
  readonly low_pct: number;
  readonly high_pct: number;
  readonly verdict: string;
  readonly reason: string | null;
}

const SAYS: Readonly<Record<string, string>> = {
  pass: "Harm beyond the margin is excluded",
  fail: "A bound is violated",
  inconclusive: "The data cannot decide",
  "not-evaluated": "Something that is needed is not there",
  integrity: "A file is not what it says it is",
};

/** The same bytes for the same input: no time stands in it. */
export function markdown({ conclusion, overhead, parameters }: Judgement): string {
  const { verdict, outcomes, significance, variance, failures, notes, settle } = conclusion;
  const other: Mode = parameters.mode === "classic" ? "noninferiority" : "classic";
  const blocks = [
    `## m5 gate: ${verdict.toUpperCase()}`,
    `${SAYS[verdict]}. Decided by the ${ruleName(parameters.mode)}; by the ${ruleName(other)} it would be **${
      outcomes[other]
    }**. Margin ${parameters.ttftRegressionPct} %, alpha ${parameters.alpha} two-sided, ${conclusion.comparisons} comparisons (Holm).`,
    markdownTable(
      [
        { title: "scenario" },
        { title: "runs", align: "right" },
        { title: "requests", align: "right" },
        { title: "TTFT p95", align: "right" },
        { title: "change (95 % interval)" },
        { title: "regression" },
        { title: "spread" },
        { title: other },
      ],
      significance.scenarios.map((row, i) => cells(row, variance.scenarios[i]!, other)),
    ),
    "```text\n" + plot(significance.scenarios, parameters) + "```",
    overheadLine(overhead),
    list("Why", failures),
    list("To settle it", settle.map((command) => `\`${command}\``)),
    list("Also", notes),
  ];
  return blocks.filter((block) => block !== "").map((block) => block.trimEnd()).join("\n\n") + "\n";
}

export function svg({ conclusion, parameters }: Judgement): string {
  const margin = parameters.ttftRegressionPct;
  return forestSvg(
    `m5 gate: ${conclusion.verdict}. Change of TTFT p95 and token rate p50, worse to the right`,
    intervals(conclusion.significance.scenarios),
    margin,
    (value) => `${value} %`,
  );
}

/** For a terminal. */
export function lines(judgement: Judgement): string {
  const { conclusion, overhead, parameters } = judgement;
  const said = (name: string, texts: readonly string[]) => texts.map((text) => `${name}${printable(text)}\n`).join("");
  return `m5 gate: ${conclusion.verdict.toUpperCase()}  (${
    ruleName(parameters.mode)
  }; noninferiority ${conclusion.outcomes.noninferiority}, classic ${conclusion.outcomes.classic})\n\n` +
    plot(conclusion.significance.scenarios, parameters) + "\n" + overheadLine(overhead).replaceAll("**", "") + "\n" +
    said("  ", conclusion.failures) + said("  to settle it: ", conclusion.settle) + said("  note: ", conclusion.notes);
}

/** Workflow commands of GitHub Actions: they show up beside the step. */
export function annotations({ conclusion, overhead }: Judgement): string {
  const levels: Readonly<Record<string, string>> = { fail: "error", inconclusive: "warning", "not-evaluated": "error" };
  const rows: [string, { readonly verdict: string; readonly reasons: readonly string[] }][] = [
    ["overhead", overhead],
    ...conclusion.variance.scenarios.map((row): [string, Row] => [`spread of ${row.scenario}`, row]),
    ...conclusion.significance.scenarios.map((row): [string, Row] => [`regression of ${row.scenario}`, row]),
  ];
  return rows.flatMap(([title, { verdict, reasons }]) => {
    const level = levels[verdict];
    const text = reasons.length === 0 ? verdict : reasons.join("\n");
    return level === undefined ? [] : [`::${level} title=${property(`m5 gate: ${title}`)}::${data(text)}\n`];
  }).join("");
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

function ruleName(mode: Mode): string {
  return mode === "classic" ? "classic rule" : "non-inferiority rule";
}

function cells(row: Row, variance: Row, other: Mode): string[] {
  const ttft = row.ttft as Compared;
  const { candidate_n, baseline_n } = row as unknown as { candidate_n: number; baseline_n: number };
  return [
    row.scenario,
    String(variance.run_count),
    `${candidate_n} / ${baseline_n}`,
    `${ms(ttft.baseline)} -> ${ms(ttft.candidate)}`,
    change(ttft),
    worded(row),
    worded(variance),
    (row[other] as Row).verdict,
  ];
}

function worded({ verdict, reason }: Pick<Row, "verdict" | "reason">): string {
  return reason === null ? verdict : `${verdict} (${reason})`;
}

function change({ change_pct, low_pct, high_pct }: Compared): string {
  return Number.isNaN(low_pct) ? "-" : `${signed(change_pct)} % (${signed(low_pct)} to ${signed(high_pct)})`;
}

function signed(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "+inf" : value < 0 ? "-inf" : "?";
  return `${value >= 0 ? "+" : ""}${value.toFixed(1)}`;
}

function plot(rows: readonly Row[], { ttftRegressionPct }: Parameters): string {
  return rows.length === 0 ? "no scenario\n" : forestText(intervals(rows), ttftRegressionPct, (value) => `${value} %`);
}

function intervals(rows: readonly Row[]): Interval[] {
  return rows.flatMap((row) =>
    ([["TTFT p95", row.ttft], ["tokens p50", row.tokens]] as [string, Compared][]).map(([what, c]): Interval => ({
      label: `${row.scenario} ${what}`,
      low: c.low_pct,
      estimate: c.change_pct,
      high: c.high_pct,
      remark: `${change(c)}  ${c.verdict}${c.reason === null ? "" : `, ${c.reason}`}`,
      tone: c.verdict === "pass" ? "good" : c.verdict === "fail" ? "bad" : "unsure",
    }))
  );
}

function overheadLine(o: Overhead): string {
  const nodes = Object.entries(o.node_p95_observed).map(([node, p95]) => `${printable(node)} ${p95.toFixed(2)} %`);
  const mean = o.mean_observed_pct === null ? "nothing measured" : `mean ${o.mean_observed_pct.toFixed(2)} %`;
  return `Overhead **${o.verdict}**: ${mean}${
    nodes.length === 0 ? "" : `, p95 by node ${nodes.join(", ")}`
  }; bound ${o.max_node_p95_pct} % of one CPU, ${o.sample_count} rows.`;
}

function list(title: string, texts: readonly string[]): string {
  return texts.length === 0 ? "" : `**${title}**\n\n${texts.map((text) => `- ${printable(text)}`).join("\n")}`;
}
