import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Counts, type Health, judgeBurn, judgeErrors, judgeQuery, judgeTtft } from "./cd.ts";
import { readAnswer, type Reading, type Series } from "./prometheus.ts";

const NOW = 1_790_000_000_000;

function reading(...values: number[]): Reading {
  return { series: values.map((value): Series => ({ labels: {}, value, atMs: NOW })) };
}

function buckets(counts: Readonly<Record<string, number>>): Reading {
  return { series: Object.entries(counts).map(([le, value]) => ({ labels: { le }, value, atMs: NOW })) };
}

const HEALTHY: Health = { age: reading(3), resets: reading(0), mostAgeS: 120, nowMs: NOW };
const NONE: Reading = { series: [] };

Deno.test("TTFT: Wilson on the counts where the limit is a bound; between bounds only what is known", () => {
  const rows: [Readonly<Record<string, number>>, number, string, string | null][] = [
    [{ "400": 500, "800": 990, "+Inf": 1000 }, 800, "pass", null],
    [{ "400": 500, "800": 900, "+Inf": 1000 }, 800, "fail", null],
    [{ "400": 500, "800": 955, "+Inf": 1000 }, 800, "inconclusive", "straddles"],
    // All good: 73 requests prove 95 % by Wilson's lower limit, 72 do not.
    [{ "800": 73, "+Inf": 73 }, 800, "pass", null],
    [{ "800": 72, "+Inf": 72 }, 800, "inconclusive", "straddles"],
    [{ "800": 0, "+Inf": 0 }, 800, "inconclusive", "no-traffic"],
    // 600 lies between: the bound below proves a pass, the one above a fail.
    [{ "400": 990, "800": 995, "+Inf": 1000 }, 600, "pass", null],
    [{ "400": 100, "800": 900, "+Inf": 1000 }, 600, "fail", null],
    [{ "400": 100, "800": 990, "+Inf": 1000 }, 600, "inconclusive", "between-bounds"],
    // Above the largest bound nothing can be shown to be too slow; below the smallest, nothing to be fast enough.
    [{ "400": 100, "800": 200, "+Inf": 1000 }, 5000, "inconclusive", "between-bounds"],
    [{ "400": 100, "800": 990, "+Inf": 1000 }, 5000, "pass", null],
    [{ "400": 100, "800": 990, "+Inf": 1000 }, 100, "fail", null],
    [{ "400": 990, "800": 990, "+Inf": 1000 }, 100, "inconclusive", "between-bounds"],
    // One bound, two spellings: two clients.
    [{ "800": 495, "800.0": 495, "+Inf": 1000 }, 800, "pass", null],
    [{ "800": 5 }, 800, "not-evaluated", "no-buckets"],
    [{ "8oo": 5, "+Inf": 10 }, 800, "not-evaluated", "no-buckets"],
    [{}, 800, "not-evaluated", "no-data"],
    [{ "800": NaN, "+Inf": NaN }, 800, "inconclusive", "nan"],
    [{ "800": 990, "+Inf": Infinity }, 800, "inconclusive", "not-finite"],
  ];
  for (const [counts, limit, verdict, reason] of rows) {
    const found = judgeTtft(buckets(counts), HEALTHY, limit, "ms");
    assertEquals([found.verdict, found.reason], [verdict, reason], JSON.stringify([counts, limit]));
  }
  const straddling = judgeTtft(buckets({ "800": 955, "+Inf": 1000 }), HEALTHY, 800, "ms");
  assertStringIncludes(straddling.said, "at this share would settle it");
  assertEquals(judgeTtft(reading(1, 2), HEALTHY, 800, "ms").reason, "multi-series");
});

Deno.test("errors: bad is total less good, and what is missing is neither good nor fresh", () => {
  const rows: [Counts, Health, string, string | null][] = [
    [{ good: reading(990), total: reading(1000) }, HEALTHY, "pass", null],
    [{ good: reading(900), total: reading(1000) }, HEALTHY, "fail", null],
    [{ good: reading(955), total: reading(1000) }, HEALTHY, "inconclusive", "straddles"],
    [{ good: NONE, total: reading(1000) }, HEALTHY, "fail", null],
    [{ good: reading(10), total: NONE }, HEALTHY, "not-evaluated", "no-data"],
    [{ good: reading(0), total: reading(0) }, HEALTHY, "inconclusive", "no-traffic"],
    [{ good: reading(NaN), total: reading(1000) }, HEALTHY, "inconclusive", "nan"],
    [{ good: reading(1, 2), total: reading(1000) }, HEALTHY, "inconclusive", "multi-series"],
    [{ good: reading(990), total: reading(1, 2) }, HEALTHY, "inconclusive", "multi-series"],
    [{ good: reading(1001), total: reading(1000) }, HEALTHY, "inconclusive", "bad-counters"],
    [{ good: reading(1000 + 1e-9), total: reading(1000) }, HEALTHY, "pass", null],
    [{ good: reading(990), total: reading(1000) }, { ...HEALTHY, age: reading(121) }, "inconclusive", "stale"],
    [{ good: reading(990), total: reading(1000) }, { ...HEALTHY, age: NONE }, "inconclusive", "stale"],
    [{ good: reading(990), total: reading(1000) }, { ...HEALTHY, nowMs: NOW + 121_000 }, "inconclusive", "stale"],
    // A reset may hide harm, and cannot invent it.
    [{ good: reading(990), total: reading(1000) }, { ...HEALTHY, resets: reading(1) }, "inconclusive", "degraded"],
    [{ good: reading(900), total: reading(1000) }, { ...HEALTHY, resets: reading(1) }, "fail", null],
  ];
  for (const [counts, health, verdict, reason] of rows) {
    const found = judgeErrors(counts, health, 0.05);
    assertEquals([found.verdict, found.reason], [verdict, reason], JSON.stringify(counts));
  }
});

Deno.test("burn: both windows must burn, and the limit itself is within it", () => {
  const counts = (bad: number, total: number): Counts => ({ good: reading(total - bad), total: reading(total) });
  const limits = { objective: 0.99, burnRate: 2, floor: 59 };
  const rows: [Counts, Counts, string, string | null][] = [
    [counts(10, 1000), counts(90, 100), "pass", null], // the long window acquits
    [counts(30, 1000), counts(1, 100), "pass", null], // the short one does
    [counts(30, 1000), counts(3, 100), "fail", null],
    [counts(20, 1000), counts(90, 100), "pass", null], // exactly 2
    [counts(30, 1000), counts(58, 58), "inconclusive", "below-floor"],
    [counts(0, 58), counts(0, 58), "inconclusive", "below-floor"],
    [counts(0, 0), counts(0, 0), "inconclusive", "no-traffic"],
    [{ good: NONE, total: NONE }, counts(0, 100), "not-evaluated", "no-data"],
    [counts(30, 1000), { good: NONE, total: NONE }, "not-evaluated", "no-data"],
  ];
  for (const [long, short, verdict, reason] of rows) {
    const found = judgeBurn({ long, short }, { long: HEALTHY, short: HEALTHY }, limits);
    assertEquals([found.verdict, found.reason], [verdict, reason], JSON.stringify([long, short]));
  }
});

Deno.test("a query of one's own: one number, and infinity passes nothing", () => {
  const rows: [Reading, "<=" | ">=", string, string | null][] = [
    [reading(5), "<=", "pass", null],
    [reading(5.1), "<=", "fail", null],
    [reading(Infinity), "<=", "fail", null],
    [reading(Infinity), ">=", "inconclusive", "not-finite"],
    [reading(NaN), ">=", "inconclusive", "nan"],
    [reading(1, 2), "<=", "inconclusive", "multi-series"],
    [NONE, "<=", "not-evaluated", "no-data"],
  ];
  for (const [given, op, verdict, reason] of rows) {
    const found = judgeQuery(given, op, 5, 120, NOW);
    assertEquals([found.verdict, found.reason], [verdict, reason], JSON.stringify(given));
  }
});

Deno.test("what Prometheus answers, told apart", () => {
  const vector = (result: unknown, more = {}) =>
    JSON.stringify({ status: "success", data: { resultType: "vector", result }, ...more });
  const rows: [number, string, string][] = [
    [200, vector([]), "0 series"],
    [200, vector([{ metric: {}, value: [1, "+Inf"] }]), "1 series"],
    [200, vector([{ metric: {}, value: [1, "NaN"] }]), "1 series"],
    [200, JSON.stringify({ status: "success", data: { resultType: "scalar", result: [1, "2"] } }), "1 series"],
    [200, vector([{ metric: {}, value: [1, "0x10"] }]), "not-evaluated wrong-answer"],
    [200, vector([{ metric: {}, value: [1, ""] }]), "not-evaluated wrong-answer"],
    [200, vector([{ metric: {}, value: [1, 2] }]), "not-evaluated wrong-answer"],
    [200, vector([{ metric: {}, value: [1, "1e400"] }]), "not-evaluated wrong-answer"],
    [200, vector([{ metric: {}, values: [[1, "2"]] }]), "not-evaluated wrong-answer"],
    [200, vector([null]), "not-evaluated wrong-answer"],
    [200, vector({}), "not-evaluated wrong-answer"],
    [200, vector([], { warnings: ["partial"] }), "inconclusive warnings"],
    [200, JSON.stringify({ status: "success", data: { resultType: "matrix", result: [] } }), "inconclusive matrix"],
    [200, JSON.stringify({ status: "error", error: "x" }), "not-evaluated wrong-answer"],
    [200, "[]", "not-evaluated wrong-answer"],
    [200, "null", "not-evaluated wrong-answer"],
    [200, "<html>", "not-evaluated wrong-answer"],
    [200, "", "not-evaluated wrong-answer"],
    [302, "", "not-evaluated http-302"],
    [400, JSON.stringify({ status: "error", error: "parse error" }), "bad query: parse error"],
    ...[401, 403, 404, 422, 429, 500, 502, 503].map((code): [number, string, string] => [
      code,
      JSON.stringify({ status: "error", error: "no" }),
      `not-evaluated http-${code}`,
    ]),
  ];
  for (const [status, body, expected] of rows) {
    const read = readAnswer(status, body);
    const told = "badQuery" in read
      ? `bad query: ${read.badQuery}`
      : "refusal" in read
      ? `${read.refusal.verdict} ${read.refusal.reason}`
      : `${read.series.length} series`;
    assertEquals(told, expected, `${status} ${body}`);
  }
});
