/** Every kernel event as a ProbeEvent line, as it comes. */
import { openJsonl } from "../export/jsonl.ts";
import { toProbeEvents } from "../export/probe_event.ts";
import { blockDeviceName } from "../host/block_devices.ts";
import type { Io } from "../model/io.ts";
import type { KernelEvent } from "../model/kernel_event.ts";
import { count, duration, plural } from "../report/format.ts";
import { progressLine } from "../report/progress.ts";
import { attach } from "./agent_attach.ts";
import type { AgentOptions, AgentPlan } from "./agent_options.ts";
import { Places } from "./agent_places.ts";
import { watchUntil } from "./agent_until.ts";
import { breakMeaning, breakWords } from "./clock_words.ts";
import type { Watch } from "./watch.ts";

/** @throws IoError when `path` cannot be written; nothing stays attached then. */
export async function writeEvents(options: AgentOptions, plan: AgentPlan, path: string, io: Io): Promise<void> {
  if (options.eventKind === "both") {
    io.err("sloctl: no SLO events will come: they are made from spans, and this agent takes none yet\n");
  }
  using writer = openJsonl(path, io);
  const enough = new AbortController();
  const places = new Places();
  let failure: unknown;
  let told = 0;
  const write = (event: KernelEvent) => {
    if (enough.signal.aborted) return;
    if (event.kind === "steal" && plan.targeted) return; // of a target, or of the machine: not both in one stream
    try {
      const documents = toProbeEvents(event, {
        node: options.node ?? Deno.hostname(),
        namespace: options.namespace,
        pod: options.pod,
        container: options.container,
        toUnixNs: (ns) => agent.watch.clocks.toUnixNs(ns),
        deviceName: blockDeviceName,
        process: () => places.of(event.owner),
        schemaVersion: options.eventSchema,
      });
      for (const document of documents) {
        if ([...plan.disabled].some((signal) => signal === document.signal)) continue;
        writer.write(options.eventKind === "both" ? { kind: "probe", payload: document } : document);
        if (options.count > 0 && writer.lines >= options.count) return enough.abort();
      }
    } catch (error) {
      failure = error;
      enough.abort(); // a full disk or a closed pipe: told when the watch has been taken down
    }
  };
  using agent = attach(options, plan, write);
  for (const { probe, reason, costs } of agent.missing) {
    io.err(`sloctl: without ${probe}: ${reason}; not seen without it: ${costs}\n`);
  }
  using line = progressLine(path === "-" ? { ...quiet(io), progress: false } : io);
  await watchUntil(io, {
    forMs: options.forMs,
    enough: enough.signal,
    every: (elapsedMs) => {
      for (const found of agent.watch.clocks.breaks.slice(told)) {
        io.err(`sloctl: ${breakWords(found)}; ${breakMeaning(found)}\n`);
      }
      told = agent.watch.clocks.breaks.length;
      writer.flush();
      line.update(`${duration(Math.round(elapsedMs / 1000) * 1000)}: ${count(writer.lines)} events -> ${path}`);
    },
  });
  agent.watch.finish();
  line.done();
  if (failure !== undefined) throw failure;
  writer.close();
  io.err(summary(writer.lines, agent.watch) + "\n");
}

/** On a terminal that shows the events themselves a progress line would only be in the way. */
function quiet(io: Io): Pick<Io, "err" | "columns"> {
  return { err: () => {}, columns: io.columns };
}

function summary(lines: number, watch: Watch): string {
  const refused = Object.entries(watch.drops()).filter(([name]) => name.startsWith("decode_"));
  const lost = [...Object.entries(watch.dropsBySignal()), ...refused].map(([name, n]) => `${name} ${n}`);
  const { cpu_pct } = watch.cost();
  const cost = cpu_pct === null ? "" : `; ${cpu_pct.toFixed(1)} % of one CPU`;
  return `sloctl: ${plural(lines, "event")} written, ${
    lost.length === 0 ? "none lost" : `LOST: ${lost.join(", ")}`
  }${cost}`;
}
