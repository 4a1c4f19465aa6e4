/** What `lib/stats` offers outside: pure functions, every random number from a seed. */
export * from "./bootstrap.ts";
export * from "./describe.ts";
export * from "./error_budget.ts";
export * from "./mann_whitney.ts";
export { type Random, random } from "./random.ts";
