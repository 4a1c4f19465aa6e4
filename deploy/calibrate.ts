/**
 * A/A calibration of m5gate, and what its rule can see: deno task calibrate [--trials N] [--write]
 *
 * Both arms are drawn from one distribution, so every fail is a false alarm. Their share must lie within what chance allows of alpha
 * (the 99 % point of the binomial); exit code 1 where it does not. Then how often the rule passes when nothing changed, beside what
 * `gate plan` says. About two minutes; no root. `--write` puts both tables into docs/gates.md.
 */
import { conclude, judgeScenario } from "../lib/gate/m5.ts";
import type { Parameters } from "../lib/gate/m5_evidence.ts";
import { judgeOverhead } from "../lib/gate/overhead.ts";
import { powerToPass } from "../lib/gate/plan.ts";
import { markdownTable } from "../lib/report/markdown.ts";
import { binomialTails } from "../lib/stats/beta.ts";
import { type RunShape, runsOf } from "../lib/gate/simulated_runs.ts";
import { replaceBlock } from "./bench/page.ts";

const PARAMETERS: Parameters = {
  mode: "noninferiority",
  maxOverheadPct: 3,
  maxVariancePct: 1e6, // spread is not what is tried here
  minRuns: 3,
  ttftRegressionPct: 5,
  alpha: 0.05,
  bootstrapIters: 1000,
  seed: 42,
  minSamples: 59,
  minCliffsDelta: 0.147,
};
const FIT = {
  verdict: "pass",
  reason: null,
  reasons: [],
  manifest: null,
  missing_keys: [],
  calibration: true,
} as const;
const OVERHEAD = judgeOverhead(new Map([["n", Array(100).fill(1)]]), [], PARAMETERS);
const SIGMA = 0.25;

interface Design {
  readonly scenarios: number;
  readonly runs: number;
  readonly requests: number;
  readonly runSd: number;
}

type Verdicts = Readonly<Record<string, number>>;

/** How often each verdict comes, by either rule, of benchmarks in which nothing changed. */
function trials(design: Design, count: number, marginPct: number): { ours: Verdicts; classic: Verdicts } {
  const [ours, classic]: Record<string, number>[] = [{}, {}];
  const p = { ...PARAMETERS, ttftRegressionPct: marginPct };
  for (let t = 0; t < count; t++) {
    const findings = Array.from({ length: design.scenarios }, (_, s) => {
      const arm = (name: string): RunShape => ({
        key: `${name}/${marginPct}/${JSON.stringify(design)}/${t}/${s}`,
        runs: design.runs,
        requests: design.requests,
        sigma: SIGMA,
        runSd: design.runSd,
      });
      return judgeScenario(`s${s}`, runsOf(arm("candidate")), runsOf(arm("baseline")), FIT, { ...p, seed: t });
    });
    const { outcomes } = conclude(findings, OVERHEAD, [], p);
    ours![outcomes.noninferiority] = (ours![outcomes.noninferiority] ?? 0) + 1;
    classic![outcomes.classic] = (classic![outcomes.classic] ?? 0) + 1;
  }
  return { ours: ours!, classic: classic! };
}

/** The most false alarms of `count` that chance explains at that rate, 99 times of 100. */
function bound(count: number, rate: number): number {
  let k = Math.ceil(count * rate);
  while (binomialTails(k + 1, count, rate).atLeast > 0.01) k++;
  return k;
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const flag = Deno.args.indexOf("--trials");
const COUNT = flag < 0 ? 400 : Number(Deno.args[flag + 1]);
const words = ({ scenarios, runs, requests, runSd }: Design) =>
  `${scenarios === 1 ? "" : `${scenarios} scenarios x `}${runs} x ${requests}, runs differ by ${100 * runSd} %`;
const share = (hits: number | undefined, count: number) => `${(100 * (hits ?? 0) / count).toFixed(1)} %`;

let broken = 0;
const alarms = [
  // A margin of next to nothing: nothing but chance keeps it from failing.
  ...[[1, 3, 100, 0], [1, 3, 100, 0.05], [1, 10, 100, 0], [1, 10, 100, 0.05], [1, 10, 250, 0.1]].map((d) => [d, 1e-6]),
  ...[[1, 3, 100, 0.1], [1, 10, 100, 0.1], [7, 10, 100, 0.05]].map((d) => [d, 5]),
] as [[number, number, number, number], number][];
const alarmRows = alarms.map(([[scenarios, runs, requests, runSd], margin]) => {
  const design = { scenarios, runs, requests, runSd };
  const count = Math.ceil(COUNT / scenarios);
  const { ours, classic } = trials(design, count, margin);
  const most = bound(count, PARAMETERS.alpha / 2);
  if ((ours.fail ?? 0) > most) broken++;
  print(`${words(design)}, margin ${margin} %: ${ours.fail ?? 0} of ${count} fail, at most ${most}`);
  return [
    words(design),
    margin < 1 ? "0" : `${margin} %`,
    String(count),
    String(ours.fail ?? 0),
    String(most),
    share(ours.fail, count),
    share(classic.fail, count),
  ];
});

const powers: [number, number, number][] = [[3, 100, 5], [10, 100, 5], [10, 250, 5], [20, 250, 5], [10, 100, 10]];
const powerRows = powers.map(([runs, requests, margin]) => {
  const design = { scenarios: 1, runs, requests, runSd: 0.02 };
  const count = Math.ceil(COUNT / 2);
  const { ours } = trials(design, count, margin);
  const sampling = SIGMA * Math.sqrt(0.95 * 0.05 / requests) / 0.10313564; // over the normal density at its 95 % point
  const seen = { runs, samples: requests, betweenRuns: design.runSd, sampling };
  const planned = powerToPass(seen, { runs, samples: requests }, margin / 100, PARAMETERS.alpha / 2);
  print(
    `${words(design)}, margin ${margin} %: passes ${share(ours.pass, count)}, planned ${(100 * planned).toFixed(0)} %`,
  );
  return [words(design), `${margin} %`, share(ours.pass, count), `${(100 * planned).toFixed(0)} %`];
});

const right = (title: string) => ({ title, align: "right" as const });
const text = [
  `Printed by \`deno task calibrate --trials ${COUNT}\` (lognormal TTFT, sigma ${SIGMA}; ${PARAMETERS.bootstrapIters} replicates; seeds only, so ` +
  `any machine gives the same). Nothing changed between the arms: every fail is a false alarm, and alpha, one-sided, is ` +
  `${100 * PARAMETERS.alpha / 2} %.`,
  markdownTable(
    [
      { title: "runs x requests" },
      ...["margin", "trials", "fails", "chance allows", "share", "classic fails"].map(right),
    ],
    alarmRows,
  ).trimEnd(),
  "How often the rule passes when nothing changed, and what `gate plan` says beforehand:",
  markdownTable([{ title: "runs x requests" }, ...["margin", "passes", "planned"].map(right)], powerRows).trimEnd(),
].join("\n\n") + "\n";
if (Deno.args.includes("--write")) {
  const page = new URL("../docs/gates.md", import.meta.url);
  await Deno.writeTextFile(page, replaceBlock(await Deno.readTextFile(page), text, "calibration"));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", page.pathname] }).output();
}
print(
  broken === 0 ? "false alarms: within the binomial bound of alpha" : `false alarms: ${broken} rows beyond the bound`,
);
Deno.exitCode = broken === 0 ? 0 : 1;
