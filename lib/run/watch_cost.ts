/**
 * What watching costs: our own CPU time, and that of our BPF programs. The kernel's statistics of them are sampled for a moment now and
 * then; where they may not be asked for, the programs time one run in 64 themselves.
 */
import process from "node:process";
import type { MeasuredBy } from "../model/guard.ts";
import { RunStats } from "../kernel/run_stats.ts";
import type { ProbeSession, ProgramCost } from "../kernel/session.ts";

export interface WatchCost {
  /** Share of one CPU in percent: user + system + BPF run time. null where the BPF part could not be measured. */
  readonly cpu_pct: number | null;
  /** The BPF part of it. Spent in whatever process ran into a hook, not in ours. */
  readonly kernel_cpu_pct: number | null;
  /** Mean time of one run of a BPF program, that is of one kernel event looked at, told or not. */
  readonly bpf_ns_per_event: number | null;
  readonly measured_by: MeasuredBy;
  readonly rss_mb: number;
  readonly by_program: readonly {
    readonly probe: string;
    readonly program: string;
    readonly ns_per_run: number;
    readonly runs_per_s: number;
  }[];
}

/** What the time since the last look cost, in percent of one CPU. */
export interface WindowCost {
  readonly ownPct: number;
  /** By probe; null when no sample fell into this window. */
  readonly probes: Readonly<Record<string, number>> | null;
}

/** Keeping the statistics costs about 50 ns a run: they are on for `SAMPLE_MS` of every `EVERY_MS`. */
const SAMPLE_MS = 200;
const EVERY_MS = 2000;
/** The first sample comes soon, so that a short watch has one too. */
const FIRST_MS = 300;

interface Sum {
  readonly probe: string;
  readonly program: string;
  readonly ns: number;
  readonly runs: number;
}

/** Everything so far. `ms`: how long of it was measured. */
interface Total {
  readonly atMs: number;
  readonly cpuUs: number;
  readonly ms: number;
  readonly sums: ReadonlyMap<string, Sum>;
}

export class CostMeter implements Disposable {
  readonly #session: ProbeSession;
  readonly #bySelf: boolean;
  /** 1: as above; 0.1: ten times as often and as short. */
  readonly #pace: number;
  readonly #start: Total;
  readonly #sums = new Map<string, Sum>();
  #sampledMs = 0;
  #sample: { stats: RunStats; at: number; before: ProgramCost[] } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #window: Total;

  /** `bySelf`: the programs were loaded so that they time themselves. */
  constructor(session: ProbeSession, { bySelf = false, pace = 1 } = {}) {
    this.#session = session;
    this.#bySelf = bySelf;
    this.#pace = pace;
    this.#start = this.#total();
    this.#window = this.#start;
    if (!bySelf) this.#timer = setTimeout(() => this.#begin(), FIRST_MS * pace);
  }

  /** Averages since the start. */
  cost(): WatchCost {
    const { ownPct, programs, ms } = since(this.#start, this.#total());
    const ns = programs.reduce((sum, program) => sum + program.ns, 0);
    const runs = programs.reduce((sum, program) => sum + program.runs, 0);
    const kernelPct = ms === 0 ? null : ns / 1e4 / ms;
    return {
      cpu_pct: kernelPct === null ? null : ownPct + kernelPct,
      kernel_cpu_pct: kernelPct,
      bpf_ns_per_event: runs === 0 ? null : ns / runs,
      measured_by: ms === 0 ? null : this.#bySelf ? "programs" : "kernel",
      rss_mb: Deno.memoryUsage().rss / 1e6,
      by_program: ms === 0 ? [] : programs.map(({ probe, program, ns, runs }) => ({
        probe,
        program,
        ns_per_run: runs === 0 ? 0 : ns / runs,
        runs_per_s: runs / ms * 1000,
      })),
    };
  }

  /** What it cost since the last call, or since the start. */
  window(): WindowCost {
    const now = this.#total();
    const { ownPct, programs, ms } = since(this.#window, now);
    this.#window = now;
    if (ms === 0) return { ownPct, probes: null };
    const probes: Record<string, number> = {};
    for (const { probe, ns } of programs) probes[probe] = (probes[probe] ?? 0) + ns / 1e4 / ms;
    return { ownPct, probes };
  }

  #total(): Total {
    const { user, system } = process.cpuUsage();
    const at = { atMs: performance.now(), cpuUs: user + system };
    if (!this.#bySelf) return { ...at, ms: this.#sampledMs, sums: new Map(this.#sums) };
    const sums = this.#session.timed().map(({ probe, runs, sampled, ns }): [string, Sum] => [
      probe,
      { probe, program: "all", runs, ns: sampled === 0 ? 0 : ns / sampled * runs },
    ]);
    return { ...at, ms: at.atMs, sums: new Map(sums) };
  }

  #begin(): void {
    const stats = new RunStats();
    if (!stats.enabled) return; // without SYS_ADMIN the cost is unknown, and stays so
    this.#sample = { stats, at: performance.now(), before: this.#session.costs() };
    this.#timer = setTimeout(() => this.#end(), SAMPLE_MS * this.#pace);
  }

  #end(): void {
    this.#close();
    this.#timer = setTimeout(() => this.#begin(), (EVERY_MS - SAMPLE_MS) * this.#pace);
  }

  /** Takes what the running sample has so far, and ends it. */
  #close(): void {
    const sample = this.#sample;
    if (sample === undefined) return;
    this.#sample = undefined;
    this.#sampledMs += performance.now() - sample.at;
    this.#session.costs().forEach(({ probe, program, ns, runs }, i) => {
      const before = sample.before[i]!;
      const key = `${probe} ${program}`; // several probes have a program of the same name
      const sum = this.#sums.get(key) ?? { probe, program, ns: 0, runs: 0 };
      this.#sums.set(key, { ...sum, ns: sum.ns + ns - before.ns, runs: sum.runs + runs - before.runs });
    });
    sample.stats[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#close();
  }
}

function since(
  before: Total,
  now: Total,
): { readonly ownPct: number; readonly programs: readonly Sum[]; readonly ms: number } {
  const programs = [...now.sums].map(([key, sum]) => {
    const was = before.sums.get(key);
    return { ...sum, ns: sum.ns - (was?.ns ?? 0), runs: sum.runs - (was?.runs ?? 0) };
  });
  const ownPct = (now.cpuUs - before.cpuUs) / 10 / Math.max(1, now.atMs - before.atMs); // us per ms -> percent
  return { ownPct, programs, ms: now.ms - before.ms };
}
