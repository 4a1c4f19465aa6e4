/** What the probes cost the kernel under a small real load, from its own run-time statistics. */
import type { KernelEvent } from "../../lib/model/kernel_event.ts";
import type { ProbeName } from "../../lib/model/signals.ts";
import { watchKernel } from "../../lib/run/watch.ts";
import { runLoad } from "./load.ts";

const LOAD_SECONDS = 9;

const PROBE_OF: Readonly<Record<KernelEvent["kind"], ProbeName | null>> = {
  dns: "dns_latency",
  connect: "connect_latency",
  tls: "tls_handshake",
  exchange: "stream",
  gap: "stream",
  unread: "stream",
  retransmit: "tcp_retransmit",
  runq: "runqueue_delay",
  throttled: "runqueue_delay",
  wait_sum: "runqueue_delay",
  timer: "syscall_latency",
  reclaim: "mem_reclaim",
  disk: "disk_io",
  syscall: "syscall_latency",
  // Not told by a program, but read once a second.
  segments: null,
  tally: null,
  steal: null,
  group_throttled: null,
};

export interface ProgramCost {
  readonly program: string;
  readonly ns_per_run: number;
  readonly runs_per_second: number;
}

export interface ProbeCost {
  readonly probe: string;
  /** Mean of all runs of its programs: one run is one kernel event looked at, told or not. null: it never ran. */
  readonly ns_per_run: number | null;
  readonly runs_per_second: number;
  readonly events_per_second: number;
  /** All the time of its programs over the events it told; null: it told none. */
  readonly ns_per_event: number | null;
  readonly programs: readonly ProgramCost[];
}

export interface ProbeCostResult {
  readonly seconds: number;
  readonly events: number;
  readonly drops: Readonly<Record<string, number>>;
  /** Of one CPU. */
  readonly kernel_cpu_pct: number | null;
  readonly probes: readonly ProbeCost[];
  readonly missing: readonly { readonly probe: string; readonly reason: string }[];
}

/** Whose system calls are watched: nobody's, unless a target is named. */
const TARGET = "dd";

/** @throws UnsupportedError when nothing can be attached. */
export async function benchProbeCost(folder: string): Promise<ProbeCostResult> {
  const told = new Map<string, number>();
  const tell = ({ kind }: KernelEvent) => {
    const probe = PROBE_OF[kind];
    if (probe !== null) told.set(probe, (told.get(probe) ?? 0) + 1);
  };
  // Two agents: one as it runs by default, one for the system calls of a target and the timers of its threads.
  using watch = watchKernel({ timers: false }, tell);
  using calls = watchKernel({ timers: true, probes: ["syscall_latency"], comm: TARGET, steal: false }, tell);
  const start = performance.now();
  await runLoad(folder, LOAD_SECONDS);
  watch.flush();
  calls.flush();
  const seconds = (performance.now() - start) / 1000;
  const [main, targeted] = [watch.cost(), calls.cost()];
  const by_program = [...main.by_program, ...targeted.by_program];
  const attached = [...watch.coverage.attached, ...calls.coverage.attached].filter((probe) => probe !== "cpu_steal");
  const probes = attached.map((probe): ProbeCost => {
    const programs = by_program.filter((program) => program.probe === probe);
    const runs = programs.reduce((sum, program) => sum + program.runs_per_s, 0);
    const nsPerSecond = programs.reduce((sum, program) => sum + program.runs_per_s * program.ns_per_run, 0);
    const events = (told.get(probe) ?? 0) / seconds;
    return {
      probe,
      ns_per_run: runs === 0 ? null : nsPerSecond / runs,
      runs_per_second: runs,
      events_per_second: events,
      ns_per_event: events === 0 ? null : nsPerSecond / events,
      programs: programs.map(({ program, ns_per_run, runs_per_s }) => ({
        program,
        ns_per_run,
        runs_per_second: runs_per_s,
      })),
    };
  });
  return {
    seconds,
    events: watch.events + calls.events,
    drops: watch.drops(),
    kernel_cpu_pct: sum(main.kernel_cpu_pct, targeted.kernel_cpu_pct),
    probes,
    missing: watch.coverage.missing.filter(({ by_choice }) => !by_choice),
  };
}

const sum = (a: number | null, b: number | null) => a === null || b === null ? null : a + b;
