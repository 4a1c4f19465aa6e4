/**
 * Every kernel event as a ProbeEvent line, as it comes. The reader of the ring waits for nobody: documents beyond the rate limit, and
 * those that find no room in the queue before the sink, are lost, and counted by reason.
 */
import { LineQueue } from "../export/line_queue.ts";
import { guardEvent } from "../export/guard_event.ts";
import { openLineSink } from "../export/line_sink.ts";
import { toProbeEvents } from "../export/probe_event.ts";
import { serializeProbeEvent } from "../export/probe_event_json.ts";
import { blockDeviceName } from "../host/block_devices.ts";
import { IoError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import type { KernelEvent } from "../model/kernel_event.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import { count, duration, plural } from "../report/format.ts";
import { progressLine } from "../report/progress.ts";
import { TokenBucket } from "../safety/token_bucket.ts";
import { attach } from "./agent_attach.ts";
import { AgentDrops } from "./agent_drops.ts";
import type { AgentOptions, AgentPlan } from "./agent_options.ts";
import { Places } from "./agent_places.ts";
import { watchUntil } from "./agent_until.ts";
import { breakMeaning, breakWords } from "./clock_words.ts";
import { guardWords } from "./guard_words.ts";
import type { Watch } from "./watch.ts";

/** How long lines for a file wait for others; standard output gets them as they come. */
const HOLD_MS = 200;
/** How long a sink may take for what waits at the end. */
const GRACE_MS = 2000;

/** @throws IoError when `path` cannot be written; nothing stays attached then. */
export async function writeEvents(options: AgentOptions, plan: AgentPlan, path: string, io: Io): Promise<void> {
  if (options.eventKind === "both") {
    io.err("sloctl: no SLO events will come: they are made from spans, and this agent takes none yet\n");
  }
  const enough = new AbortController();
  using queue = new LineQueue(openLineSink(path, io), {
    holdMs: path === "-" ? 0 : HOLD_MS,
    onFailure: () => enough.abort(), // a full disk or a closed pipe: told when the watch has been taken down
  });
  const drops = new AgentDrops();
  const { events_per_second_limit, burst_limit } = options.sampling;
  const limit = new TokenBucket(events_per_second_limit, burst_limit, performance.now());
  const places = new Places();
  let told = 0;
  const tell = (document: ProbeEvent) => {
    const line = serializeProbeEvent(document);
    if (!queue.push(options.eventKind === "both" ? `{"kind":"probe","payload":${line}}` : line)) {
      return drops.add(queue.failure === undefined ? "queue_full" : "sink_failed");
    }
    if (options.count > 0 && queue.lines >= options.count) enough.abort();
  };
  const context = {
    node: options.node ?? Deno.hostname(),
    namespace: options.namespace,
    pod: options.pod,
    container: options.container,
    toUnixNs: (ns: number) => agent.watch.clocks.toUnixNs(ns),
    deviceName: blockDeviceName,
    schemaVersion: options.eventSchema,
  };
  const write = (event: KernelEvent) => {
    if (event.kind === "steal" && plan.targeted) return; // of a target, or of the machine: not both in one stream
    for (const document of toProbeEvents(event, { ...context, process: () => places.of(event.owner) })) {
      if (enough.signal.aborted) return;
      if ([...plan.disabled].some((signal) => signal === document.signal)) continue;
      if (limit.take(performance.now())) tell(document);
      else drops.add("rate_limited");
    }
  };
  using agent = attach(options, plan, write, (step) => {
    io.err(`sloctl: ${guardWords(step)}\n`);
    if (!enough.signal.aborted) tell(guardEvent(step, Deno.pid, context));
  });
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
      line.update(`${duration(Math.round(elapsedMs / 1000) * 1000)}: ${count(queue.lines)} events -> ${path}`);
    },
  });
  agent.watch.finish();
  line.done();
  const left = await queue.close(GRACE_MS);
  drops.add(queue.failure === undefined ? "shutdown" : "sink_failed", left);
  io.err(summary(queue.lines - left, agent.watch, drops) + "\n");
  if (queue.failure !== undefined) throw queue.failure;
  if (left > 0) {
    throw new IoError(
      `Cannot write "${path === "-" ? "standard output" : path}": nobody took ${plural(left, "event")} for ${
        duration(GRACE_MS)
      }`,
      "See why its reader stands still",
    );
  }
}

/** On a terminal that shows the events themselves a progress line would only be in the way. */
function quiet(io: Io): Pick<Io, "err" | "columns"> {
  return { err: () => {}, columns: io.columns };
}

function summary(lines: number, watch: Watch, drops: AgentDrops): string {
  const refused = Object.entries(watch.drops()).filter(([name]) => name.startsWith("decode_"));
  const lost = [...Object.entries(watch.dropsBySignal()), ...refused, ...Object.entries(drops.onTheWay)]
    .map(([name, n]) => `${name} ${n}`);
  const { cpu_pct } = watch.cost();
  const cost = cpu_pct === null ? "" : `; ${cpu_pct.toFixed(1)} % of one CPU`;
  return `sloctl: ${plural(lines, "event")} written, ${
    lost.length === 0 ? "none lost" : `LOST: ${lost.join(", ")}`
  }${cost}`;
}
