/** `sloctl m5gate`: may this candidate be released, by its benchmark folders and those of a baseline. */
import { judgeOverhead, judgeRegression, judgeVariance, type Parameters, type Run } from "../gate/classic.ts";
import { combine, type Verdict } from "../gate/verdict.ts";
import { writeText } from "../host/write_text.ts";
import { EXIT, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { markdownTable } from "../report/markdown.ts";
import { type BenchRun, listScenarios, type Manifest, readManifest, readRuns } from "../source/bench_folders.ts";

export interface M5Options extends Parameters {
  readonly candidateRoot: string | undefined;
  readonly baselineRoot: string | undefined;
  readonly baselineManifest: string | undefined;
  readonly candidateRef: string;
  readonly candidateCommit: string;
  readonly requireBaselineManifest: boolean;
  /** Empty: those of the candidate. */
  readonly scenarios: readonly string[];
  readonly outJson: string | undefined;
  readonly outMd: string | undefined;
  readonly profile: "release" | "pr";
  readonly allowSameCommit: boolean;
  /** RFC 3339. */
  readonly now: string;
}

interface Row {
  readonly scenario: string;
  readonly verdict: Verdict;
  readonly pass: boolean;
  readonly reasons: readonly string[];
  readonly [name: string]: unknown;
}

const OLDEST_BASELINE_DAYS = 30;
const CODE: Readonly<Record<Verdict, number>> = {
  pass: EXIT.ok,
  fail: EXIT.gateSaidNo,
  inconclusive: EXIT.unsupported,
  "not-evaluated": EXIT.io,
};

/** Exit code 0 pass, 1 fail, 3 inconclusive, 4 not evaluated. The summary is written for each of them. @throws UsageError, IoError */
export async function m5gate(options: M5Options, io: Io): Promise<number> {
  const { candidateRoot, baselineRoot } = checked(options);
  const scenarios = options.scenarios.length > 0 ? [...options.scenarios] : listScenarios(candidateRoot);
  const overheadByNode = new Map<string, number[]>();
  const unmeasured: string[] = [];
  const [variance, significance, baselines]: [Row[], Row[], Row[]] = [[], [], []];
  for (const scenario of scenarios) {
    const candidate = await readRuns(candidateRoot, scenario);
    const baseline = await readRuns(baselineRoot, scenario);
    for (const run of candidate) {
      if (run.overheadUnmeasured !== null) {
        unmeasured.push(`overhead: ${scenario}/${run.name}: ${run.overheadUnmeasured}`);
      } else if (run.overhead === null) {
        unmeasured.push(`overhead: ${scenario}/${run.name} has no collector_overhead.csv`);
      }
      for (const [node, rows] of run.overhead ?? []) {
        overheadByNode.set(node, [...(overheadByNode.get(node) ?? []), ...rows]);
      }
    }
    variance.push(row(scenario, judgeVariance(scenario, candidate, options)));
    const fit = fitness(
      scenario,
      candidate,
      baseline,
      await readManifest(baselineRoot, scenario, options.baselineManifest),
      options,
    );
    baselines.push(row(scenario, fit));
    const judged = judgeRegression(scenario, pooled(candidate), pooled(baseline), options);
    // What the baseline cannot carry is not evaluated, whatever the numbers look like.
    const usable = fit.verdict === "pass" ? judged : { ...judged, verdict: fit.verdict, reasons: fit.reasons };
    significance.push(row(scenario, usable));
  }
  const measured = judgeOverhead(overheadByNode, options);
  const overhead = unmeasured.length === 0 || measured.verdict === "fail"
    ? measured
    : { ...measured, verdict: "not-evaluated" as const, reasons: unmeasured };
  const rows = [...variance, ...significance];
  const failures = [...overhead.reasons, ...rows.flatMap(({ reasons }) => reasons)];
  const verdict = combine([overhead.verdict, ...rows.map((r) => r.verdict)]);
  const part = (list: readonly Row[]) => {
    const worst = combine(list.map((r) => r.verdict));
    return { pass: worst === "pass", verdict: worst, scenarios: list };
  };
  const summary = {
    generated_at: options.now,
    candidate_root: candidateRoot,
    baseline_root: baselineRoot,
    candidate: { ref: options.candidateRef, commit: options.candidateCommit },
    mode: "classic",
    profile: options.profile,
    scenarios,
    baseline: part(baselines),
    overhead: { ...overhead, pass: overhead.verdict === "pass" },
    variance: part(variance),
    significance: part(significance),
    verdict,
    pass: verdict === "pass",
    failures: [...new Set(failures)],
  };
  if (options.outJson !== undefined) await writeText(options.outJson, `${toJson(summary, 2)}\n`, io);
  if (options.outMd !== undefined) {
    await writeText(options.outMd, markdown(verdict, overhead.verdict, rows, summary.failures), io);
  }
  if (options.outJson !== "-" && options.outMd !== "-") {
    io.out(`${verdict}: ${scenarios.length} scenarios\n${summary.failures.map((reason) => `  ${reason}\n`).join("")}`);
  }
  if (options.profile === "pr" && verdict === "inconclusive") {
    io.err("sloctl: inconclusive is let through by --profile pr; a release would be blocked\n");
    return EXIT.ok;
  }
  return CODE[verdict];
}

function checked(options: M5Options): { candidateRoot: string; baselineRoot: string } {
  const { candidateRoot, baselineRoot } = options;
  if (candidateRoot === undefined || baselineRoot === undefined) {
    const missing = candidateRoot === undefined ? "--candidate-root" : "--baseline-root";
    throw new UsageError(`Cannot judge: ${missing} is missing`, "Give both folders of benchmark runs");
  }
  const bounds: [string, number, boolean][] = [
    ["max-overhead-pct", options.maxOverheadPct, options.maxOverheadPct > 0],
    ["max-variance-pct", options.maxVariancePct, options.maxVariancePct > 0],
    ["min-runs", options.minRuns, options.minRuns >= 1],
    ["ttft-regression-pct", options.ttftRegressionPct, options.ttftRegressionPct >= 0],
    ["alpha", options.alpha, options.alpha > 0 && options.alpha < 1],
    ["bootstrap-iters", options.bootstrapIters, options.bootstrapIters >= 100 && options.bootstrapIters <= 100_000],
    ["min-samples", options.minSamples, options.minSamples >= 1],
    ["min-cliffs-delta", options.minCliffsDelta, options.minCliffsDelta >= 0 && options.minCliffsDelta <= 1],
  ];
  for (const [name, value, fine] of bounds) {
    if (!fine) {
      throw new UsageError(`Cannot use "--${name} ${value}": it is out of range`, `See "sloctl m5gate --help"`);
    }
  }
  return { candidateRoot, baselineRoot };
}

/** May this baseline be compared with at all? */
function fitness(
  scenario: string,
  candidate: readonly BenchRun[],
  baseline: readonly BenchRun[],
  manifest: Manifest | null,
  options: M5Options,
): { verdict: Verdict; reasons: readonly string[]; manifest: Manifest | null; missing_keys: readonly string[] } {
  const lacks = manifest !== null && manifest.origin === undefined ? ["origin"] : [];
  const said = (verdict: Verdict, ...reasons: string[]) => ({
    verdict,
    reasons: reasons.map((reason) => `baseline ${scenario}: ${reason}`),
    manifest,
    missing_keys: lacks,
  });
  if (candidate.length === 0) return said("not-evaluated", "the candidate has no raw_samples.jsonl");
  if (baseline.length === 0) return said("not-evaluated", "no raw_samples.jsonl (no-data)");
  if (manifest === null) return said(options.requireBaselineManifest ? "fail" : "not-evaluated", "no manifest.json");
  if (manifest.origin === "synthetic" || [...candidate, ...baseline].some((run) => run.synthetic)) {
    return said("not-evaluated", "the samples are synthetic");
  }
  const theirs = new Set(baseline.map((run) => run.digest));
  if (candidate.some((run) => theirs.has(run.digest))) {
    return said("not-evaluated", "the same file stands in both arms (baseline-is-candidate)");
  }
  const commit = manifest.source_commit ?? "";
  if (commit === "" || commit === "local") return said("not-evaluated", "the baseline's commit is unknown");
  if (commit === options.candidateCommit && !options.allowSameCommit) {
    return said("not-evaluated", `both are commit ${commit} (same-commit)`);
  }
  const age = (Date.parse(options.now) - Date.parse(manifest.generated_at)) / 86_400_000;
  if (!(age <= OLDEST_BASELINE_DAYS)) {
    return said("not-evaluated", `generated ${manifest.generated_at}: older than ${OLDEST_BASELINE_DAYS} days (stale)`);
  }
  return said("pass");
}

function pooled(runs: readonly BenchRun[]): Run {
  return {
    ttftMs: runs.flatMap((run) => run.ttftMs),
    tokensPerSecond: runs.flatMap((run) => run.tokensPerSecond),
    errors: runs.flatMap((run) => run.errors),
  };
}

function row(scenario: string, judged: { verdict: Verdict; reasons: readonly string[] }): Row {
  const { verdict, reasons, ...rest } = judged;
  return { scenario, pass: verdict === "pass", verdict, classic: verdict, ...rest, reasons };
}

function markdown(verdict: Verdict, overhead: Verdict, rows: readonly Row[], failures: readonly string[]): string {
  const cells = [
    ["overhead", "all", overhead],
    ...rows.map((r) => ["run_count" in r ? "variance" : "significance", r.scenario, r.verdict]),
  ];
  return `# m5 gate: ${verdict}\n\n` +
    markdownTable([{ title: "gate" }, { title: "scenario" }, { title: "verdict" }], cells) +
    (failures.length === 0 ? "" : `\n${failures.map((reason) => `- ${reason}\n`).join("")}`);
}
