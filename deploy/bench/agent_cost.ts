/** What the agent itself costs while it writes events to a file: a process of its own, at known rates of events. */
import { exec } from "../../lib/host/exec.ts";
import { TICKS_PER_SECOND } from "../../lib/host/cpu_times.ts";
import { rates } from "../load/rates.ts";

/** Events a second, and what of one CPU they may cost: the goals of the project. */
const STEPS = [{ events: 0, goalPct: null }, { events: 1000, goalPct: 1 }, { events: 10_000, goalPct: 3 }] as const;
const ROOT = new URL("../../", import.meta.url).pathname;
export const GOAL_RSS_MB = 150;
/**
 * Loading programs and compiling code is no part of the running cost. At 1000 events a second V8 goes on compiling the hot path until some
 * 45 s have passed (--trace-opt says so).
 */
const SETTLE_MS = 60_000;
const MEASURE_MS = 10_000;

export interface AgentCost {
  /** Of which half are DNS queries and half first bytes. */
  readonly asked_per_second: number;
  readonly events_per_second: number;
  /** User and system time of the agent, of one CPU. */
  readonly own_cpu_pct: number;
  readonly goal_cpu_pct: number | null;
  readonly rss_mb: number;
}

/** @throws UnsupportedError without clang */
export async function benchAgentCost(folder: string): Promise<readonly AgentCost[]> {
  await using load = await rates();
  const costs: AgentCost[] = [];
  for (const { events, goalPct } of STEPS) {
    const file = `${folder}/events-${events}.jsonl`;
    const agent = new Deno.Command(`${ROOT}sloctl`, {
      args: ["agent", "--comm", load.comm, "--output", "jsonl", "--output-path", file]
        .concat("--disable-overhead-guard", "--metrics-bind", "127.0.0.1:0"),
      env: { SLOCTL_DENO: Deno.execPath() },
      stdout: "null",
      stderr: "null",
    }).spawn();
    const loads = events === 0 ? [] : [load.start("dns", events / 2), load.start("turns", events / 2)];
    try {
      await pause(SETTLE_MS);
      const before = await reading(agent.pid, file);
      await pause(MEASURE_MS);
      const after = await reading(agent.pid, file);
      const seconds = (after.atMs - before.atMs) / 1000;
      costs.push({
        asked_per_second: events,
        events_per_second: (after.lines - before.lines) / seconds,
        own_cpu_pct: 100 * (after.ticks - before.ticks) / TICKS_PER_SECOND / seconds,
        goal_cpu_pct: goalPct,
        rss_mb: after.rssMb,
      });
    } finally {
      for (const child of [...loads, agent]) {
        child.kill("SIGKILL");
        await child.status;
      }
    }
  }
  return costs;
}

async function reading(pid: number, file: string) {
  const atMs = performance.now();
  const stat = (await Deno.readTextFile(`/proc/${pid}/stat`)).replace(/^.*\) /, "").split(" ");
  const rssKb = /^VmRSS:\s+(\d+)/m.exec(await Deno.readTextFile(`/proc/${pid}/status`))?.[1];
  const lines = Number((await exec("wc", "-l", file)).split(" ")[0]);
  return { atMs, ticks: Number(stat[11]) + Number(stat[12]), rssMb: Number(rssKb ?? 0) / 1024, lines };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
