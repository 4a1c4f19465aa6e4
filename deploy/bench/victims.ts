/** What the agent costs those it watches: the same small program with and without it, by turns, so that both see the same weather. */
import { exec } from "../../lib/host/exec.ts";
import { watchKernel, type WatchOptions } from "../../lib/run/watch.ts";
import { compileVictim } from "./compile.ts";
import { median } from "./numbers.ts";

const TURNS = 7;
/** Of libbpf-tools (Debian): the histogram of run-queue waits that people use. */
const RUNQLAT = "/usr/sbin/runqlat";
/** It has compiled nothing, but loads and attaches. */
const RUNQLAT_STARTS_MS = 700;

interface Victim {
  readonly what: string;
  /** CPU time a round may grow by, of 1: the goals of the project. */
  readonly goal?: number;
  /** Of victim.c. */
  readonly kind: "pipe" | "tcp" | "calls";
  readonly rounds: number;
  /** Null: `runqlat` in our place. */
  readonly watch: Partial<WatchOptions> | null;
}

const VICTIMS: readonly Victim[] = [
  {
    what: "pipe round trip, run-queue delay on",
    kind: "pipe",
    rounds: 40_000,
    goal: 0.12,
    watch: { probes: ["runqueue_delay"] },
  },
  { what: "pipe round trip, libbpf-tools' runqlat in our place", kind: "pipe", rounds: 40_000, watch: null },
  { what: "TCP round trip, the agent as it runs by default", kind: "tcp", rounds: 20_000, goal: 0.4, watch: {} },
  {
    what: "TCP round trip, the agent with this program as its target",
    kind: "tcp",
    rounds: 20_000,
    watch: { comm: "victim" },
  },
  {
    what: "cheap system call, syscall_latency with this program as its target",
    kind: "calls",
    rounds: 500_000,
    watch: { probes: ["syscall_latency"], comm: "victim" },
  },
  {
    what: "cheap system call, syscall_latency with another target",
    kind: "calls",
    rounds: 500_000,
    watch: { probes: ["syscall_latency"], comm: "somebody" },
  },
];

export interface VictimResult {
  readonly what: string;
  /** CPU time of one round; medians of the turns. */
  readonly without_ns: number;
  readonly with_ns: number;
  /** Median of the differences, turn by turn. */
  readonly added_ns: number;
  readonly goal: number | null;
  readonly turns: number;
  /** Records lost meanwhile. */
  readonly lost: number;
}

/** @throws UnsupportedError without a C compiler, or when nothing can be attached. */
export async function benchVictims(folder: string): Promise<readonly VictimResult[]> {
  const program = await compileVictim(folder);
  const results: VictimResult[] = [];
  for (const victim of VICTIMS) {
    if (victim.watch !== null || await isThere(RUNQLAT)) results.push(await byTurns(program, victim));
  }
  return results;
}

async function byTurns(program: string, { what, kind, rounds, goal, watch }: Victim): Promise<VictimResult> {
  const run = async () => Number(await exec(program, kind, `${rounds}`));
  const pairs: { readonly without: number; readonly watched: number }[] = [];
  let lost = 0;
  await run(); // the first one pays for pages and caches
  for (let turn = 0; turn < TURNS; turn++) {
    const without = await run();
    if (watch === null) {
      pairs.push({ without, watched: await underRunqlat(run) });
      continue;
    }
    using agent = watchKernel({ timers: false, clocks: false, ...watch }, () => {}); // as agent_attach.ts does
    pairs.push({ without, watched: await run() });
    lost += Object.values(agent.drops()).reduce((sum, n) => sum + n, 0);
  }
  return {
    what,
    without_ns: median(pairs.map(({ without }) => without)),
    with_ns: median(pairs.map(({ watched }) => watched)),
    added_ns: median(pairs.map(({ without, watched }) => watched - without)),
    goal: goal ?? null,
    turns: TURNS,
    lost,
  };
}

async function underRunqlat(run: () => Promise<number>): Promise<number> {
  const peer = new Deno.Command(RUNQLAT, { args: ["60"], stdout: "null", stderr: "null" }).spawn();
  try {
    await new Promise((resolve) => setTimeout(resolve, RUNQLAT_STARTS_MS));
    return await run();
  } finally {
    peer.kill("SIGINT");
    await peer.status;
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await Deno.stat(path).catch(() => null)) !== null;
}
