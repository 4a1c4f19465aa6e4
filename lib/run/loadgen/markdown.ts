/** The report of a load run as Markdown, the picture beside it. Pure. */
import { count, ms } from "../../report/format.ts";
import { markdownTable } from "../../report/markdown.ts";
import type { LoadReport } from "./load_report.ts";
import {
  clientSentences,
  interruptedSentence,
  latencyRows,
  limitSentence,
  outcomeSentence,
  rateSentence,
  tokenSentence,
  traceSentences,
  verdictSentence,
} from "./words.ts";

const right = (titles: readonly string[]) => titles.map((title) => ({ title, align: "right" as const }));

export function markdown(report: LoadReport): string {
  const { warmup, window, cooldown } = report.seconds;
  const interrupted = interruptedSentence(report);
  const list = (lines: readonly string[]) => lines.map((line) => `- ${line}\n`).join("");
  return [
    `# Load on ${report.target}\n\n`,
    interrupted === null ? "" : `**${interrupted}**\n\n`,
    `${report.arrival_words}, seed ${report.seed}; warm-up ${warmup} s, window ${window} s, cool-down ${cooldown} s. `,
    `Started ${report.started_at}, sloctl ${report.version}.\n\n`,
    `**${verdictSentence(report)}**\n\n`,
    list([
      rateSentence(report),
      outcomeSentence(report),
      ...traceSentences(report),
      tokenSentence(report) ?? "no token was counted",
      limitSentence(report),
    ]),
    "\n![latency over time, its distribution, and gaps](report.svg)\n\n## Latency of requests that ended well\n\n",
    markdownTable(
      [{ title: "definition" }, ...right(["n", "p50", "p90", "p95", "p99", "max"])],
      latencyRows(report).map(({ def, n, stats }) => [`\`${def}\``, count(n), ...stats.map(ms)]),
    ),
    "\nPercentiles by linear interpolation. `from_schedule` counts from when a request was due, `from_send` from when it left.\n",
    errors(report),
    goodput(report),
    "\n## The client itself\n\n",
    list(clientSentences(report)),
    `\nWhat would be material here: ${ms(report.client.limit_ms)} (${report.client.limit_is}).\n`,
    "\n## Time line\n\n",
    markdownTable(
      right(["from s", "due", "ok", "bad", "p50", "p95"]),
      report.timeline.map((s) => [String(s.at_s), count(s.due), count(s.ok), count(s.bad), ms(s.p50_ms), ms(s.p95_ms)]),
    ),
    `\nLatency is \`${report.timeline_of}\`, by when requests were due.\n`,
  ].join("");
}

function errors(report: LoadReport): string {
  if (report.errors.length === 0) return "";
  const rows = report.errors.map(({ outcome, error_type, n, detail }) => [outcome, error_type, count(n), detail ?? ""]);
  return `\n## What did not end well\n\n${
    markdownTable([{ title: "outcome" }, { title: "error" }, { title: "n", align: "right" }, {
      title: "first one said",
    }], rows)
  }`;
}

function goodput({ slos }: LoadReport): string {
  if (slos.length === 0) return "";
  const rows = slos.map(({ name, criteria, objective, goodput: g, verdict }) => [
    name,
    criteria.map(({ def, limit, value }) => `${def} ${limit} ${value}`).join(" and ") || "status == ok",
    String(objective),
    g.fraction === null ? "-" : `${Number((100 * g.fraction).toFixed(3))} %`,
    count(g.good),
    `${count(g.bad)} (${count(g.missing)})`,
    count(g.na),
    count(g.excluded),
    g.rate.toFixed(2),
    g.tokens.toFixed(0),
    verdict,
  ]);
  const titles = [
    "objective",
    "goodput",
    "good",
    "bad (values missing)",
    "not applicable",
    "left out",
    "good/s",
    "good tokens/s",
  ];
  return `\n## Goodput\n\n${
    markdownTable([{ title: "SLO" }, { title: "criteria" }, ...right(titles), { title: "verdict" }], rows)
  }\nEdges as ${slos[0]!.goodput.edges} has them.\n`;
}
