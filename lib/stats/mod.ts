/** What `lib/stats` offers outside: pure functions, every random number from a seed. Edge cases: docs/statistics.md. */
export { binomialTails, studentQuantile, studentTail } from "./beta.ts";
export * from "./bootstrap.ts";
export * from "./cliffs_delta.ts";
export * from "./describe.ts";
export { erfc } from "./erfc.ts";
export * from "./error_budget.ts";
export * from "./histogram_quantile.ts";
export * from "./hodges_lehmann.ts";
export * from "./holm.ts";
export type { Interval, LevelOption } from "./interval.ts";
export { type Alternative, type MannWhitney, type MannWhitneyOptions, mannWhitneyU } from "./mann_whitney.ts";
export * from "./mean_interval.ts";
export { normalQuantile, normalTail } from "./normal.ts";
export * from "./proportion.ts";
export * from "./quantile_interval.ts";
export type { QuantileRule } from "./quantile_rule.ts";
export { type Random, random } from "./random.ts";
export * from "./theil_sen.ts";
