/** Section by section: one row for each way evidence may be good, bad, missing, damaged or too little. */
import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { evaluate, type Evaluation } from "./evaluate.ts";
import { type Case, type Evidence, type EvidenceFile, problem, type Row, type Statement } from "./evidence.ts";
import { APPROVAL, WAIVER } from "./kinds/approval.ts";
import { parsePolicy } from "./policy_file.ts";

const AT = Date.parse("2026-06-01T12:00:00Z");

function file(rows: readonly Row[], part: Partial<EvidenceFile> = {}): EvidenceFile {
  return {
    path: "x.jsonl",
    sha256: JSON.stringify(rows).slice(0, 64) + (part.path ?? ""),
    run: "",
    scenario: "",
    rows,
    document: rows[0],
    text: "",
    newestMs: AT - 3_600_000,
    synthetic: false,
    commit: null,
    duplicates: 0,
    problems: [],
    ...part,
  };
}

/** One gate about evidence `e` (and `b`), as a policy would have it. */
function judge(
  gates: string | readonly string[],
  files: Readonly<Record<string, readonly EvidenceFile[]>>,
  part: Partial<Case> & { readonly rest?: string; readonly profile?: string; readonly type?: string } = {},
): Evaluation {
  const { rest = "", profile, type = "raw-samples/v1", ...given } = part;
  const ids = Object.keys(files);
  const text = `
apiVersion: toolkit.llm-slo.dev/v1alpha1
kind: GatePolicy
metadata: { name: t }
evidence:${ids.length === 0 ? " []" : ""}
${ids.map((id) => `  - { id: ${id}, type: ${type}, glob: ${id}.jsonl, path: model }`).join("\n")}
gates:
${[gates].flat().map((gate, i) => `  - { id: g${i}, ${gate} }`).join("\n")}
${rest}`;
  const { policy } = parsePolicy(text, "policy.yaml");
  const evidence = new Map(policy.evidence.map((spec): [string, Evidence] => {
    const own = files[spec.id]!;
    return [spec.id, { spec, files: own, problems: own.length === 0 ? [problem("no-data", "no file")] : [] }];
  }));
  const full: Case = { evidence, documents: new Map(), subject: {}, statements: [], atMs: AT, seed: 1, ...given };
  return evaluate(policy, full, profile ?? null);
}

const only = ({ gates: [gate] }: Evaluation) => [gate!.verdict, gate!.reason];
const rows = (field: string, values: readonly unknown[]) => values.map((value) => ({ [field]: value }));
const P95 = 'kind: threshold, evidence: e, field: ttft_ms, agg: p95, op: "<=", value: 800';

Deno.test("threshold: values, floors, and all that is no value", () => {
  const good = Array<number>(59).fill(700);
  const cases: [string, string, readonly EvidenceFile[], string, string | null][] = [
    ["within", P95, [file(rows("ttft_ms", good))], "pass", null],
    ["at the limit", P95, [file(rows("ttft_ms", Array(59).fill(800)))], "pass", null],
    ["beyond", P95, [file(rows("ttft_ms", Array(59).fill(801)))], "fail", null],
    ["one too few for a p95", P95, [file(rows("ttft_ms", good.slice(1)))], "inconclusive", "below-floor"],
    ["no file", P95, [], "not-evaluated", "no-data"],
    ["no rows", P95, [file([])], "not-evaluated", "no-data"],
    ["another field", P95, [file(rows("ttft", good))], "not-evaluated", "no-data"],
    ["one row lacks it", P95, [file([...rows("ttft_ms", good), {}])], "inconclusive", "missing-values"],
    ["null is missing", P95, [file(rows("ttft_ms", [...good, null]))], "inconclusive", "missing-values"],
    ["and so is nothing", P95, [file(rows("ttft_ms", [...good, ""]))], "inconclusive", "missing-values"],
    ["NaN", P95, [file(rows("ttft_ms", [...good, NaN]))], "inconclusive", "nan"],
    ["NaN in words", P95, [file(rows("ttft_ms", [...good, "NaN"]))], "inconclusive", "nan"],
    ["hex is no number", P95, [file(rows("ttft_ms", [...good, "0x10"]))], "inconclusive", "nan"],
    ["a unit is no number", P95, [file(rows("ttft_ms", [...good, "12ms"]))], "inconclusive", "nan"],
    [
      "infinity is at least anything, and proves nothing",
      'kind: threshold, evidence: e, field: ttft_ms, agg: mean, op: ">=", value: 1',
      [
        file(rows("ttft_ms", [...good, "+Inf"])),
      ],
      "inconclusive",
      "not-finite",
    ],
    ["infinity ranks as the largest", P95, [file(rows("ttft_ms", [...good, ...Array(9).fill("+Inf")]))], "fail", null],
    ["synthetic", P95, [file(rows("ttft_ms", good), { synthetic: true })], "not-evaluated", "synthetic"],
    ["torn", P95, [file([], { problems: [problem("torn", "x.jsonl: line 3")] })], "not-evaluated", "torn"],
    ["old", `${P95}, max_age: 30m`, [file(rows("ttft_ms", good))], "inconclusive", "stale"],
    ["undated", `${P95}, max_age: 2h`, [file(rows("ttft_ms", good), { newestMs: null })], "inconclusive", "undated"],
    [
      "to come",
      `${P95}, max_age: 2h`,
      [file(rows("ttft_ms", good), { newestMs: AT + 7_200_000 })],
      "inconclusive",
      "clock-skew",
    ],
    ["another route", `${P95}, path: echo`, [file(rows("ttft_ms", good))], "not-evaluated", "other-path"],
    // Up to the share that is let pass, what is missing counts as the worst.
    ["2 % may lack it", `${P95}, max_missing: 0.02`, [file([...rows("ttft_ms", good), {}])], "pass", null],
    [
      "15 % are the tail",
      `${P95}, max_missing: 0.2`,
      [file([...rows("ttft_ms", good), ...Array(10).fill({})])],
      "fail",
      null,
    ],
    [
      "a mean of what is missing",
      'kind: threshold, evidence: e, field: x, agg: mean, op: "<=", value: 1, max_missing: 0.5',
      [
        file([...rows("x", [1, 1, 1]), {}]),
      ],
      "inconclusive",
      "missing-values",
    ],
    [
      "0 and 0",
      'kind: threshold, evidence: e, ratio: {good: v, total: n}, op: ">=", value: 0.9',
      [file([{ v: 0, n: 0 }])],
      "inconclusive",
      "no-traffic",
    ],
    [
      "more good than all",
      'kind: threshold, evidence: e, ratio: {good: v, total: n}, op: ">=", value: 0.9',
      [
        file([{ v: 2, n: 1 }]),
      ],
      "inconclusive",
      "bad-counters",
    ],
  ];
  for (const [name, gate, files, verdict, reason] of cases) {
    assertEquals(only(judge(gate, { e: files })), [verdict, reason], name);
  }
  const negative = judge(P95, { e: [file(rows("ttft_ms", [...good, -1]))] });
  assertEquals([negative.verdict, negative.exitCode], ["integrity", 5]);
});

Deno.test("threshold: shares by Wilson hold from 3012 and 1509 on, by Clopper and Pearson from 299", () => {
  const share = (good: number, n: number, op: string, value: number, bound: string, more = "") =>
    only(
      judge(
        `kind: threshold, evidence: e, ratio: {good: k, total: n}, op: "${op}", value: ${value}, bound: ${bound}${more}`,
        {
          e: [file([{ k: good, n }])],
        },
      ),
    );
  assertEquals(share(0.985 * 3012, 3012, ">=", 0.98, "wilson_lower"), ["pass", null]);
  assertEquals(share(0.985 * 3011, 3011, ">=", 0.98, "wilson_lower"), ["inconclusive", "straddles"]);
  assertEquals(share(0.961 * 1509, 1509, ">=", 0.95, "wilson_lower"), ["pass", null]);
  assertEquals(share(0.961 * 1500, 1500, ">=", 0.95, "wilson_lower"), ["inconclusive", "straddles"]);
  assertEquals(share(900, 1000, ">=", 0.98, "wilson_lower"), ["fail", null]);
  assertEquals(share(0, 299, "<=", 0.01, "exact_upper", ", level: 0.9"), ["pass", null]);
  assertEquals(share(0, 298, "<=", 0.01, "exact_upper", ", level: 0.9"), ["inconclusive", "straddles"]);
  const p95 = (n: number) =>
    only(judge(`${P95}, bound: order_stat_upper, min_samples: 1`, { e: [file(rows("ttft_ms", Array(n).fill(700)))] }));
  assertEquals([p95(59), p95(58)], [["pass", null], ["inconclusive", "straddles"]]);
});

Deno.test("threshold: groups, warning band, downgrade, effects", () => {
  const nodes = (a: number, b: number) => [
    file([...Array(60).fill({ node: "a", cpu_pct: a }), ...Array(60).fill({ node: "b", cpu_pct: b })]),
  ];
  const gate = 'kind: threshold, evidence: e, field: cpu_pct, by: [node], agg: p95, reduce: max, op: "<=", value: 3';
  assertEquals(only(judge(gate, { e: nodes(1, 3) })), ["pass", null]);
  const over = judge(gate, { e: nodes(1, 3.1) });
  assertEquals(only(over), ["fail", null]);
  assertStringIncludes(over.gates[0]!.said, "b: 3.1");
  const band = judge(`${gate}, warn_value: 2`, { e: nodes(1, 2.5) }, {
    rest: "score: {grades: [[A, 0.9], [B, 0.5]], min_coverage: 1}",
  });
  assertEquals([only(band), band.score!.score, band.score!.grade], [["pass", "warning-band"], 0.5, "B"]);
  const labelled = judge([`${gate}, on_fail: {downgrade: preview}`, P95], {
    e: [file([...Array(60).fill({ node: "a", cpu_pct: 9, ttft_ms: 1 })])],
  });
  assertEquals([labelled.verdict, labelled.exitCode, labelled.labels], ["pass", 0, ["preview"]]);
});

Deno.test("variance: spread over runs; a mean of 0", () => {
  const runs = (...values: number[]) =>
    values.map((value, i) => file(rows("x", [value, value]), { run: `run-${i}`, path: `run-${i}/x.jsonl` }));
  const gate = 'kind: variance, evidence: e, field: x, agg: p95, op: "<=", value: 10';
  const cases: [readonly EvidenceFile[], string, string | null][] = [
    [runs(150, 152, 148, 155, 151), "pass", null],
    [runs(100, 130, 160), "fail", null],
    [runs(100, 101), "inconclusive", "too-few-runs"],
    [runs(0, 0, 0), "pass", "degenerate"],
    [runs(-1, 0, 1), "inconclusive", "not-finite"],
    [runs(1, 1, NaN), "inconclusive", "nan"],
    [[], "not-evaluated", "no-data"],
  ];
  for (const [files, verdict, reason] of cases) assertEquals(only(judge(gate, { e: files })), [verdict, reason]);
  const steady = judge(gate, { e: runs(150, 152, 148, 155, 151) }).gates[0]!;
  assertAlmostEquals(steady.value!, 100 * 2.588435821 / 151.2, 1e-6);
});

Deno.test("trend: the slope times the length, in shares of the begin", () => {
  const series = (
    slope: number,
    n = 60,
    wild = 0,
  ) => [
    file(
      Array.from(
        { length: n },
        (_, minute) => ({ minute, p99_ms: 100 + slope * minute + (minute === 30 ? wild : minute % 2) }),
      ),
    ),
  ];
  const gate =
    'kind: trend, evidence: e, field: p99_ms, per: minute, stat: theil_sen, over: full, op: "<=", value: {rel: 0.05}';
  assertEquals(only(judge(gate, { e: series(0) })), ["pass", null]);
  assertEquals(only(judge(gate, { e: series(0, 60, 900) })), ["pass", null]);
  assertEquals(only(judge(gate, { e: series(1) })), ["fail", null]);
  assertEquals(only(judge(gate, { e: series(0, 3) }))[0], "inconclusive");
  assertEquals(only(judge(gate, { e: [file(rows("p99_ms", [1, 2, 3]))] })), ["inconclusive", "undated"]);
});

/** Runs of an arm: `n` values each, lognormal-like by a fixed sequence. */
function arm(name: string, scale: (i: number) => number, { runs = 10, n = 100, scenario = "s" } = {}): EvidenceFile[] {
  return Array.from({ length: runs }, (_, run) => {
    const values = Array.from({ length: n }, (_, i) => 100 * (1 + 0.2 * Math.sin(i * 12.9898 + run)) * scale(i));
    return file(rows("ttft_ms", values), {
      run: `run-${run}`,
      scenario,
      path: `${name}/${scenario}/run-${run}/x.jsonl`,
    });
  });
}

Deno.test("regression: harm is proven, excluded, or neither; a tail alone fails; arms that cannot be compared", () => {
  const gate =
    "kind: regression, evidence: [e, b], field: ttft_ms, agg: p95, by: [scenario], direction: lower_is_better, margin: {rel: 0.05}";
  const b = arm("b", () => 1);
  const cases: [string, readonly EvidenceFile[], readonly EvidenceFile[], string, string | null][] = [
    ["the same", arm("e", () => 1.0001), b, "pass", null],
    ["40 % slower", arm("e", () => 1.4), b, "fail", "over-margin"],
    ["8 % of requests 2.5 times slower", arm("e", (i) => i % 12 === 0 ? 2.5 : 1), b, "fail", "over-margin"],
    ["faster", arm("e", () => 0.8), b, "pass", "improved"],
    ["about the margin", arm("e", () => 1.05), b, "inconclusive", "straddles-margin"],
    ["two runs", arm("e", () => 1, { runs: 2 }), b, "inconclusive", "too-few-runs"],
    ["no candidate", [], b, "not-evaluated", "no-data"],
    ["no baseline", arm("e", () => 1), [], "not-evaluated", "no-data"],
    [
      "one scenario is gone",
      arm("e", () => 1.0001),
      [...b, ...arm("b", () => 1, { scenario: "t" })],
      "not-evaluated",
      "no-data",
    ],
    ["a thousand times", arm("e", () => 0.001), b, "inconclusive", "unit-suspect"],
    ["the baseline is 0", arm("e", () => 1), arm("b", () => 0), "not-evaluated", "baseline-quantile"],
    ["the same files", b, b, "not-evaluated", "baseline-is-candidate"],
  ];
  for (const [name, e, base, verdict, reason] of cases) {
    assertEquals(only(judge(gate, { e, b: base })), [verdict, reason], name);
  }
  // The order of rows and files changes no digit.
  const forth = judge(gate, { e: arm("e", () => 1.03), b });
  const back = judge(gate, {
    e: arm("e", () => 1.03).map((one) => ({ ...one, rows: one.rows.toReversed() })).toReversed(),
    b: b.toReversed(),
  });
  assertEquals(forth.gates[0]!.interval, back.gates[0]!.interval);
});

Deno.test("scenario and coverage: outcomes, refused on purpose, cells that nobody ran", () => {
  const gate = (outcome: string) => `kind: scenario, evidence: e, expect: {outcome: ${outcome}, min_trials: 10}`;
  const cases: [string, Row, string, string | null][] = [
    ["pass", { outcome: "pass", trials: 10 }, "pass", null],
    ["rejected", { outcome: "rejected", trials: 10 }, "pass", null],
    ["rejected", { outcome: "pass", trials: 10 }, "fail", "outcome"],
    ["pass", { outcome: "fail", trials: 10 }, "fail", "outcome"],
    ["pass", { outcome: "pass", trials: 9 }, "inconclusive", "below-floor"],
    ["pass", { outcome: "pass", trials: 10, failures: 1 }, "fail", "contradiction"],
    ["pass", { trials: 10 }, "not-evaluated", "no-outcome"],
    ["pass", { outcome: "pass" }, "not-evaluated", "no-trials"],
    ["pass", { outcome: "great", trials: 10 }, "not-evaluated", "no-outcome"],
  ];
  const type = "scenario-result/v1";
  for (const [outcome, row, verdict, reason] of cases) {
    assertEquals(only(judge(gate(outcome), { e: [file([row])] }, { type })), [verdict, reason], JSON.stringify(row));
  }
  const matrix = "kind: coverage, of: e, over: {arch: [x, y], tls: [on, off]}, require: 1.0";
  const cell = (arch: string, tls: string, outcome = "pass") => file([{ arch, tls, outcome, trials: 1 }]);
  const all = [cell("x", "on"), cell("x", "off"), cell("y", "on"), cell("y", "off")];
  assertEquals(only(judge(matrix, { e: all }, { type })), ["pass", null]);
  assertEquals(only(judge(matrix, { e: all.slice(1) }, { type })), ["not-evaluated", "cell-not-run"]);
  assertEquals(only(judge(matrix, { e: [...all.slice(1), cell("x", "on", "fail")] }, { type })), ["fail", "cells"]);
});

Deno.test("determinism: all who are asked say the same", () => {
  const gate = "kind: determinism, evidence: e, field: digest, agree: 3, of: 3";
  const said = (...digests: unknown[]) => digests.map((digest, i) => file([{ digest }], { path: `${i}.json` }));
  assertEquals(only(judge(gate, { e: said("a", "a", "a") })), ["pass", null]);
  assertEquals(only(judge(gate, { e: said("a", "a", "b") })), ["fail", "disagree"]);
  assertEquals(only(judge(gate, { e: said("a", "a") })), ["not-evaluated", "too-few"]);
  assertEquals(only(judge(gate, { e: said("a", "a", undefined) })), ["not-evaluated", "too-few"]);
});

Deno.test("contract: additions where allowed, removals two minors after their notice, and a count that fits", () => {
  const surface = (items: Record<string, unknown>, version = "1.4.0", count = Object.keys(items).length) => ({
    schema: "surface/v1",
    version,
    count,
    items,
  });
  const gate = "kind: contract, surface: e, baseline: before.json, allow: [add], deprecate_minors: 2";
  const of = (now: unknown, before: unknown) =>
    only(
      judge(gate, { e: [file([], { document: now })] }, {
        type: "surface/v1",
        documents: new Map([["before.json", before]]),
      }),
    );
  const [a, b] = [{ unit: "ms" }, { unit: "s" }];
  const cases: [unknown, unknown, string, string | null][] = [
    [surface({ a }), surface({ a }), "pass", null],
    [surface({ a, b }), surface({ a }), "pass", null],
    [surface({ a: b }), surface({ a }), "fail", "changed"],
    [surface({ a }), surface({ a, b }), "fail", "changed"],
    [surface({ a }, "1.4.0"), surface({ a, b: { ...b, deprecated_in: "1.2.0" } }), "pass", null],
    [surface({ a }, "1.3.0"), surface({ a, b: { ...b, deprecated_in: "1.2.0" } }), "fail", "changed"],
    [surface({ a: { ...a, deprecated_in: "1.4.0" } }), surface({ a }), "pass", null],
    [surface({ a }, "1.4.0", 2), surface({ a }), "not-evaluated", "no-surface"],
    [surface({ a }), undefined, "not-evaluated", "no-surface"],
    [surface({}), surface({ a }), "not-evaluated", "no-surface"],
    [{ items: { a } }, surface({ a }), "not-evaluated", "no-surface"],
  ];
  for (const [now, before, verdict, reason] of cases) {
    assertEquals(of(now, before), [verdict, reason], JSON.stringify(now));
  }
});

Deno.test("artifact: content, never presence", () => {
  const bill = (components: unknown[], sha = "ab") => ({
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    metadata: { component: { hashes: [{ alg: "SHA-256", content: sha }] } },
    components,
  });
  const spdx = {
    spdxVersion: "SPDX-2.3",
    packages: [{ SPDXID: "r", checksums: [{ algorithm: "SHA256", checksumValue: "AB" }] }, {
      SPDXID: "p",
      name: "yaml",
      versionInfo: "2",
      externalRefs: [{ referenceType: "purl" }],
    }],
    relationships: [{ relationshipType: "DESCRIBES", relatedSpdxElement: "r" }],
  };
  const yaml = { name: "yaml", version: "2.9.1", purl: "pkg:npm/yaml@2.9.1" };
  const sbom =
    "kind: artifact, evidence: e, format: [cyclonedx-1.6, spdx-2.3], require: {components_min: 1, subject_match: true}";
  const json =
    "kind: artifact, evidence: e, format: json, require: {keys: [a], all_equal: [x.v, y.v], equals: {on: true}}";
  const cases: [string, unknown, string, string | null][] = [
    [sbom, bill([yaml]), "pass", null],
    [sbom, spdx, "pass", null],
    [sbom, bill([]), "fail", "components"],
    [sbom, bill([{ name: "yaml", version: "2" }]), "fail", "components"],
    [sbom, bill([yaml], "cd"), "fail", "subject"],
    [sbom, { comment: "tool not available" }, "fail", "format"],
    [json, { a: 1, x: { v: 2 }, y: { v: 2 }, on: true }, "pass", null],
    [json, { a: 1, x: { v: 2 }, y: { v: 3 }, on: true }, "fail", "differs"],
    [json, { a: 1, x: { v: 2 }, y: { v: 2 }, on: false }, "fail", "differs"],
    [json, { a: 1, x: { v: 2 }, on: true }, "not-evaluated", "no-key"],
    [json, { x: { v: 2 }, y: { v: 2 }, on: true }, "not-evaluated", "no-key"],
  ];
  for (const [gate, document, verdict, reason] of cases) {
    const found = judge(gate, { e: [file([], { document })] }, { type: "report-import/v1", subject: { sha256: "ab" } });
    assertEquals(only(found), [verdict, reason], JSON.stringify(document));
  }
});

Deno.test("approval: roles that signed for this very subject, in time; a key is one voice", () => {
  const gate = "kind: approval, roles: [release, sre, security], threshold: 2, max_age: 48h";
  const signed = (role: string, part: Partial<Statement> & { decision?: string; time?: string } = {}): Statement => ({
    role,
    keyid: role,
    predicateType: APPROVAL,
    predicate: { role, decision: part.decision ?? "approve", time: part.time ?? "2026-06-01T09:00:00Z" },
    subjects: ["sha256:ab"],
    ...part,
  });
  const cases: [readonly Statement[], string, string | null][] = [
    [[signed("release"), signed("sre")], "pass", null],
    [[signed("release")], "not-evaluated", "not-signed"],
    [[], "not-evaluated", "not-signed"],
    [[signed("release"), signed("sre", { keyid: "release" })], "not-evaluated", "not-signed"],
    // A key that may speak for two roles leaves the one to the key that may speak for no other, in whatever order they signed.
    [
      [signed("sre", { keyid: "a" }), signed("release", { keyid: "a" }), signed("release", { keyid: "b" })],
      "pass",
      null,
    ],
    [
      [signed("release", { keyid: "b" }), signed("release", { keyid: "a" }), signed("sre", { keyid: "a" })],
      "pass",
      null,
    ],
    [
      [signed("release", { keyid: "a" }), signed("sre", { keyid: "a" }), signed("release", { keyid: "b" })],
      "pass",
      null,
    ],
    [[signed("release", { keyid: "a" }), signed("release", { keyid: "b" })], "not-evaluated", "not-signed"],
    [[signed("release"), signed("cook")], "not-evaluated", "not-signed"],
    [[signed("release"), signed("sre", { subjects: ["sha256:cd"] })], "not-evaluated", "not-signed"],
    [[signed("release"), signed("sre", { time: "2026-05-01T00:00:00Z" })], "not-evaluated", "not-signed"],
    [[signed("release"), signed("sre", { time: "2026-07-01T00:00:00Z" })], "not-evaluated", "not-signed"],
    [[signed("release"), signed("sre"), signed("security", { decision: "reject" })], "fail", "refused"],
  ];
  for (const [statements, verdict, reason] of cases) {
    assertEquals(only(judge(gate, {}, { statements, subject: { sha256: "ab" } })), [verdict, reason]);
  }
});

Deno.test("the run: integrity over fail over not-evaluated over inconclusive over pass; profiles, waivers, coverage", () => {
  const e = [file(rows("ttft_ms", Array(60).fill(700)))];
  const few = P95.replace("evidence: e", "evidence: few");
  const files = { e, few: [file(rows("ttft_ms", [1]))], none: [] };
  const bad = P95.replace("800", "600");
  const none = P95.replace("evidence: e", "evidence: none");
  const cases: [readonly string[], string, number][] = [
    [[P95], "pass", 0],
    [[P95, few], "inconclusive", 3],
    [[P95, few, none], "not-evaluated", 4],
    [[P95, few, none, bad], "fail", 1],
    [[`${P95}, enforce: info`], "not-evaluated", 4],
    [[P95, `${bad}, enforce: warn`], "pass", 0],
    [[P95, "kind: all_of, gates: [g0, g2]", few], "inconclusive", 3],
  ];
  for (const [gates, verdict, code] of cases) {
    const found = judge(gates, files);
    assertEquals([found.verdict, found.exitCode], [verdict, code], gates.join());
  }
  const rest = "profiles: {pr: {on_inconclusive: warn}, first: {gates: [g0]}}";
  const pr = judge([P95, few], files, { rest, profile: "pr" });
  assertEquals([pr.verdict, pr.pass, pr.exitCode, pr.warnings], ["inconclusive", false, 0, ["g1 is inconclusive"]]);
  assertEquals(judge([P95, none], files, { rest, profile: "pr" }).exitCode, 4);
  assertEquals(judge([P95, bad], files, { rest, profile: "first" }).exitCode, 0);

  const waiver = (subject: string, until: string) =>
    `waivers: [{gate: g1, subject: "${subject}", until: "${until}", reason: known, signed_by: sre}]`;
  const statement: Statement = {
    role: "sre",
    keyid: "k",
    predicateType: WAIVER,
    predicate: { role: "sre", gate: "g1", until: "2026-12-31" },
    subjects: ["sha256:ab"],
  };
  const subject = { sha256: "ab" };
  const signed = { subject, statements: [statement] };
  const score = "\nscore: {grades: [[A, 0.9], [B, 0.4]], min_coverage: 1}";
  const lifted = judge([P95, bad], files, { ...signed, rest: waiver("sha256:ab", "2026-12-31") + score });
  assertEquals([lifted.verdict, lifted.exitCode, lifted.gates[1]!.verdict, lifted.score!.score], [
    "pass",
    0,
    "fail",
    0.5,
  ]);
  const ignored: [Partial<Case>, string, string][] = [
    [{ subject }, waiver("sha256:ab", "2026-12-31"), "no signature of sre is about it"],
    [
      { ...signed, atMs: Date.parse("2027-01-01T00:00:01Z") },
      waiver("sha256:ab", "2026-12-31"),
      "it expired (2026-12-31)",
    ],
    [signed, waiver("sha256:cd", "2026-12-31"), "it is for another subject"],
  ];
  for (const [part, waivers, why] of ignored) {
    const found = judge([P95, bad], files, { ...part, rest: waivers });
    assertEquals([found.exitCode, found.ignoredWaivers], [1, [{ gate: "g1", why }]]);
  }

  // A perfect score of what was decided is no grade while anything is open.
  const open = judge([P95, P95, none], files, { rest: "score: {grades: [[A+, 1.0]], min_coverage: 0.9}" });
  assertEquals(open.score!.said, "2/3 decided, score 1.000, coverage 0.667 -> incomplete");
  const subjectless = judge([P95], files, { rest: "subject: {require: [git_commit]}" });
  assertEquals([subjectless.verdict, subjectless.gates[0]!.said], [
    "not-evaluated",
    "subject.json does not say git_commit",
  ]);
});

Deno.test("regression: a baseline that may not be compared with is not evaluated; another scenario changes no number", () => {
  const gate =
    "kind: regression, evidence: [e, b], field: ttft_ms, agg: p95, by: [scenario], direction: lower_is_better, margin: {rel: 0.05}";
  const policy = (provenance: string) =>
    parsePolicy(
      `apiVersion: toolkit.llm-slo.dev/v1alpha1
kind: GatePolicy
metadata: { name: t }
evidence:
  - { id: e, type: raw-samples/v1, glob: e.jsonl }
  - { id: b, type: raw-samples/v1, glob: b.jsonl, provenance: ${provenance} }
gates:
  - { id: g, ${gate} }
`,
      "p.yaml",
    ).policy;
  const of = (manifest: object | undefined, commit: string | undefined, scenarios = ["s"]) => {
    const own = policy("{ manifest: m.json, origin: measured, distinct_from: candidate.git_commit }");
    const files = {
      e: scenarios.flatMap((scenario) => arm("e", () => 1.0001, { scenario })),
      b: scenarios.flatMap((scenario) => arm("b", () => 1, { scenario })),
    };
    const evidence = new Map(
      own.evidence.map((spec): [string, Evidence] => [spec.id, { spec, files: files[spec.id as "e"], problems: [] }]),
    );
    const subject = commit === undefined ? {} : { git_commit: commit };
    const documents = new Map<string, unknown>(manifest === undefined ? [] : [["m.json", manifest]]);
    return evaluate(own, { evidence, documents, subject, statements: [], atMs: AT, seed: 1 }, null);
  };
  const [ours, theirs] = ["c0ffee0000000000000000000000000000000001", "baadf00d00000000000000000000000000000002"];
  const manifest = {
    source_ref: "v1",
    source_commit: theirs,
    generated_at: "2026-05-25T00:00:00Z",
    origin: "measured",
  };
  const cases: [string, object | undefined, string | undefined, string, string | null][] = [
    ["as it should be", manifest, ours, "pass", null],
    ["no manifest", undefined, ours, "not-evaluated", "no-manifest"],
    ["synthetic", { ...manifest, origin: "synthetic" }, ours, "not-evaluated", "origin"],
    ["it does not say", { ...manifest, origin: undefined }, ours, "not-evaluated", "origin"],
    ["the same commit", manifest, theirs, "not-evaluated", "same-commit"],
    ["the same commit, in short", manifest, theirs.slice(0, 8), "not-evaluated", "same-commit"],
    ["its commit is unknown", { ...manifest, source_commit: "local" }, ours, "not-evaluated", "unknown-commit"],
    ["ours is unknown", manifest, undefined, "not-evaluated", "unknown-commit"],
    ["stale", { ...manifest, generated_at: "2026-04-01T00:00:00Z" }, ours, "not-evaluated", "stale"],
    ["of no time", { ...manifest, generated_at: undefined }, ours, "not-evaluated", "stale"],
    ["to come", { ...manifest, generated_at: "2026-06-02T00:00:00Z" }, ours, "inconclusive", "clock-skew"],
  ];
  for (const [name, document, commit, verdict, reason] of cases) {
    assertEquals(only(of(document, commit)), [verdict, reason], name);
  }
  // The first scenario's numbers stand in the result; one more, sorted behind it, is no part of them.
  assertEquals(of(manifest, ours).gates[0]!.interval, of(manifest, ours, ["s", "t"]).gates[0]!.interval);
});
