/** The report for a person. */
import type { Incident } from "../../model/attribution.ts";
import { TIER_RULES } from "../../correlate/tiers.ts";
import { LABELS, type Split, type Tier, TIERS } from "../../model/split.ts";
import { bars } from "../../report/bars.ts";
import { endpoint, ms, percent } from "../../report/format.ts";
import { paint } from "../../report/paint.ts";
import { table } from "../../report/table.ts";
import type { Analysis } from "./analyse.ts";
import type { PhaseRow, Verdict } from "./report.ts";
import type { Label, RunData } from "./run_data.ts";

/** Of a join without a rival; with k of them it is divided by k. */
const CONFIDENCE = Object.fromEntries(TIER_RULES.map((rule) => [rule.tier, rule.confidence])) as Record<Tier, number>;

export interface Rendered {
  readonly run: RunData;
  readonly analysis: Analysis;
  readonly phases: readonly PhaseRow[];
  readonly verdict: Verdict;
  readonly label: Label;
  readonly artifacts: string;
}

/** Lines end in a line feed. In a replay every line says so. */
export function renderReport(what: Rendered, options: { color: boolean; width: number }): string {
  const mark = what.run.mode === "replay" ? "replay | " : "";
  const width = options.width - mark.length;
  const text = [
    heading(what, options.color) + estimatedNote(what.analysis),
    phaseTable(what.phases, options.color, width),
    splitChart(what.analysis, options.color, width),
    conclusion(what, options.color),
    footing(what.run, what.analysis, what.artifacts),
  ].join("\n");
  return mark === "" ? text : text.replace(/^/gm, mark).slice(0, -mark.length);
}

function heading({ run }: Rendered, color: boolean): string {
  const { bold, dim } = paint(color);
  const { name, kernel, cpus, arch } = run.host;
  return `\n${bold(`sloctl demo --fault ${run.faultAsked}${run.blind ? " --blind" : ""}`)}  ${
    dim(`${name}, Linux ${kernel} ${arch}, ${cpus} CPUs`)
  }\n`;
}

/** What a person has to know before the numbers: whose requests these are, and how they were told. */
function estimatedNote({ estimated, service }: Analysis): string {
  if (estimated === null) return "";
  const slept = estimated.slept === 0 ? "" : `; ${estimated.slept} left out, the machine slept meanwhile`;
  return `no span arrived: requests of ${service} are estimated from sockets${slept}\n`;
}

function phaseTable(phases: readonly PhaseRow[], color: boolean, width: number): string {
  const right = { align: "right" } as const;
  return table(
    [
      { title: "phase" },
      { title: "requests", ...right },
      { title: "errors", ...right },
      { title: "TTFT p50", ...right },
      { title: "p95", ...right },
      { title: "client saw p50", ...right },
      { title: "p95", ...right },
    ],
    phases.map((p) => [
      p.name,
      `${p.requests}`,
      `${p.errors}`,
      ms(p.ttft_p50_ms),
      ms(p.ttft_p95_ms),
      ms(p.client_ttft_p50_ms),
      ms(p.client_ttft_p95_ms),
    ]),
    { color, width },
  );
}

function splitChart({ incident, baselineSplit }: Analysis, color: boolean, width: number): string {
  const { bold } = paint(color);
  const now = incident?.split.incident ?? baselineSplit;
  if (now === null) return "No request could be split.\n";
  const title = incident === null
    ? "Where the time to first token went at baseline (mean)"
    : "Where the time to first token went in the incident (mean; at baseline in brackets)";
  const worst = incident === null ? null : largest(incident.split.excess);
  const rows = LABELS.map((label) => ({
    label,
    ms: now[label],
    ...(incident === null ? {} : { baselineMs: incident.split.baseline[label] }),
    highlight: label === worst,
  }));
  return `${bold(title)}\n${bars(rows, { width, color })}`;
}

function largest(excess: Split): string {
  return LABELS.reduce((best, label) => (excess[label] ?? -Infinity) > (excess[best] ?? -Infinity) ? label : best);
}

function conclusion({ analysis, verdict }: Rendered, color: boolean): string {
  const { bold, green, red } = paint(color);
  const incident = analysis.incident;
  const lines = incident === null
    ? [bold("No incident: the time to first token did not move.")]
    : named(incident, bold);
  lines.push(`${verdict.pass ? green("PASS") : red("FAIL")}  ${verdict.reason}`);
  return `${lines.join("\n")}\n`;
}

function named(incident: Incident, bold: (text: string) => string): string[] {
  const cause = `${incident.sub_cause === null ? "" : ` (${incident.sub_cause})`}${
    incident.estimated === true ? ", estimated" : ""
  }`;
  return [
    `${bold(`Cause: ${incident.domain}${cause}`)}, confidence ${incident.confidence.toFixed(2)} (not calibrated): ` +
    `${ms(incident.excess_ms)} more per request, ${sharesOf(incident)}`,
    ...(incident.unknown_reason === undefined ? [] : [`  unknown because: ${incident.unknown_reason}`]),
    ...incident.evidence.slice(0, 3).map((row) => `  ${row.signal.padEnd(25)} ${row.sentence}`),
    `  weakest join: ${incident.tier}; ${incident.requests.incident} requests against ${incident.requests.baseline} at baseline`,
  ];
}

function sharesOf(incident: Incident): string {
  return Object.entries(incident.shares).sort((a, b) => b[1] - a[1]).slice(0, 3)
    .map(([domain, share]) => `${percent(share)} ${domain}`).join(", ");
}

/** How kernel and spans were joined, tier by tier: what each is worth, and how often there was no rival. */
function joins({ joined }: Analysis): string {
  const tiers = TIERS.flatMap((tier) => {
    const row = joined.tiers[tier];
    return row === undefined
      ? []
      : [`${tier} (${CONFIDENCE[tier].toFixed(2)}) ${row.joins}, ${row.alone} without a rival`];
  });
  return tiers.length === 0 ? "nothing" : tiers.join("; ");
}

function footing(run: RunData, analysis: Analysis, artifacts: string): string {
  const drops = Object.entries(run.drops).filter(([, n]) => n > 0);
  const cost = run.cost as { cpu_pct?: number | null; bpf_ns_per_event?: number | null; rss_mb?: number | null };
  const missing = run.coverage.missing.map(({ probe, reason, costs }) => `not seen: ${costs} (${probe}: ${reason})`);
  const peers = (analysis.estimated?.peers ?? []).map((peer) =>
    `asked    ${endpoint(peer.name ?? peer.ip, peer.port)} ${peer.calls} times, ${
      peer.part === "other" ? "no part known" : `taken for the ${peer.part}`
    }: ${peer.why}`
  );
  return [
    `watched  ${run.coverage.attached.join(" ")}`,
    ...missing,
    ...peers,
    `joined   ${joins(analysis)}`,
    `events   ${run.events.length} from the kernel, ${run.spans.length} spans; drops ${
      drops.length === 0 ? "0" : drops.map(([name, n]) => `${name} ${n}`).join(", ")
    }`,
    `cost     ${cost.bpf_ns_per_event?.toFixed(0) ?? "-"} ns of kernel time per event looked at, ${
      cost.cpu_pct?.toFixed(1) ?? "-"
    } % of one CPU in all, ${cost.rss_mb?.toFixed(0) ?? "-"} MB (agent and span receiver together)`,
    `written  ${artifacts}`,
    "",
  ].join("\n");
}
