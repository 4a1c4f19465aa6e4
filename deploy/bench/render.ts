/** The figures as Markdown: what a terminal shows is what the docs hold. Pure. */
import { percent } from "../../lib/report/format.ts";
import { markdownTable } from "../../lib/report/markdown.ts";
import type { ConnectLoopResult } from "./connect_loop.ts";
import type { DrainResult } from "./drain.ts";
import type { HelpResult } from "./help_time.ts";
import type { JoinResult } from "./join_run.ts";
import type { M5gateResult } from "./m5gate.ts";
import type { Machine } from "./machine.ts";
import type { ProbeCostResult } from "./probe_cost.ts";
import type { StatisticsResult } from "./statistics.ts";
import type { SustainedResult } from "./sustained.ts";
import { type AgentCost, GOAL_RSS_MB } from "./agent_cost.ts";
import type { VictimResult } from "./victims.ts";
import type { WatchResult } from "./watch.ts";

export interface Skipped {
  readonly skipped: string;
}

export interface Figures {
  readonly machine: Machine;
  readonly drain: DrainResult | Skipped;
  readonly sustained: SustainedResult | Skipped;
  readonly connect_loop: ConnectLoopResult | Skipped;
  readonly probe_cost: ProbeCostResult | Skipped;
  readonly statistics: StatisticsResult | Skipped;
  readonly m5gate: M5gateResult | Skipped;
  readonly victims: readonly VictimResult[] | Skipped;
  readonly agent: readonly AgentCost[] | Skipped;
  /** By kind of record, without the ring's own 8 bytes for each. */
  readonly record_bytes: Readonly<Record<string, number>>;
  readonly join: JoinResult | Skipped;
  readonly watch: WatchResult | Skipped;
  readonly help: HelpResult | Skipped;
}

const COLUMNS = [{ title: "what" }, { title: "measured", align: "right" }, { title: "remarks" }] as const;
const PROBE_COLUMNS = [
  { title: "probe, program" },
  { title: "ns per run", align: "right" },
  { title: "runs/s", align: "right" },
  { title: "events told/s", align: "right" },
  { title: "ns per event told", align: "right" },
] as const;

const VICTIM_COLUMNS = [
  { title: "what the watched program does" },
  { title: "without us", align: "right" },
  { title: "with us", align: "right" },
  { title: "added", align: "right" },
  { title: "slower by", align: "right" },
] as const;

const whole = (value: number | null) => value === null ? "-" : Math.round(value).toLocaleString("en-US");
const tenth = (value: number | null) => value === null ? "-" : value.toFixed(1);
const span = (values: readonly number[]) => `${tenth(Math.min(...values))} to ${tenth(Math.max(...values))}`;
const lost = (drops: Readonly<Record<string, number>>) => whole(Object.values(drops).reduce((sum, n) => sum + n, 0));

export function render(figures: Figures): string {
  const { machine: m, probe_cost: cost } = figures;
  const rows = [
    ...part("drain a record", figures.drain, drainRows),
    ...part("sustained", figures.sustained, sustainedRows),
    ...part("connect loop", figures.connect_loop, connectRows),
    ...part("statistics of a release gate", figures.statistics, statisticsRows),
    ...part("m5gate", figures.m5gate, m5gateRows),
    ...part("the agent, writing JSONL", figures.agent, agentRows),
    ...part("join signals with spans", figures.join, joinRows),
    ...part("lag of the event stream", figures.watch, watchRows),
    ...part("`sloctl --help` from source", figures.help, helpRows),
    ...part("kernel cost of the probes", cost, probeRows),
  ];
  const head = [
    `Printed by \`deno task bench\` at ${m.at}, commit ${m.commit}, load average ${m.load.toFixed(2)} as it began,`,
    `on ${m.cpus} CPUs (${m.cpu}, ${m.arch}), Linux ${m.kernel}, Deno ${m.deno}.`,
  ].join("\n");
  const tables = [head, markdownTable(COLUMNS, [...rows, bytesRow(figures.record_bytes)])];
  tables.push(
    "skipped" in figures.victims
      ? `The slowdown of what is watched was skipped: ${figures.victims.skipped}`
      : markdownTable(VICTIM_COLUMNS, victimRows(figures.victims)),
  );
  if (!("skipped" in cost)) tables.push(markdownTable(PROBE_COLUMNS, programRows(cost)));
  return tables.map((text) => text.trimEnd()).join("\n\n") + "\n";
}

function part<T extends object>(what: string, result: T | Skipped, rows: (result: T) => string[][]): string[][] {
  return "skipped" in result ? [[what, "-", `skipped: ${result.skipped}`]] : rows(result);
}

function drainRows(d: DrainResult): string[][] {
  const ring = `${whole(d.records)} records of ${d.record_bytes} bytes, ring of ${d.ring_bytes / 2 ** 20} MiB`;
  return [
    ["drain a record: lib/kernel/ring.ts", `${tenth(d.deno_ns)} ns`, `${ring}; ${span(d.deno_rounds_ns)}`],
    ["drain a record: libbpf, C -O2", `${tenth(d.c_ns)} ns`, `same ring, in turns; ${span(d.c_rounds_ns)}`],
    ["ours over C", `${d.deno_over_c.toFixed(2)}x`, `medians of ${d.rounds} rounds each; goal: at most 3x`],
  ];
}

function sustainedRows(s: SustainedResult): string[][] {
  const limit = `a ring of 4 MiB emptied every 20 ms takes ${whole(s.ring_limit_per_second)}/s at most`;
  return [
    [
      "sustained, recorded bytes",
      `${whole(s.events_per_second)} events/s`,
      `drained and decoded for 3 s, ${whole(s.confirmed_events)} events, none lost, ${s.refused} refused; ${limit}`,
    ],
    ["decode one record", `${whole(s.decode_ns)} ns`, `mean size ${whole(s.mean_record_bytes)} bytes`],
  ];
}

function connectRows(c: ConnectLoopResult): string[][] {
  const made = `${whole(c.connects)} connects made, ${whole(c.connect_events)} told of the whole machine, ${
    lost(c.drops)
  } records lost`;
  const cpu = `reader ${tenth(c.reader_cpu_pct)} %, BPF ${tenth(c.kernel_cpu_pct)} % of one CPU`;
  return [[
    "real kernel, connect loop",
    `${whole(c.events_per_second)} events/s`,
    `${made}; ${cpu}; the load is the limit`,
  ]];
}

function statisticsRows(s: StatisticsResult): string[][] {
  const pooled = whole(s.runs * s.samples_per_run);
  const size = `${s.scenarios} scenarios x ${s.runs} runs x ${whole(s.samples_per_run)} samples in each of two arms`;
  const ranks = `of ${pooled} against ${pooled}, ${s.scenarios} times: Mann-Whitney, Cliff's delta, Hodges-Lehmann`;
  return [
    [
      "bootstrap of p95, clustered by run",
      `${s.bootstrap_seconds.toFixed(2)} s`,
      `${size}, ${whole(s.replicates)} replicates, by order statistics; goal: under 15 s`,
    ],
    ["rank statistics, with intervals", `${s.rank_seconds.toFixed(2)} s`, ranks],
    ["the same bootstrap by drawing", `${tenth(s.draw_ns)} ns`, "for one value drawn; one thread"],
  ];
}

function m5gateRows(m: M5gateResult): string[][] {
  const size = `${m.scenarios} scenarios x ${m.runs} runs x ${whole(m.samples_per_run)} samples in each of two arms`;
  return [[
    "m5gate, the whole command",
    `${m.seconds.toFixed(1)} s`,
    `${size}, ${whole(m.replicates)} replicates; ${whole(m.bytes / 1e6)} MB read, at most ${
      whole(m.peak_mb)
    } MB resident; goal: under 15 s`,
  ]];
}

/** Where more was lost than nothing, the slowdown is that of an agent that could not keep up. */
function agentRows(costs: readonly AgentCost[]): string[][] {
  return costs.map(({ asked_per_second, events_per_second, own_cpu_pct, goal_cpu_pct, rss_mb }) => [
    `the agent, ${whole(asked_per_second)} events/s to JSONL`,
    `${tenth(own_cpu_pct)} % of one CPU`,
    `user and system time; ${whole(events_per_second)} events/s written; ${whole(rss_mb)} MB resident (goal: under ` +
    `${GOAL_RSS_MB})${goal_cpu_pct === null ? "" : `; goal: under ${goal_cpu_pct} %`}`,
  ]);
}

function victimRows(victims: readonly VictimResult[]): string[][] {
  const us = (ns: number) => ns < 1000 ? `${Math.round(ns)} ns` : `${(ns / 1000).toFixed(2)} us`;
  return victims.map(({ what, without_ns, with_ns, added_ns, goal, turns, lost }) => [
    `${what} (medians of ${turns} turns${lost === 0 ? "" : `; ${whole(lost)} records lost`})`,
    us(without_ns),
    us(with_ns),
    us(added_ns),
    percent(added_ns / without_ns) + (goal === null ? "" : ` (goal: at most ${percent(goal)})`),
  ]);
}

function bytesRow(bytes: Readonly<Record<string, number>>): string[] {
  const sizes = Object.values(bytes);
  const each = Object.entries(bytes).map(([kind, size]) => `${kind} ${size}`).join(", ");
  return ["bytes of an event in the ring", `${Math.min(...sizes)} to ${Math.max(...sizes)}`, `${each}; and 8 for each`];
}

function joinRows(j: JoinResult): string[][] {
  const rounds = `${whole(Math.min(...j.rounds_per_second))} to ${whole(Math.max(...j.rounds_per_second))}`;
  const cpu = j.per_cpu_second === null ? "" : `; ${whole(j.per_cpu_second)} per second on a CPU`;
  const heap = j.heap_mb.map((mb) => whole(mb)).join(", ");
  const held = `${whole(j.held_signals)} signals and ${whole(j.held_spans)} spans held at the end`;
  return [
    [
      "join, as they come",
      `${whole(j.per_second)} signals/s`,
      `${whole(j.signals)} signals, ${whole(j.spans)} spans, one thread; ${rounds}${cpu}; goal: over 500,000`,
    ],
    ["join, heap after each fifth", `${whole(j.heap_mb.at(-1) ?? null)} MB`, `${heap} MB; ${held}`],
    ["join, all at once", `${whole(j.batch_per_second)} signals/s`, "the same, in memory together"],
  ];
}

function watchRows({ lags }: WatchResult): string[][] {
  return lags.map((w) => [
    `lag of the event stream at ${whole(w.spans_per_s)} spans/s, p95`,
    `${tenth(w.p95_ms)} ms`,
    `from sending a span to its watcher having it: p50 ${tenth(w.p50_ms)} ms, max ${
      tenth(w.max_ms)
    } ms; from the answer ` +
    `to its export, p95 ${tenth(w.answered_p95_ms)} ms; ${whole(w.spans)} spans, store on disk; goal: under 200 ms`,
  ]);
}

function helpRows(h: HelpResult): string[][] {
  const range = `${whole(h.min_ms)} to ${whole(h.max_ms)} ms`;
  return [[
    "`sloctl --help` from source",
    `${whole(h.median_ms)} ms`,
    `median of ${h.runs}, ${range}; goal: under 100 ms`,
  ]];
}

function probeRows(p: ProbeCostResult): string[][] {
  const what = `${whole(p.events)} events in ${tenth(p.seconds)} s, ${lost(p.drops)} records lost`;
  const missing = p.missing.map(({ probe, reason }) => `; without ${probe}: ${reason}`).join("");
  return [["all probes, small real load", `${tenth(p.kernel_cpu_pct)} %`, `BPF's share of one CPU; ${what}${missing}`]];
}

function programRows(p: ProbeCostResult): string[][] {
  return p.probes.flatMap((probe) => [
    [
      `**${probe.probe}**`,
      whole(probe.ns_per_run),
      whole(probe.runs_per_second),
      tenth(probe.events_per_second),
      whole(probe.ns_per_event),
    ],
    ...probe.programs.map(({ program, ns_per_run, runs_per_second }) => [
      `\`${program}\``,
      runs_per_second === 0 ? "-" : whole(ns_per_run),
      whole(runs_per_second),
      "",
      "",
    ]),
  ]);
}
