/** How long a person waits for `sloctl --help` from source. */
import { exec } from "../../lib/host/exec.ts";
import { median } from "./numbers.ts";

const LAUNCHER = new URL("../../sloctl", import.meta.url).pathname;
const RUNS = 15;

export interface HelpResult {
  readonly runs: number;
  readonly median_ms: number;
  readonly min_ms: number;
  readonly max_ms: number;
}

/** The first run, which fills the caches, does not count. */
export async function benchHelp(): Promise<HelpResult> {
  const took: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const start = performance.now();
    await exec("sh", LAUNCHER, "--help");
    if (run > 0) took.push(performance.now() - start);
  }
  return { runs: RUNS, median_ms: median(took), min_ms: Math.min(...took), max_ms: Math.max(...took) };
}
