import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import { random } from "../stats/random.ts";
import { mutate } from "../testing/mutate.ts";
import { lint } from "./lint.ts";
import { parsePolicy } from "./policy_file.ts";

const HEAD = `apiVersion: toolkit.llm-slo.dev/v1alpha1
kind: GatePolicy
metadata: { name: t }
evidence:
  - { id: e, type: raw-samples/v1, glob: e.jsonl }
  - { id: b, type: raw-samples/v1, glob: b.jsonl }
  - { id: s, type: scenario-result/v1, glob: s.json }
`;
const P95 = '- { id: g, kind: threshold, evidence: e, field: x, agg: p95, op: "<=", value: 1 }';
const gates = (...list: string[]) => `${HEAD}gates:\n${list.map((one) => `  ${one}\n`).join("")}`;
const changed = (from: string, to: string) => gates(P95.replace(from, to));

Deno.test("policy: the first thing that is wrong, with its line, its column and what to write instead", () => {
  const rows: [string, string][] = [
    ["", "it is empty"],
    ["x: [", "line 1"],
    [gates(P95).replace("GatePolicy", "Policy"), "line 2, column 1: kind must be equal"],
    [gates(P95).replace("metadata", "meta"), "line 1, column 1: metadata is missing"],
    [`${gates(P95)}more: 1\n`, "line 10, column 1: more must not be there"],
    [changed("value: 1", "value: 1, valu: 2"), "line 9, column 84: gates.0.valu is no key of a gate of kind threshold"],
    [changed("value: 1", "value: 1, value: 2"), "line 9"],
    [changed(", value: 1", ""), '"g" says nothing of value'],
    [changed('op: "<=", ', ""), '"g" says nothing of op'],
    [changed("value: 1", "value: .inf"), "gates.0.value is Infinity, which is no finite number"],
    [changed("value: 1", "value: .nan"), "no finite number"],
    [changed("value: 1", "value: 0200"), "line 9, column 81: 0200 is read as different numbers by different readers"],
    [changed("value: 1", "value: 0o310"), "0o310 is read as different numbers"],
    [changed("value: 1", "value: 0xC8"), "0xC8 is read as different numbers"],
    [
      `${gates(P95)}waivers: [{ gate: g, subject: aa, until: 2026-02-30, reason: r, signed_by: sre }]\n`,
      "which is no date",
    ],
    [changed("value: 1", 'value: "1"'), "no finite number"],
    [changed("value: 1", "value: 1, weight: -1"), "gates.0.weight is -1, which is out of range"],
    [changed("value: 1", "value: 1, max_age: 1.5h"), "gates.0.max_age"],
    [changed("value: 1", "value: 1, max_age: 24"), "no duration"],
    [changed("value: 1", "value: 1, min_samples: 0"), "gates.0.min_samples is 0"],
    [changed("value: 1", "value: 1, min_samples: 1.5"), "no whole number"],
    [changed("value: 1", "value: 1, on: yes"), "gates.0.on is no key"],
    [changed("value: 1", "value: 1, warn_value: 2"), "not on the good side"],
    [
      changed("evidence: e", "evidence: f"),
      'line 9, column 31: gates.0.evidence names the evidence "f", which is not declared',
    ],
    [changed("evidence: e", "evidence: &x e"), "anchors and aliases are not allowed"],
    [changed("threshold", "treshold"), 'gates.0.kind is "treshold"'],
    [changed("agg: p95", "agg: p90"), 'gates.0.agg is "p90"'],
    [
      changed("agg: p95", "agg: rate, bound: wilson_upper").replace("value: 1", "value: 0"),
      "which no sample could meet",
    ],
    [changed("agg: p95", "agg: mean, bound: wilson_upper"), "which is one of shares"],
    [changed("agg: p95", "agg: rate, bound: wilson_lower"), "and op is <="],
    [changed("agg: p95", "agg: mean, bound: order_stat_upper"), "which is one of quantiles"],
    [changed("field: x", "field: x, ratio: {good: a, total: b}"), "by a field or by a ratio"],
    [gates(P95, P95), 'gates.1.id is "g" again'],
    [gates(P95).replace("id: b", "id: e"), 'evidence.1.id is "e" again'],
    [gates(P95).replace("glob: e.jsonl", "glob: ../e.jsonl"), "leaves the evidence folder"],
    [gates(P95).replace(", glob: e.jsonl", ""), "has no glob"],
    [gates("- { id: g, kind: all_of, gates: [burn-rate] }"), 'names the gate "burn-rate", which is not declared'],
    [gates("- { id: g, kind: all_of, gates: [h] }", "- { id: h, kind: all_of, gates: [g] }"), "lead back to itself"],
    [gates("- { id: g, kind: scenario, evidence: e, expect: {outcome: pass} }"), "is of type raw-samples/v1"],
    [gates("- { id: g, kind: scenario, evidence: s, expect: {outcome: passed} }"), 'outcome is "passed"'],
    [gates("- { id: g, kind: approval, roles: [a], threshold: 2 }"), "which nobody could meet"],
    [gates("- { id: g, kind: determinism, evidence: e, field: d, agree: 4, of: 3 }"), "which no sample could meet"],
    [gates("- { id: g, kind: artifact, evidence: e, format: json, require: {} }"), "asks for nothing"],
    [gates("- { id: g, kind: query, source: p, good: x, total: y }"), "has no bound"],
    [
      gates(
        "- { id: g, kind: query, source: p, op: '<=', value: 1, every: 1m, window: 5m, on_breach: { consecutive: 5 } }",
      ),
      "gates.0.window is longer than every, so that one bad minute would count 5 times",
    ],
    [gates("- { id: g, kind: query, source: p, op: '<=', value: 1, every: 30 }"), "no duration"],
    [gates("- { id: g, kind: canary, ref: canary }"), "refers to no canary"],
    [
      gates(
        "- { id: g, kind: regression, evidence: [e, e], field: x, agg: p95, direction: lower_is_better, margin: {rel: 0.05} }",
      ),
      "compares a thing with itself",
    ],
    [
      gates(
        "- { id: g, kind: regression, evidence: [e, b], field: x, agg: p95, direction: lower_is_better, margin: {rel: -0.05} }",
      ),
      "rel is -0.05, which is out of range",
    ],
    [
      gates(
        "- { id: g, kind: regression, evidence: [e, b], field: x, agg: p95, direction: lower_is_better, margin: {}, ci: {B: 99} }",
      ),
      "B is 99, which is out of range",
    ],
    [`${gates(P95)}profiles: { pr: { gates: [h] } }\n`, 'names the gate "h"'],
    [
      `${gates(P95)}waivers: [{ gate: h, subject: s, until: "2026-12-31", reason: r, signed_by: sre }]\n`,
      'names the gate "h"',
    ],
    [`${gates(P95)}waivers: [{ gate: g, subject: s, until: never, reason: r, signed_by: sre }]\n`, "which is no date"],
    [`${gates(P95)}score: { grades: [[A, 2]] }\n`, "out of range"],
    [`${gates(P95)}defaults: { min_sample: 3 }\n`, "defaults.min_sample is no key here"],
  ];
  for (const [text, message] of rows) {
    const error = assertThrows(() => parsePolicy(text, "p.yaml"), UsageError, message);
    assert(error.hint !== undefined && error.message.startsWith('Cannot read "p.yaml"'), error.message);
  }
});

Deno.test("policy: a text that was changed at random is read, or refused with its place", () => {
  const body = new TextEncoder().encode(
    gates(P95, "- { id: h, kind: scenario, evidence: s, expect: {outcome: rejected, min_trials: 3} }"),
  );
  const stream = random("42/policy");
  for (let i = 0; i < 500; i++) {
    try {
      parsePolicy(new TextDecoder().decode(mutate(body, [body], stream)), "p.yaml");
    } catch (error) {
      assert(error instanceof UsageError, String(error));
    }
  }
});

const CANARY = `canary:
  stages: [{ weight: 10, duration: 60m }]
  sample: { every: 1m, window: 1m, settle: 30s }
  breach: { consecutive: 5 }
  promote: { ok_ratio: 0.98 }
  rollback: { deadline: 5m, deadline_from: trigger }
`;

Deno.test("lint: each contradiction that release plans contain", () => {
  const rule = (text: string, part: Partial<Parameters<typeof lint>[0]> = {}) => {
    const { policy } = parsePolicy(text, "p.yaml");
    return lint({ policy, announced: policy.announced, slos: [], evidence: null, ...part })
      .filter(({ rule }) => rule !== "ungated").map(({ rule, level }) => `${level} ${rule}`);
  };
  const errors = '- { id: errors-live, kind: threshold, evidence: e, field: failed, agg: rate, op: "<=", value: 0.01 }';
  const slos = [{ name: "errors", objective: 0.999 }];
  const rows: [string, string, string[], Partial<Parameters<typeof lint>[0]>?][] = [
    ["nothing", gates(P95), []],
    ["a gate looser than its SLO", gates(errors), ["error looser-than-slo"], { slos }],
    ["with a reason", gates(errors.replace(" }", ', looser_than_slo: "one window of 5 m" }')), [
      "warning looser-than-slo",
    ], { slos }],
    ["23 of 27", gates(P95).replace("name: t", "name: t, gate_count: 23"), ["error count-mismatch"]],
    [
      "two validators for three",
      gates("- { id: g, kind: determinism, evidence: e, field: d, agree: 3, of: 3 }").replace(
        "glob: e.jsonl",
        "glob: e.jsonl, expect: {files: 2}",
      ),
      ["error count-mismatch"],
    ],
    [
      "cache hits under performance",
      gates(
        '- { id: hit_rate, kind: threshold, evidence: e, field: hits, agg: mean, op: ">=", value: 1, category: performance }',
      ),
      ["warning category"],
    ],
    [
      "through the bypass",
      changed("value: 1", "value: 1, path: model").replace("glob: e.jsonl", "glob: e.jsonl, path: echo"),
      ["error other-path"],
    ],
    ["no gate blocks", changed("value: 1", "value: 1, enforce: info"), ["warning no-blocking-gate"]],
    ["a floor that bounds nothing", changed("value: 1", "value: 1, min_samples: 30"), ["warning floor-too-low"]],
    ["a file could vanish", gates(P95).replace("glob: e.jsonl", 'glob: "e/*.jsonl"'), ["warning undeclared-files"]],
    [
      "nobody knows the baseline",
      gates(
        "- { id: g, kind: regression, evidence: [e, b], field: x, agg: p95, direction: lower_is_better, margin: {rel: 0.05} }",
      ),
      ["warning no-provenance"],
    ],
    ["a perfect grade, pending", `${gates(P95)}score: { grades: [[A+, 1.0]], min_coverage: 0.9 }\n`, [
      "warning grade-without-coverage",
    ]],
    ["weight for nothing", `${gates(P95)}score: { weights: { runtime: 3 } }\n`, ["warning unused-weight"]],
    ["a canary that fits", gates(P95) + CANARY, []],
    ["overlapping windows", gates(P95) + CANARY.replace("window: 1m", "window: 5m"), ["error overlapping-windows"]],
    ["detection uses the deadline up", gates(P95) + CANARY.replace(", deadline_from: trigger", ""), ["error deadline"]],
    ["breaches without outcome", gates(P95) + CANARY.replace("0.98", "1"), ["error gap"]],
  ];
  for (const [name, text, expected, part] of rows) assertEquals(rule(text, part), expected, name);
});
