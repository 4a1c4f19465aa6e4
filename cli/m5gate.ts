import type { Command } from "./command.ts";

export const command: Command = {
  name: "m5gate",
  summary: "may a candidate be released, by benchmark folders of it and of a baseline (classic rule)",
  description:
    "Reads <root>/<scenario>/run-<n>/raw_samples.jsonl of both arms and collector_overhead.csv of the candidate, and judges " +
    "overhead, spread over reruns and TTFT regression by the classic rule; --mode noninferiority is not built yet. What is " +
    "missing never passes. Exit code 0 pass, 1 fail, 3 inconclusive, 4 not evaluated.",
  examples: [{
    command:
      "sloctl m5gate --candidate-root artifacts/bench --baseline-root baseline --candidate-commit abc123 --out-json m5.json",
    text: "one candidate against one baseline",
  }],
  flags: [
    { name: "candidate-root", type: "string", placeholder: "DIR", help: "folders of the candidate" },
    { name: "baseline-root", type: "string", placeholder: "DIR", help: "folders of the baseline" },
    {
      name: "baseline-manifest",
      type: "string",
      placeholder: "FILE",
      help: "default: manifest.json of the scenario, or of the root",
    },
    { name: "candidate-ref", type: "string", placeholder: "REF", default: "", help: "written into the summary" },
    {
      name: "candidate-commit",
      type: "string",
      placeholder: "SHA",
      default: "",
      help: "a baseline of the same commit is none",
    },
    { name: "require-baseline-manifest", type: "boolean", help: "without a manifest: fail, instead of not evaluated" },
    { name: "scenarios", type: "list", placeholder: "NAME,...", help: "default: every folder of the candidate" },
    { name: "max-overhead-pct", type: "number", placeholder: "N", default: 3, help: "share of one CPU" },
    {
      name: "max-variance-pct",
      type: "number",
      placeholder: "N",
      default: 10,
      help: "coefficient of variation over runs",
    },
    { name: "min-runs", type: "integer", placeholder: "N", default: 3, help: "of each scenario" },
    { name: "ttft-regression-pct", type: "number", placeholder: "N", default: 5, help: "rise of the TTFT p95" },
    { name: "alpha", type: "number", placeholder: "X", default: 0.05, help: "of the Mann-Whitney test, two-sided" },
    { name: "bootstrap-iters", type: "integer", placeholder: "N", default: 1000, help: "resamples, 100 or more" },
    { name: "seed", type: "integer", placeholder: "N", default: 42, help: "of the resampling" },
    { name: "min-samples", type: "integer", placeholder: "N", default: 30, help: "of each arm" },
    {
      name: "min-cliffs-delta",
      type: "number",
      placeholder: "X",
      default: 0.147,
      help: "smaller effects are negligible",
    },
    { name: "out-json", type: "string", placeholder: "FILE", help: "m5_gate_summary.json; - is standard output" },
    { name: "out-md", type: "string", placeholder: "FILE", help: "the same for people" },
    {
      name: "mode",
      type: "string",
      values: ["noninferiority", "classic"],
      default: "classic",
      help: "rule that decides",
    },
    {
      name: "profile",
      type: "string",
      values: ["release", "pr"],
      default: "release",
      help: "pr lets inconclusive through",
    },
    { name: "allow-same-commit", type: "boolean", help: "for calibration: both arms may be one commit" },
  ],
  permissions: ["read", "write"],
  run: async (input, io) => {
    if (input.string("mode") === "noninferiority") {
      const { UnsupportedError } = await import("../lib/model/errors.ts");
      throw new UnsupportedError('Cannot judge by "noninferiority": it is not built yet', "Use --mode classic");
    }
    const { m5gate } = await import("../lib/run/m5gate.ts");
    const number = (name: string) => input.number(name)!;
    return await m5gate({
      candidateRoot: input.string("candidate-root"),
      baselineRoot: input.string("baseline-root"),
      baselineManifest: input.string("baseline-manifest"),
      candidateRef: input.string("candidate-ref")!,
      candidateCommit: input.string("candidate-commit")!,
      requireBaselineManifest: input.boolean("require-baseline-manifest"),
      scenarios: input.list("scenarios"),
      maxOverheadPct: number("max-overhead-pct"),
      maxVariancePct: number("max-variance-pct"),
      minRuns: number("min-runs"),
      ttftRegressionPct: number("ttft-regression-pct"),
      alpha: number("alpha"),
      bootstrapIters: number("bootstrap-iters"),
      seed: number("seed"),
      minSamples: number("min-samples"),
      minCliffsDelta: number("min-cliffs-delta"),
      outJson: input.string("out-json"),
      outMd: input.string("out-md"),
      profile: input.string("profile") as "release",
      allowSameCommit: input.boolean("allow-same-commit"),
      now: new Date().toISOString(),
    }, io);
  },
};
