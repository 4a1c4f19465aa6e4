/** What watching costs: our own CPU time, and that of our BPF programs, sampled for a moment now and then. */
import process from "node:process";
import { RunStats } from "../kernel/run_stats.ts";
import type { ProbeSession, ProgramCost } from "../kernel/session.ts";

export interface WatchCost {
  /** Share of one CPU in percent: user + system + BPF run time. null where the BPF part could not be measured. */
  readonly cpu_pct: number | null;
  /** The BPF part of it. Spent in whatever process ran into a hook, not in ours. */
  readonly kernel_cpu_pct: number | null;
  /** Mean time of one run of a BPF program, that is of one kernel event looked at, told or not. */
  readonly bpf_ns_per_event: number | null;
  readonly rss_mb: number;
  readonly by_program: readonly {
    readonly probe: string;
    readonly program: string;
    readonly ns_per_run: number;
    readonly runs_per_s: number;
  }[];
}

/** Keeping the statistics costs about 50 ns a run: they are on for `SAMPLE_MS` of every `EVERY_MS`. */
const SAMPLE_MS = 200;
const EVERY_MS = 2000;
/** The first sample comes soon, so that a short watch has one too. */
const FIRST_MS = 300;

export class CostMeter implements Disposable {
  readonly #session: ProbeSession;
  readonly #startedAt = performance.now();
  readonly #cpuAtStart = process.cpuUsage();
  readonly #sums = new Map<string, { probe: string; program: string; ns: number; runs: number }>();
  #sampledMs = 0;
  #sample: { stats: RunStats; at: number; before: ProgramCost[] } | undefined;
  #timer: ReturnType<typeof setTimeout>;

  constructor(session: ProbeSession) {
    this.#session = session;
    this.#timer = setTimeout(() => this.#begin(), FIRST_MS);
  }

  /** Averages since the start. */
  cost(): WatchCost {
    const { user, system } = process.cpuUsage(this.#cpuAtStart);
    const ownPct = (user + system) / 10 / Math.max(1, performance.now() - this.#startedAt); // us per ms -> percent
    const programs = [...this.#sums.values()];
    const ns = programs.reduce((sum, program) => sum + program.ns, 0);
    const runs = programs.reduce((sum, program) => sum + program.runs, 0);
    const kernelPct = this.#sampledMs === 0 ? null : ns / 1e4 / this.#sampledMs;
    return {
      cpu_pct: kernelPct === null ? null : ownPct + kernelPct,
      kernel_cpu_pct: kernelPct,
      bpf_ns_per_event: runs === 0 ? null : ns / runs,
      rss_mb: Deno.memoryUsage().rss / 1e6,
      by_program: this.#sampledMs === 0 ? [] : programs.map(({ probe, program, ns, runs }) => ({
        probe,
        program,
        ns_per_run: runs === 0 ? 0 : ns / runs,
        runs_per_s: runs / this.#sampledMs * 1000,
      })),
    };
  }

  #begin(): void {
    const stats = new RunStats();
    if (!stats.enabled) return; // without SYS_ADMIN the cost is unknown, and stays so
    this.#sample = { stats, at: performance.now(), before: this.#session.costs() };
    this.#timer = setTimeout(() => this.#end(), SAMPLE_MS);
  }

  #end(): void {
    this.#close();
    this.#timer = setTimeout(() => this.#begin(), EVERY_MS - SAMPLE_MS);
  }

  /** Takes what the running sample has so far, and ends it. */
  #close(): void {
    const sample = this.#sample;
    if (sample === undefined) return;
    this.#sample = undefined;
    this.#sampledMs += performance.now() - sample.at;
    this.#session.costs().forEach(({ probe, program, ns, runs }, i) => {
      const before = sample.before[i]!;
      const sum = this.#sums.get(program) ?? { probe, program, ns: 0, runs: 0 };
      this.#sums.set(program, { ...sum, ns: sum.ns + ns - before.ns, runs: sum.runs + runs - before.runs });
    });
    sample.stats[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#close();
  }
}
