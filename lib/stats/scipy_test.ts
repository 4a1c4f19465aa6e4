/**
 * Every statistic beside SciPy's, NumPy's or plain counting's, on the same values: hundreds of samples with and without ties, up to
 * far tails. Python with SciPy is `python3`, or what SLOCTL_PYTHON names; the tests are skipped without it.
 */
import { assert, assertEquals } from "@std/assert";
import { assertNear } from "../testing/near.ts";
import { testUnless } from "../testing/unless.ts";
import { binomialTails, studentQuantile } from "./beta.ts";
import { bootstrapCI } from "./bootstrap.ts";
import { quantile } from "./describe.ts";
import { erfc } from "./erfc.ts";
import { chiSquareQuantile } from "./gamma.ts";
import { hodgesLehmann } from "./hodges_lehmann.ts";
import { type Alternative, mannWhitneyU } from "./mann_whitney.ts";
import { meanInterval, welchInterval } from "./mean_interval.ts";
import { normalQuantile } from "./normal.ts";
import { exactInterval, wilsonInterval } from "./proportion.ts";
import type { QuantileRule } from "./quantile_rule.ts";
import { normal, random } from "./random.ts";
import { mean, sum } from "./sum.ts";
import { theilSen } from "./theil_sen.ts";

const PYTHON = Deno.env.get("SLOCTL_PYTHON") ?? "python3";
const ORACLE = new URL("./scipy_oracle.py", import.meta.url).pathname;

async function python(args: readonly string[], input: string): Promise<{ ok: boolean; out: string; err: string }> {
  const child = new Deno.Command(PYTHON, { args: [...args], stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const result = child.output();
  await new Blob([input]).stream().pipeTo(child.stdin);
  const { success, stdout, stderr } = await result;
  const text = new TextDecoder();
  return { ok: success, out: text.decode(stdout), err: text.decode(stderr) };
}

async function missing(): Promise<string | null> {
  const { ok } = await python(["-c", "import scipy.stats"], "").catch(() => ({ ok: false }));
  return ok
    ? null
    : `${PYTHON} has no SciPy (apt-get install python3-scipy, or name a Python that has it in SLOCTL_PYTHON)`;
}

type Answer = number | readonly number[];
interface Question {
  readonly ask: readonly [string, readonly unknown[]];
  readonly ours: Answer;
  /** Relative; equal to the last bit when 0. */
  readonly within: number;
}

/** All questions in one process: it takes longer to start than to answer. */
async function compare(questions: readonly Question[]): Promise<void> {
  const { ok, out, err } = await python([ORACLE], JSON.stringify(questions.map(({ ask }) => ask)));
  assert(ok, err);
  const answers = JSON.parse(out) as (Answer | null)[];
  assertEquals(answers.length, questions.length);
  questions.forEach(({ ask, ours, within }, i) => {
    const answer = answers[i]!;
    if (answer === null) return;
    const [mine, theirs] = [[ours].flat(), [answer].flat()];
    assertEquals(mine.length, theirs.length);
    mine.forEach((value, k) => assertNear(value, theirs[k]!, within, JSON.stringify(ask)));
  });
}

const reason = await missing();
const stream = random("scipy");
const draw = (n: number, ties: boolean) => Array.from({ length: n }, () => ties ? stream.below(7) : normal(stream));
const size = (most: number) => 2 + stream.below(most - 1);

testUnless(reason, "SciPy: Mann-Whitney, exact and normal; with ties by counting every arrangement", async () => {
  const questions: Question[] = [];
  for (let round = 0; round < 60; round++) {
    for (const alternative of ["two-sided", "greater", "less"] as Alternative[]) {
      for (const continuity of [true, false]) {
        const ties = round % 2 === 0;
        const [x, y] = [draw(size(40), ties), draw(size(40), ties).map((v) => v + round % 3)];
        const got = mannWhitneyU(x, y, { alternative, continuity, method: "normal" });
        questions.push({
          ask: ["mann_whitney", [x, y, alternative, "normal", continuity]],
          ours: [got.u, got.p],
          within: 1e-11,
        });
      }
      const [x, y] = [draw(size(14), false), draw(size(14), false)];
      const got = mannWhitneyU(x, y, { alternative });
      questions.push({
        ask: ["mann_whitney", [x, y, alternative, "exact", true]],
        ours: [got.u, got.p],
        within: 1e-12,
      });
    }
    const [x, y] = [draw(size(6), true), draw(size(7), true)];
    if (new Set([...x, ...y]).size === 1) continue;
    const p = (alternative: Alternative) => mannWhitneyU(x, y, { alternative }).p;
    questions.push({ ask: ["counted", [x, y]], ours: [p("greater"), p("less"), p("two-sided")], within: 1e-12 });
  }
  await compare(questions);
});

testUnless(reason, "SciPy: quantiles, sums, shares, trends, means", async () => {
  const rules: QuantileRule[] = [
    "nearest_rank",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
  ];
  const questions: Question[] = [];
  for (let round = 0; round < 30; round++) {
    const [x, y] = [draw(size(30), round % 2 === 0), draw(size(30), round % 2 === 0)];
    // Away from the ends, where NumPy before 2.0 reads past its array by some of the rules.
    const many = draw(12 + stream.below(30), round % 2 === 0).map((v) => v + 10);
    for (const rule of rules) {
      for (const q of [0.07, 0.1, 0.25, 0.5, 0.75, 0.9]) {
        questions.push({ ask: ["quantile", [many, q, rule]], ours: quantile(many, q, { rule }), within: 1e-13 });
      }
    }
    const wild = x.map((v, i) => v * 2 ** ((i * 37) % 200 - 100));
    questions.push({ ask: ["sum", [wild]], ours: sum(wild), within: 0 });
    questions.push({ ask: ["hodges_lehmann", [x, y]], ours: hodgesLehmann(x, y).estimate, within: 1e-14 });

    const n = size(400);
    const k = stream.below(n + 1);
    for (const level of [0.9, 0.95, 0.99]) {
      const [wilson, exact] = [wilsonInterval(k, n, { level }), exactInterval(k, n, { level })];
      questions.push({ ask: ["proportion", [k, n, level, "wilson"]], ours: [wilson.low, wilson.high], within: 1e-11 });
      questions.push({ ask: ["proportion", [k, n, level, "exact"]], ours: [exact.low, exact.high], within: 1e-10 });
    }

    const at = y.map((_, i) => i);
    const trend = theilSen(at, y);
    questions.push({ ask: ["theil_sen", [at, y]], ours: [trend.slope, trend.intercept], within: 1e-12 });
    const [one, two] = [draw(size(20), false), draw(size(20), false)];
    // Before SciPy 1.11 its quantiles of t are good to 1e-8, and a limit may lie near 0.
    const [m, w] = [meanInterval(one), welchInterval(one, two)];
    questions.push({ ask: ["mean_interval", [one]], ours: [m.low, m.high], within: 1e-7 });
    // The p value is where a limit of the interval touches 0: it is found by its level.
    questions.push({ ask: ["welch", [one, two]], ours: [w.low, w.high, pOf(one, two)], within: 1e-7 });
  }
  await compare(questions);
});

/** Two-sided p of Welch's test, by halving: the level at which the interval just excludes 0. */
function pOf(x: readonly number[], y: readonly number[]): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const level = (low + high) / 2;
    const interval = welchInterval(x, y, { level });
    if (interval.low <= 0 && 0 <= interval.high) high = level;
    else low = level;
  }
  return 1 - (low + high) / 2;
}

testUnless(reason, "SciPy: distributions, far into their tails", async () => {
  const questions: Question[] = [];
  for (let x = -6; x < 26; x += 0.37) questions.push({ ask: ["erfc", [x]], ours: erfc(x), within: 1e-13 });
  for (const p of [1e-300, 1e-30, 1e-9, 0.001, 0.025, 0.2, 0.6, 0.9, 0.999]) {
    questions.push({ ask: ["normal_quantile", [p]], ours: normalQuantile(p), within: 1e-12 });
    for (const df of [1, 2.5, 4, 14, 98, 1e4]) {
      if (p < 1e-12) continue;
      questions.push({ ask: ["student_quantile", [p, df]], ours: studentQuantile(p, df), within: 1e-8 });
      questions.push({ ask: ["chi_square_quantile", [p, df]], ours: chiSquareQuantile(p, df), within: 1e-9 });
    }
  }
  for (const [n, p] of [[5, 0.3], [59, 0.95], [1000, 0.5], [100_000, 0.95], [1_000_000, 0.999]] as const) {
    for (const z of [-12, -3, -0.5, 0, 1, 4]) {
      const k = Math.max(0, Math.min(n, Math.round(n * p + z * Math.sqrt(n * p * (1 - p)))));
      const { atMost, atLeast } = binomialTails(k, n, p);
      questions.push({ ask: ["binomial", [k, n, p]], ours: [atMost, atLeast], within: 1e-9 });
    }
  }
  await compare(questions);
});

testUnless(reason, "SciPy: bootstrap intervals of a mean, within Monte Carlo error", async () => {
  const questions: Question[] = [];
  for (const [method, name] of [["percentile", "percentile"], ["basic", "basic"], ["bca", "BCa"]] as const) {
    const values = Array.from({ length: 25 }, () => 100 * Math.exp(0.5 * normal(stream)));
    const got = bootstrapCI(values, mean, { method, replicates: 50_000 });
    questions.push({ ask: ["bootstrap", [values, name]], ours: [got.low, got.high], within: 0.01 });
  }
  await compare(questions);
});
