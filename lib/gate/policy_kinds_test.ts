/** A policy with a gate of every kind, as a release plan writes them. */
import { assertEquals } from "@std/assert";
import { KINDS } from "./policy.ts";
import { parsePolicy } from "./policy_file.ts";

const POLICY = `apiVersion: toolkit.llm-slo.dev/v1alpha1
kind: GatePolicy
metadata: { name: every-kind, version: 1.0.0 }
subject: { require: [git_commit, sha256] }
defaults: { enforce: block, on_inconclusive: block, min_samples: 59, max_age: 24h, max_missing: 0, series: exactly_one }
evidence:
  - { id: candidate, type: raw-samples/v1, glob: "bench/*/run-*/raw_samples.jsonl", cluster: run, unit: ms, expect: {runs: 10}, required: true }
  - { id: baseline, type: raw-samples/v1, glob: "baseline/*/run-*/raw_samples.jsonl", provenance: {manifest: baseline/manifest.json, origin: measured, distinct_from: candidate.git_commit, per: scenario} }
  - { id: overhead, type: overhead-csv/v1, glob: "bench/*/run-*/collector_overhead.csv" }
  - { id: structured, type: report-import/v1, glob: structured.json }
  - { id: retriever, type: report-import/v1, glob: retriever.json }
  - { id: soak, type: raw-samples/v1, glob: soak.jsonl }
  - { id: idempotency, type: scenario-result/v1, glob: idempotency.json }
  - { id: event_schemas, type: surface/v1, glob: surface.json }
  - { id: sbom, type: report-import/v1, glob: sbom.json }
  - { id: verdicts, type: report-import/v1, glob: "verdicts/*.json" }
  - { id: prom, type: prometheus, url: "http://127.0.0.1:9090", timeout: 5s, max_staleness: 30s }
gates:
  - {id: B5-node, kind: threshold, evidence: overhead, field: collector_cpu_pct, by: [node], agg: p95, reduce: max, op: "<=", value: 3, min_samples: 59}
  - {id: json, kind: threshold, evidence: structured, ratio: {good: valid, total: n}, bound: wilson_lower, level: 0.95, op: ">=", value: 0.98}
  - {id: recall, kind: threshold, evidence: retriever, field: recall, agg: mean, op: ">=", value: 0.95, on_fail: {downgrade: preview}}
  - {id: soak, kind: trend, evidence: soak, field: p99_ms, per: minute, stat: theil_sen, over: full, op: "<=", value: {rel: 0.05}}
  - {id: D3, kind: variance, evidence: candidate, field: ttft_ms, agg: p95, per: run, by: [scenario], stat: cv_pct, op: "<=", value: 10, min_runs: 3}
  - {id: E3, kind: regression, evidence: [candidate, baseline], field: ttft_ms, agg: p95, by: [scenario], direction: lower_is_better, margin: {rel: 0.05, abs: 0}, alpha: 0.025, ci: {method: cluster_percentile, cluster: run, B: 2000, seed: 42}, adjust: holm, mode: noninferiority}
  - {id: live, kind: query, source: prom, good: 'x', total: 'y', op: "<=", value: 0.01, every: 30s, window: 30s, settle: 30s, for: 10m, min_requests: {window: 20, total: 299}, on_breach: {consecutive: 3}}
  - {id: smoke, kind: smoke, target: "http://127.0.0.1:8080", steps: [health, metrics, echo, counter_increments, prom_query, ui_assets], timeout: 30s}
  - {id: retry, kind: scenario, evidence: idempotency, expect: {outcome: pass, min_trials: 100}}
  - {id: api, kind: contract, surface: event_schemas, baseline: contracts/v1.json, allow: [add], deprecate_minors: 2}
  - {id: sbom, kind: artifact, evidence: sbom, format: [cyclonedx-1.6, spdx-2.3], require: {components_min: 1, subject_match: true}}
  - {id: prov, kind: attestation, predicate: "https://slsa.dev/provenance/v1", signers: {threshold: 1, of: [ci]}, subject_match: true, max_age: 24h}
  - {id: same, kind: determinism, evidence: verdicts, field: digest, agree: 3, of: 3}
  - {id: signoff, kind: approval, roles: [release, sre, security, director], threshold: 4, max_age: 48h}
  - {id: matrix, kind: coverage, over: {arch: [x86_64, arm64], tls: [on, off]}, of: retry, require: 1.0}
  - {id: rollout, kind: canary, ref: canary}
  - {id: done, kind: all_of, gates: [prov, same, matrix, rollout], deadline: 48h}
canary:
  stages: [{weight: 10, duration: 60m}, {weight: 50, duration: 120m}, {weight: 100, duration: 180m}]
  sample: {every: 1m, window: 1m, settle: 30s, min_requests: 20}
profiles: {pr: {on_inconclusive: warn}, verify: {gates: [B5-node, D3, E3, soak, retry]}}
score: {weights: {runtime: 3, statistics: 3, contract: 2, supply_chain: 2}, pass: 0.95, grades: [[A+, 1.0], [A, 0.95], [B, 0.85], [C, 0.75]], min_coverage: 0.9}
waivers: [{gate: D3, subject: "sha256:ab", until: "2026-12-31", reason: "known", signed_by: sre}]
`;

Deno.test("policy: every kind of gate is read, and on and off are words", () => {
  const { policy } = parsePolicy(POLICY, "p.yaml");
  assertEquals(new Set(policy.gates.map(({ kind }) => kind)), new Set(KINDS));
  const matrix = policy.gates.find(({ id }) => id === "matrix");
  assertEquals(matrix?.kind === "coverage" && matrix.over.tls, ["on", "off"]);
  const json = policy.gates.find(({ id }) => id === "json");
  assertEquals(json?.kind === "threshold" && [json.agg, json.minSamples, json.maxAgeMs], ["rate", 59, 86_400_000]);
  const variance = policy.gates.find(({ id }) => id === "D3");
  assertEquals(variance?.kind === "variance" && [variance.minRuns, variance.value], [3, 10]);
});
