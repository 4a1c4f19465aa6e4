/** What m5gate is asked for where a test does not say otherwise. */
import type { M5Options } from "../run/m5gate_options.ts";

export const M5_OPTIONS: M5Options = {
  mode: "noninferiority",
  candidateRoot: undefined,
  baselineRoot: undefined,
  baselineManifest: undefined,
  candidateRef: "",
  candidateCommit: "c0ffee",
  requireBaselineManifest: false,
  scenarios: [],
  maxOverheadPct: 3,
  maxVariancePct: 10,
  minRuns: 3,
  ttftRegressionPct: 10,
  alpha: 0.05,
  bootstrapIters: 1000,
  seed: 42,
  minSamples: 59,
  minCliffsDelta: 0.147,
  outJson: "-",
  outMd: undefined,
  outSvg: undefined,
  profile: "release",
  allowSameCommit: false,
  now: "2026-06-15T00:00:00Z",
};
