/**
 * Measures and prints; asserts nothing about speed: deno task bench [loadgen | journal | queries] [--json] [--write]
 *
 * `loadgen` measures the load generator alone, `journal` the collector's store alone, beside the OpenTelemetry
 * Collector where that can be built (seven minutes), and `queries`, its answers (a minute; also alone).
 * `--json` prints one JSON document, `--write` also puts the figures into docs/bench.md
 * and docs/loadgen.md. What this machine or this user cannot do is skipped with its reason. Takes about eight minutes.
 */
import { RECORD_BYTES } from "../lib/decode/record.ts";
import { ebpfRefusal } from "../lib/host/ebpf_refusal.ts";
import { SloctlError } from "../lib/model/errors.ts";
import { toJson } from "../lib/model/json.ts";
import { benchAgentCost } from "./bench/agent_cost.ts";
import { benchConnectLoop } from "./bench/connect_loop.ts";
import { benchDrain } from "./bench/drain.ts";
import { benchHelp } from "./bench/help_time.ts";
import { benchJournal } from "./bench/journal.ts";
import { journalPage } from "./bench/journal_page.ts";
import { benchLoadgen, type LoadgenResult } from "./bench/loadgen.ts";
import { loadgenPage } from "./bench/loadgen_page.ts";
import { benchJoin } from "./bench/join.ts";
import { benchM5gate } from "./bench/m5gate.ts";
import { machine } from "./bench/machine.ts";
import { readers, replaceBlock } from "./bench/page.ts";
import { benchQueries } from "./bench/queries.ts";
import { queriesPage } from "./bench/queries_page.ts";
import { benchProbeCost } from "./bench/probe_cost.ts";
import { type Figures, render, type Skipped } from "./bench/render.ts";
import { benchStatistics } from "./bench/statistics.ts";
import { benchSustained } from "./bench/sustained.ts";
import { benchVictims } from "./bench/victims.ts";
import { benchWatch } from "./bench/watch.ts";

const PAGE = new URL("../docs/bench.md", import.meta.url).pathname;
/** The same figures for programs: docs/signals.md takes its costs from there. */
const FIGURES = new URL("../docs/bench.json", import.meta.url).pathname;
const JOURNAL_PAGE = new URL("../docs/journal.md", import.meta.url).pathname;
const LOADGEN_PAGE = new URL("../docs/loadgen.md", import.meta.url).pathname;

const write = async (to: typeof Deno.stdout | typeof Deno.stderr, text: string) => {
  await new Blob([text]).stream().pipeTo(to.writable, { preventClose: true });
};

/** One part of the benchmark, or why it cannot be had here. */
async function measure<T>(what: string, run: () => T | Promise<T>, needsKernel = true): Promise<T | Skipped> {
  const refusal = needsKernel ? ebpfRefusal() : null;
  if (refusal !== null) return { skipped: refusal };
  await write(Deno.stderr, `bench: ${what} ...\n`);
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof SloctlError)) throw error;
    return { skipped: error.hint === undefined ? error.message : `${error.message}; ${error.hint}` };
  }
}

async function figures(): Promise<Figures> {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-bench-" });
  try {
    return {
      machine: await machine(),
      // The readers first, while V8 has seen no other callback: each has its loop for itself, as in a process of its own.
      drain: await measure("ns per record drained, ours and libbpf's", () => benchDrain(folder)),
      sustained: await measure("events/s sustained with no drop", () => benchSustained(folder)),
      connect_loop: await measure("events/s from a connect loop", benchConnectLoop),
      probe_cost: await measure("kernel ns per event", () => benchProbeCost(folder)),
      statistics: await measure("the statistics of a release gate", benchStatistics, false),
      m5gate: await measure("m5gate on 1.4 million samples", () => benchM5gate(folder), false),
      victims: await measure("slowdown of what is watched", () => benchVictims(folder)),
      agent: await measure("the agent's own cost at known rates", () => benchAgentCost(folder)),
      record_bytes: RECORD_BYTES,
      join: await measure("signals/s joined with spans", benchJoin, false),
      watch: await measure("lag of the event stream", () => benchWatch(folder), false),
      help: await measure("sloctl --help", benchHelp, false),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function refreshPage(text: string, measured: Figures): Promise<void> {
  await Deno.writeTextFile(FIGURES, `${toJson(measured, 2)}\n`);
  await Deno.writeTextFile(PAGE, replaceBlock(await Deno.readTextFile(PAGE), `${text}\n${await readers()}`));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", PAGE, FIGURES] }).output();
}

/** Runs in a process of its own in any case, and shares the machine with nothing else of ours. */
async function loadgenPart(): Promise<LoadgenResult | Skipped> {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-bench-" });
  try {
    return await measure(
      "the load generator, against a server with a log of its own",
      () => benchLoadgen(folder),
      false,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function refreshLoadgen(text: string): Promise<void> {
  await Deno.writeTextFile(LOADGEN_PAGE, replaceBlock(await Deno.readTextFile(LOADGEN_PAGE), text, "loadgen"));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", LOADGEN_PAGE] }).output();
}

/** Measures, prints, and keeps the figures where they are read. */
async function journalPart(json: boolean, keep: boolean): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-bench-" });
  try {
    const on = await machine();
    const result = await measure("the journal, acknowledged spans", () => benchJournal(folder), false);
    const text = "skipped" in result ? `journal: skipped: ${result.skipped}\n` : journalPage(on, result);
    await write(Deno.stdout, json ? `${toJson({ machine: on, journal: result }, 2)}\n` : text);
    if (!keep || "skipped" in result) return;
    await Deno.writeTextFile(JOURNAL_PAGE, replaceBlock(await Deno.readTextFile(JOURNAL_PAGE), text, "journal"));
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", JOURNAL_PAGE] }).output();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** As `journalPart`. */
async function queriesPart(json: boolean, keep: boolean): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-bench-" });
  try {
    const on = await machine();
    const result = await measure("answers of a collector with a million entries", () => benchQueries(folder), false);
    const text = "skipped" in result ? `queries: skipped: ${result.skipped}\n` : queriesPage(on, result);
    await write(Deno.stdout, json ? `${toJson({ machine: on, queries: result }, 2)}\n` : text);
    if (!keep || "skipped" in result) return;
    await Deno.writeTextFile(JOURNAL_PAGE, replaceBlock(await Deno.readTextFile(JOURNAL_PAGE), text, "queries"));
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", JOURNAL_PAGE] }).output();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const unknown = Deno.args.find((arg) => !["--json", "--write", "loadgen", "journal", "queries"].includes(arg));
if (unknown === undefined && Deno.args.includes("journal")) {
  await journalPart(Deno.args.includes("--json"), Deno.args.includes("--write"));
  await queriesPart(Deno.args.includes("--json"), Deno.args.includes("--write"));
} else if (unknown === undefined && Deno.args.includes("queries")) {
  await queriesPart(Deno.args.includes("--json"), Deno.args.includes("--write"));
} else if (unknown === undefined) {
  const [json, keep] = [Deno.args.includes("--json"), Deno.args.includes("--write")];
  const measured = Deno.args.includes("loadgen") ? null : await figures();
  const load = await loadgenPart();
  const loadText = "skipped" in load
    ? `load generator: skipped: ${load.skipped}\n`
    : loadgenPage(await machine(), load);
  const text = measured === null ? null : render(measured);
  const document = { ...measured, loadgen: load };
  await write(
    Deno.stdout,
    json ? `${toJson(document, 2)}\n` : [text, loadText].filter((part) => part !== null).join("\n"),
  );
  if (keep && measured !== null) await refreshPage(text!, measured);
  if (keep && !("skipped" in load)) await refreshLoadgen(loadText);
} else {
  await write(
    Deno.stderr,
    `Cannot use "${unknown}": it is no option here\n  hint: Give loadgen, journal, queries, --json, --write, or nothing\n`,
  );
  Deno.exitCode = 2;
}
