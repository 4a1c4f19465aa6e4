/** The whole command on a large benchmark: files read, judged, summary written; time and peak memory of its process. */
import { selfCommand } from "../../lib/host/self.ts";
import { normal, random } from "../../lib/stats/random.ts";

const SCENARIOS = 7;
const RUNS = 10;
const SAMPLES = 10_000;
const REPLICATES = 2000;

const OVERHEAD = "timestamp,node,collector_cpu_pct,collector_memory_mb,events_per_second,dropped_events\n" +
  "2026-06-10T10:00:00.000Z,n1,1.5,80,100,0\n".repeat(240);

export interface M5gateResult {
  readonly scenarios: number;
  readonly runs: number;
  readonly samples_per_run: number;
  readonly replicates: number;
  /** Bytes of all raw samples. */
  readonly bytes: number;
  readonly seconds: number;
  /** Highest the process ever had resident. */
  readonly peak_mb: number;
}

/** @param folder for half a gigabyte of raw samples, removed afterwards */
export async function benchM5gate(folder: string): Promise<M5gateResult> {
  const root = `${folder}/m5gate`;
  try {
    const bytes = await writeArm(`${root}/candidate`, "c") + await writeArm(`${root}/baseline`, "b");
    const manifest = { source_ref: "v1", source_commit: "ba5eba11", generated_at: new Date().toISOString() };
    await Deno.writeTextFile(`${root}/baseline/manifest.json`, JSON.stringify(manifest));
    const [program, ...prefix] = selfCommand();
    const roots = ["--candidate-root", `${root}/candidate`, "--baseline-root", `${root}/baseline`];
    const started = performance.now();
    const child = new Deno.Command(program!, {
      args: [...prefix, "m5gate", ...roots, "--bootstrap-iters", `${REPLICATES}`, "--out-json", `${root}/summary.json`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    let peakKib = 0;
    const watch = setInterval(() => {
      try {
        const status = Deno.readTextFileSync(`/proc/${child.pid}/status`);
        peakKib = Math.max(peakKib, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
      } catch { /* it has just ended */ }
    }, 50);
    await child.status;
    const seconds = (performance.now() - started) / 1000;
    clearInterval(watch);
    const { comparisons } = JSON.parse(await Deno.readTextFile(`${root}/summary.json`));
    if (comparisons !== 2 * SCENARIOS) throw new Error(`the gate made ${comparisons} comparisons`);
    return {
      scenarios: SCENARIOS,
      runs: RUNS,
      samples_per_run: SAMPLES,
      replicates: REPLICATES,
      bytes,
      seconds,
      peak_mb: peakKib * 1024 / 1e6,
    };
  } finally {
    await Deno.remove(root, { recursive: true }).catch(() => {});
  }
}

/** Rows as benchgen writes them; runs that differ by 3 %. */
async function writeArm(root: string, key: string): Promise<number> {
  let bytes = 0;
  for (let scenario = 0; scenario < SCENARIOS; scenario++) {
    for (let run = 1; run <= RUNS; run++) {
      const stream = random(`${key}/${scenario}/${run}`);
      const centre = 200 * Math.exp(0.03 * normal(stream));
      const rows = Array.from({ length: SAMPLES }, (_, i) => `${row(i, centre * Math.exp(0.25 * normal(stream)))}\n`);
      const text = rows.join("");
      const folder = `${root}/s${scenario}/run-${run}`;
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(`${folder}/raw_samples.jsonl`, text);
      await Deno.writeTextFile(`${folder}/collector_overhead.csv`, OVERHEAD);
      bytes += text.length;
    }
  }
  return bytes;
}

function row(i: number, ttft: number): string {
  return JSON.stringify({
    timestamp: "2026-06-10T10:00:00.000Z",
    cluster: "lab",
    namespace: "sloctl-lab",
    workload: "rag",
    service: "rag-gateway",
    node: "n1",
    request_id: `req-${i}`,
    trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
    ttft_ms: ttft,
    request_latency_ms: ttft + 300,
    token_throughput_tps: 40 + ttft / 100,
    error_rate: 0,
    fault_label: "none",
    scenario: "s",
    phase: "fault",
  });
}
