/**
 * Runs the blind demo a number of times in a row and writes the table of docs/acceptance.md: deno run -A deploy/acceptance.ts [runs]
 * Every run is in the table, right or wrong.
 */
import { markdownTable } from "../lib/report/markdown.ts";

interface Report {
  readonly injected: {
    readonly fault: string;
    readonly intensity: number;
    readonly unit: string;
    readonly startNs: number | null;
    readonly endNs: number | null;
  };
  readonly incident: {
    readonly domain: string;
    readonly confidence: number;
    readonly excess_ms: number;
    readonly opened_at: string;
  } | null;
  readonly verdict: { readonly pass: boolean };
  readonly phases: readonly { readonly name: string; readonly requests: number; readonly ttft_p50_ms: number | null }[];
  readonly drops: Readonly<Record<string, number>>;
  readonly host: { readonly kernel: string; readonly cpus: number; readonly arch: string };
  readonly provenance: { readonly commit: string; readonly cpu: string; readonly generated_at: string };
}

const say = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
const root = new URL("../", import.meta.url).pathname;
const runs = Number(Deno.args[0] ?? 10);
const reports: Report[] = [];
for (let i = 1; i <= runs; i++) {
  const { stdout, code } = await new Deno.Command(`${root}sloctl`, {
    args: ["demo", "--fault", "random", "--blind", "--json", "--out", `artifacts/blind/run-${i}`],
    cwd: root,
    stderr: "null",
  }).output();
  if (code !== 0 && code !== 1) {
    say(`run ${i} ended with ${code}: no report`);
    Deno.exitCode = code;
    break;
  }
  const report = JSON.parse(new TextDecoder().decode(stdout)) as Report;
  reports.push(report);
  say(`run ${i}: ${report.injected.fault}, ${report.verdict.pass ? "right" : "WRONG"}`);
}

const phase = (report: Report, name: string) => report.phases.find((p) => p.name === name)?.ttft_p50_ms;
const show = (ms: number | null | undefined) => ms === null || ms === undefined ? "-" : `${ms.toFixed(0)} ms`;
const rows = reports.map((report, i) => [
  `${i + 1}`,
  report.injected.startNs === null
    ? "none"
    : `${report.injected.fault}, ${report.injected.intensity} ${report.injected.unit}`,
  report.incident?.domain ?? "no incident",
  report.incident === null ? "-" : report.incident.confidence.toFixed(2),
  show(phase(report, "baseline")),
  show(phase(report, "incident")),
  `${Object.values(report.drops).reduce((a, b) => a + b, 0)}`,
  report.verdict.pass ? "yes" : "no",
]);
const right = reports.filter((report) => report.verdict.pass).length;
const { host, provenance } = reports[0]!;
const table = [
  `${right} of ${reports.length} right. Printed by \`deno run -A deploy/acceptance.ts ${runs}\` on ${
    provenance.generated_at.slice(0, 10)
  }, commit ` +
  `${provenance.commit}, Linux ${host.kernel} ${host.arch}, ${host.cpus} CPUs (${provenance.cpu}), nothing else running.`,
  "",
  markdownTable(
    [
      { title: "run" },
      { title: "injected (label, opened last)" },
      { title: "attributed" },
      { title: "confidence", align: "right" },
      { title: "TTFT p50 baseline", align: "right" },
      { title: "incident", align: "right" },
      { title: "drops", align: "right" },
      { title: "right" },
    ],
    rows,
  ).trim(),
].join("\n");
const page = `${root}docs/acceptance.md`;
const text = Deno.readTextFileSync(page);
Deno.writeTextFileSync(page, text.replace(/(<!-- runs:begin -->)[\s\S]*(<!-- runs:end -->)/, `$1\n\n${table}\n\n$2`));
say(`${right} of ${reports.length} right`);
if (right < reports.length) Deno.exitCode ||= 1;
