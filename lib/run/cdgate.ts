/** `sloctl cdgate check`: may a roll-out go on, by what Prometheus has counted in the last minutes. */
import { type Counts, type Health, judgeBurn, judgeErrors, judgeQuery, judgeTtft } from "../gate/cd.ts";
import type { Finding } from "../gate/finding.ts";
import type { Reading } from "../gate/prometheus.ts";
import { combine, type Verdict, VERDICT_EXIT } from "../gate/verdict.ts";
import { EXIT, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { durationText } from "../slo/duration.ts";
import { type OwnQuery, parseOwnQueries } from "./cdgate_queries.ts";
import { cdgateText } from "./cdgate_text.ts";
import { openPrometheus, type PrometheusOptions } from "./prometheus_query.ts";

export interface CdgateOptions extends PrometheusOptions {
  readonly ttftP95Ms: number;
  readonly errorRate: number;
  readonly burnRate: number;
  readonly failOpen: boolean;
  readonly output: "text" | "json";
  /** The buckets of a histogram; matchers may stand behind the name. */
  readonly ttftMetric: string;
  readonly ttftUnit: "ms" | "s";
  /** Counters: of requests that went well, and of all. */
  readonly good: string;
  readonly total: string;
  readonly shortWindowMs: number;
  readonly longWindowMs: number;
  readonly objective: number;
  readonly mostStalenessMs: number;
  /** Requests in a window under which its burn rate says nothing. */
  readonly minRequests: number;
  /** `NAME<=VALUE: PROMQL`. */
  readonly queries: readonly string[];
}

export interface CdCheck extends Finding {
  readonly id: string;
  readonly queries: readonly string[];
}

export interface CdResult {
  readonly schema: "cdgate/v1";
  readonly at: string;
  /** Scheme, host and port. */
  readonly source: string;
  readonly verdict: Verdict;
  readonly pass: boolean;
  /** What let a roll-out go on that was not judged; null: nothing did. */
  readonly override: "fail-open" | null;
  readonly checks: readonly CdCheck[];
}

interface Asked {
  readonly reading: Reading;
  readonly query: string;
}

/** Exit code 0 pass, 1 fail, 3 inconclusive, 4 not evaluated. @throws UsageError, also for a query Prometheus calls wrong; IoError */
export async function cdgate(options: CdgateOptions, io: Io): Promise<number> {
  const own = checked(options);
  using prometheus = openPrometheus(options);
  const all = await askAll(options, own, (query) => prometheus.ask(query, io.stop));
  const checks = judge(all, options, own, Date.now());
  const verdict = combine(checks.map((check) => check.verdict));
  // What was answered, and not with what was asked for, keeps a check from being lifted, whatever else was not answered.
  const unreachable = (id: number) =>
    all.checks[id]!.some(({ reading }) => isUnreachable(reading)) &&
    all.checks[id]!.every(({ reading }) => "series" in reading ? reading.series.length > 0 : isUnreachable(reading));
  const rest = checks.filter((check, i) => check.verdict !== "not-evaluated" || !unreachable(i));
  const judged = rest.length === 0 ? "pass" : combine(rest.map((check) => check.verdict));
  const lifted = options.failOpen && rest.length < checks.length && judged === "pass";
  const result: CdResult = {
    schema: "cdgate/v1",
    at: new Date().toISOString(),
    source: prometheus.shown,
    verdict,
    pass: verdict === "pass",
    override: lifted ? "fail-open" : null,
    checks,
  };
  io.out(options.output === "json" ? `${toJson(result, 2)}\n` : cdgateText(result, io));
  return lifted ? EXIT.ok : VERDICT_EXIT[verdict];
}

function checked(options: CdgateOptions): readonly OwnQuery[] {
  const bounds: [string, number, boolean, string][] = [
    ["ttft-p95-ms", options.ttftP95Ms, options.ttftP95Ms > 0, "Give a limit above 0"],
    ["error-rate", options.errorRate, options.errorRate >= 0 && options.errorRate <= 1, "Give a share from 0 to 1"],
    ["burn-rate", options.burnRate, options.burnRate > 0, "Give a limit above 0"],
    ["objective", options.objective, options.objective > 0 && options.objective < 1, "Give a share such as 0.99"],
    ["timeout", options.timeoutMs, options.timeoutMs > 0, "Give a time above 0"],
    ["min-requests", options.minRequests, options.minRequests >= 1, "Give 1 or more"],
    ["max-staleness", options.mostStalenessMs, options.mostStalenessMs > 0, "Give a time above 0"],
    ["window", options.shortWindowMs, options.shortWindowMs >= 1000, "Give 1s or more"],
    [
      "long-window",
      options.longWindowMs,
      options.longWindowMs > options.shortWindowMs,
      "Give more than --window, or the two say the same",
    ],
  ];
  for (const [flag, value, fine, hint] of bounds) {
    if (!fine) throw new UsageError(`Cannot use "--${flag} ${value}": it is out of range`, hint);
  }
  return parseOwnQueries(options.queries);
}

interface All {
  /** What each check asked, in the order of the checks. */
  readonly checks: readonly (readonly Asked[])[];
  readonly buckets: Asked;
  readonly ttft: readonly [age: Asked, resets: Asked];
  readonly short: Read;
  readonly long: Read;
  readonly own: readonly Asked[];
}

interface Read {
  readonly good: Asked;
  readonly total: Asked;
  readonly age: Asked;
  readonly resets: Asked;
}

/** Everything is asked at once: one patience covers all of it. */
async function askAll(
  options: CdgateOptions,
  own: readonly OwnQuery[],
  ask: (query: string) => Promise<Reading>,
): Promise<All> {
  const read = async (query: string): Promise<Asked> => ({ query, reading: await ask(query) });
  const window = (ms: number) => durationText(Math.round(ms / 1000));
  const [short, long] = [window(options.shortWindowMs), window(options.longWindowMs)];
  const age = (selector: string) => read(`time() - max(timestamp(${selector}))`);
  const sum = (what: string, selector: string, over: string) => read(`sum(${what}(${selector}[${over}]))`);
  const { good, total, ttftMetric } = options;
  const newest = age(total);
  const counts = async (over: string): Promise<Read> => {
    const [g, t, a, r] = await Promise.all([
      sum("increase", good, over),
      sum("increase", total, over),
      newest,
      sum("resets", total, over),
    ]);
    return { good: g, total: t, age: a, resets: r };
  };
  const [buckets, ttftAge, ttftResets, shortly, longly, ...owned] = await Promise.all([
    read(`sum by (le) (increase(${ttftMetric}[${short}]))`),
    age(ttftMetric),
    sum("resets", ttftMetric, short),
    counts(short),
    counts(long),
    ...own.map(({ query }) => read(query)),
  ]);
  const of = ({ good, total, age, resets }: Read) => [good, total, age, resets];
  return {
    checks: [
      [buckets, ttftAge, ttftResets],
      of(shortly),
      [...of(longly), shortly.good, shortly.total, shortly.resets],
      ...owned.map((one) => [one]),
    ],
    buckets,
    ttft: [ttftAge, ttftResets],
    short: shortly,
    long: longly,
    own: owned,
  };
}

function judge(all: All, options: CdgateOptions, own: readonly OwnQuery[], nowMs: number): CdCheck[] {
  const mostAgeS = options.mostStalenessMs / 1000;
  const health = (age: Asked, resets: Asked): Health => ({
    age: age.reading,
    resets: resets.reading,
    mostAgeS,
    nowMs,
  });
  const counts = ({ good, total }: Read): Counts => ({ good: good.reading, total: total.reading });
  const { short, long } = all;
  const limit = options.ttftUnit === "s" ? options.ttftP95Ms / 1000 : options.ttftP95Ms;
  const findings: [string, Finding][] = [
    ["ttft_p95", judgeTtft(all.buckets.reading, health(...all.ttft), limit, options.ttftUnit)],
    ["error_rate", judgeErrors(counts(short), health(short.age, short.resets), options.errorRate)],
    [
      "burn_rate",
      judgeBurn(
        { long: counts(long), short: counts(short) },
        { long: health(long.age, long.resets), short: health(short.age, short.resets) },
        { objective: options.objective, burnRate: options.burnRate, floor: options.minRequests },
      ),
    ],
    ...own.map(({ name, op, limit }, i): [string, Finding] => [
      name,
      judgeQuery(all.own[i]!.reading, op, limit, mostAgeS, nowMs),
    ]),
  ];
  return findings.map(([id, finding], i) => ({ id, ...finding, queries: all.checks[i]!.map(({ query }) => query) }));
}

function isUnreachable(reading: Reading): boolean {
  return "refusal" in reading && reading.refusal.unreachable === true;
}
