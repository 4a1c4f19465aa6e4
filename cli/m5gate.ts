import type { Command } from "./command.ts";

export const command: Command = {
  name: "m5gate",
  summary: "may a candidate be released: overhead, spread of reruns, and regression against a baseline",
  description:
    "Reads <root>/<scenario>/run-<n>/raw_samples.jsonl of both arms and collector_overhead.csv of the candidate. By the " +
    "non-inferiority rule a pass says that harm beyond the margin is excluded, in the tail too and with reruns that differ; a fail " +
    "that it is proven; inconclusive that the data say neither. What is missing never passes. --mode classic keeps the earlier rule; " +
    "both outcomes stand in every summary. In GitHub Actions it also writes the step summary and annotations. " +
    "Exit code 0 pass, 1 fail, 3 inconclusive, 4 not evaluated, 5 a file is not what it says it is.",
  examples: [{
    command:
      "sloctl m5gate --candidate-root artifacts/bench --baseline-root baseline --candidate-commit abc123 --out-json m5.json",
    text: "one candidate against one baseline",
  }, {
    command: "sloctl m5gate --candidate-root artifacts/bench --baseline-root baseline --profile pr --out-md gate.md",
    text: "on a pull request: proven harm fails, too little data warns",
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
    { name: "scenarios", type: "list", placeholder: "NAME,...", help: "default: every folder of either root" },
    { name: "max-overhead-pct", type: "number", placeholder: "N", default: 3, help: "share of one CPU" },
    {
      name: "max-variance-pct",
      type: "number",
      placeholder: "N",
      default: 10,
      help: "coefficient of variation over runs",
    },
    { name: "min-runs", type: "integer", placeholder: "N", default: 3, help: "of each scenario" },
    {
      name: "ttft-regression-pct",
      type: "number",
      placeholder: "N",
      default: 5,
      help: "the margin, of TTFT p95 and token rate p50",
    },
    { name: "alpha", type: "number", placeholder: "X", default: 0.05, help: "two-sided: intervals are at 1 - alpha" },
    { name: "bootstrap-iters", type: "integer", placeholder: "N", default: 2000, help: "resamples, 100 or more" },
    { name: "seed", type: "integer", placeholder: "N", default: 42, help: "of the resampling" },
    { name: "min-samples", type: "integer", placeholder: "N", help: "of each arm; default 59, in classic mode 30" },
    {
      name: "min-cliffs-delta",
      type: "number",
      placeholder: "X",
      default: 0.147,
      help: "classic mode alone: smaller effects are negligible; without --mode it selects classic",
    },
    { name: "out-json", type: "string", placeholder: "FILE", help: "m5_gate_summary.json; - is standard output" },
    { name: "out-md", type: "string", placeholder: "FILE", help: "the same for a pull request, in Markdown" },
    { name: "out-svg", type: "string", placeholder: "FILE", help: "the intervals and the margin as a picture" },
    {
      name: "mode",
      type: "string",
      values: ["noninferiority", "classic"],
      help: "rule that decides; default noninferiority",
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
  permissions: ["read", "write", "env"],
  run: async (input, io) => {
    const byDelta = !input.given("mode") && input.given("min-cliffs-delta");
    if (byDelta) {
      io.err("sloctl: --min-cliffs-delta belongs to the classic rule, which decides now; name a --mode to choose\n");
    }
    const mode = input.string("mode") ?? (byDelta ? "classic" : "noninferiority");
    const { m5gate } = await import("../lib/run/m5gate.ts");
    const number = (name: string) => input.number(name)!;
    return await m5gate({
      mode: mode as "classic",
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
      minSamples: input.number("min-samples") ?? (mode === "classic" ? 30 : 59),
      minCliffsDelta: number("min-cliffs-delta"),
      outJson: input.string("out-json"),
      outMd: input.string("out-md"),
      outSvg: input.string("out-svg"),
      profile: input.string("profile") as "release",
      allowSameCommit: input.boolean("allow-same-commit"),
      now: new Date().toISOString(),
    }, io);
  },
};
