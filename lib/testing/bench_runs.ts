/** Runs of a benchmark for tests, as folders; drawn as lib/gate/simulated_runs.ts has it. */
import { runOf, type RunShape, runsOf, ttftOf } from "../gate/simulated_runs.ts";

export { runOf, type RunShape, runsOf, ttftOf };

/** Writes the runs of one scenario: raw samples, and 30 rows of overhead each. */
export async function writeRuns(folder: string, shape: RunShape & { readonly cpu?: number }): Promise<void> {
  for (const [i, values] of ttftOf(shape).entries()) {
    const run = `${folder}/run-${i + 1}`;
    await Deno.mkdir(run, { recursive: true });
    const rows = [...values].map((ttft, r) =>
      JSON.stringify({ request_id: `r${r}`, ttft_ms: ttft, token_throughput_tps: shape.tokens ?? 40, error_rate: 0 })
    );
    await Deno.writeTextFile(`${run}/raw_samples.jsonl`, `${rows.join("\n")}\n`);
    await Deno.writeTextFile(`${run}/collector_overhead.csv`, overheadCsv(Array(30).fill(shape.cpu ?? 1.5)));
  }
}

export const OVERHEAD_HEAD = "timestamp,node,collector_cpu_pct,collector_memory_mb,events_per_second,dropped_events\n";

export function overheadCsv(cpu: readonly (number | string)[]): string {
  return OVERHEAD_HEAD +
    cpu.map((pct, i) => `2026-06-10T00:00:${String(i % 60).padStart(2, "0")}Z,n1,${pct},80,100,0\n`).join("");
}
