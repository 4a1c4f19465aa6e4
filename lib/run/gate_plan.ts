/** `sloctl gate plan`: how many runs and requests a margin needs, with the spread a baseline shows. */
import { powerToPass, runsNeeded, spreadAtMost, type SpreadSeen, spreadSeen } from "../gate/plan.ts";
import { EXIT, IoError, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { samplesToBound } from "../stats/quantile_interval.ts";
import { percent } from "../report/format.ts";
import { table } from "../report/table.ts";
import { listScenarios, readArm } from "../source/bench_folders.ts";

export interface GatePlanOptions {
  readonly baselineRoot: string | undefined;
  /** Empty: every one of the baseline. */
  readonly scenarios: readonly string[];
  readonly marginPct: number;
  /** Two-sided. */
  readonly alpha: number;
  readonly power: number;
  readonly seed: number;
  readonly json: boolean;
}

const RUNS = [3, 5, 10, 20, 40];
const TIMES = [1, 4];
/** Of the most spread. */
const CONFIDENCE = 0.9;
const FIELDS = [
  { field: "ttft_ms", what: "TTFT p95", quantile: 0.95 },
  { field: "token_throughput_tps", what: "token rate p50", quantile: 0.5 },
] as const;

interface Row {
  readonly scenario: string;
  readonly field: string;
  readonly what: string;
  readonly seen: SpreadSeen | null;
  readonly runs_needed: number | null;
  /** The same for the most spread that the baseline's few runs do not rule out, at 90 %. */
  readonly runs_needed_at_most: number | null;
  readonly chances: readonly { readonly runs: number; readonly samples: number; readonly passes: number }[];
}

/** Exit code 0; 4 when no scenario has two runs to learn from. @throws UsageError, IoError */
export function gatePlan(options: GatePlanOptions, io: Io): number {
  const { baselineRoot, marginPct, alpha, power } = options;
  if (baselineRoot === undefined) {
    throw new UsageError("Cannot plan: --baseline-root is missing", "Give the folder of the baseline's runs");
  }
  if (!(marginPct > 0 && alpha > 0 && alpha < 1 && power > 0 && power < 1)) {
    throw new UsageError(
      `Cannot plan for a margin of ${marginPct} %, alpha ${alpha} and power ${power}: one of them is out of range`,
      "Give --ttft-regression-pct above 0, --alpha and --power between 0 and 1",
    );
  }
  const scenarios = options.scenarios.length > 0 ? options.scenarios : listScenarios(baselineRoot);
  const rows = scenarios.flatMap((scenario) => rowsOf(baselineRoot, scenario, options));
  if (rows.every(({ seen }) => seen === null)) {
    throw new IoError(
      `Cannot plan from "${baselineRoot}": no scenario has two runs whose samples tell a spread`,
      "Make a first baseline: sloctl benchgen --live --runs 5",
    );
  }
  if (options.json) {
    const document = { schema: "gate_plan/v1", margin_pct: marginPct, alpha, power, rows };
    io.out(`${toJson(document, 2)}\n`);
  } else io.out(text(rows, options, io));
  return EXIT.ok;
}

function rowsOf(root: string, scenario: string, { marginPct, alpha, power, seed }: GatePlanOptions): Row[] {
  const { runs } = readArm(root, scenario, { flat: true });
  return FIELDS.map(({ field, what, quantile }): Row => {
    const values = runs.map(({ samples }) => field === "ttft_ms" ? samples.ttftMs : samples.tokensPerSecond);
    const seen = spreadSeen(values, quantile, `${seed}/E3/${scenario}/${field}`);
    if (seen === null) {
      return { scenario, field, what, seen, runs_needed: null, runs_needed_at_most: null, chances: [] };
    }
    const [margin, tail] = [marginPct / 100, alpha / 2];
    return {
      scenario,
      field,
      what,
      seen,
      runs_needed: runsNeeded(seen, seen.samples, margin, tail, power),
      runs_needed_at_most: runsNeeded(spreadAtMost(seen, CONFIDENCE), seen.samples, margin, tail, power),
      chances: TIMES.flatMap((times) =>
        RUNS.map((runs) => {
          const samples = Math.round(seen.samples * times);
          return { runs, samples, passes: powerToPass(seen, { runs, samples }, margin, tail) };
        })
      ),
    };
  });
}

function text(rows: readonly Row[], { marginPct, alpha, power }: GatePlanOptions, io: Io): string {
  const head =
    `Chance to pass with a margin of ${marginPct} % (alpha ${alpha}, two-sided) when nothing changed, both arms alike.\n\n`;
  const columns = [
    { title: "scenario" },
    { title: "field" },
    { title: "between runs", align: "right" as const },
    { title: "requests", align: "right" as const },
    ...RUNS.map((runs) => ({ title: `${runs} runs`, align: "right" as const })),
    { title: `for ${percent(power)}`, align: "right" as const },
    { title: "at most", align: "right" as const },
  ];
  const needed = (runs: number | null) => runs === null ? "over 1000" : `${runs} runs`;
  const lines = rows.flatMap(({ scenario, what, seen, runs_needed, runs_needed_at_most, chances }) =>
    seen === null ? [[scenario, what, "-"]] : TIMES.map((_, i) => {
      const own = chances.slice(i * RUNS.length, (i + 1) * RUNS.length);
      return [
        i === 0 ? scenario : "",
        i === 0 ? what : "",
        i === 0 ? percent(seen.betweenRuns) : "",
        String(own[0]!.samples),
        ...own.map(({ passes }) => percent(passes)),
        i > 0 ? "" : needed(runs_needed),
        i > 0 ? "" : needed(runs_needed_at_most),
      ];
    })
  );
  const floor = samplesToBound(0.95);
  const unknown = rows.some(({ seen }) => seen === null)
    ? "\n-: no spread to learn from; it needs 2 runs, each with a finite quantile above 0.\n"
    : "";
  return head + table(columns, lines, { width: Math.max(io.columns, 100), color: io.color }) + unknown +
    `\nAn arm needs ${floor} requests to bound a p95 at all, and 3 runs; all scenarios and both fields must pass together.\n` +
    `At most: the spread was learnt from few runs; with the most that they do not rule out (${
      percent(CONFIDENCE)
    }), so many are needed.\n`;
}
