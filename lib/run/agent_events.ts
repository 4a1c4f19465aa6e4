/**
 * Every kernel event as a ProbeEvent, as it comes: a line, a record over OTLP, a count. The reader of the ring waits for nobody:
 * documents beyond the rate limit, and those that find no room in the queue before the sink, are lost, and counted by reason.
 */
import { guardEvent } from "../export/guard_event.ts";
import type { LineBuffer } from "../export/line_buffer.ts";
import { LineQueue } from "../export/line_queue.ts";
import { openLineSink } from "../export/line_sink.ts";
import { readingStatus } from "../export/probe_event.ts";
import { ProbeLines } from "../export/probe_lines.ts";
import { IoError } from "../model/errors.ts";
import type { MissingProbe } from "../model/diagnosis.ts";
import type { Io } from "../model/io.ts";
import type { KernelEvent } from "../model/kernel_event.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import { count, duration, plural } from "../report/format.ts";
import { progressLine } from "../report/progress.ts";
import { TokenBucket } from "../safety/token_bucket.ts";
import { attach, type Attached } from "./agent_attach.ts";
import { documentContext, documentsOf, identityOf, readingsOf } from "./agent_documents.ts";
import { AgentDrops } from "./agent_drops.ts";
import { answerWithoutRecorder, openFlight } from "./agent_flight.ts";
import { kernelHealth } from "./agent_health.ts";
import { NOBODYS_PID, openIdentity } from "./agent_identity.ts";
import { lineWriter } from "./agent_lines.ts";
import { type AgentOptions, type AgentPlan, concerns } from "./agent_options.ts";
import { Outlets, refuseLostEvents } from "./agent_outlets.ts";
import { watchUntil } from "./agent_until.ts";
import { breakMeaning, breakWords } from "./clock_words.ts";
import { guardWords, timedByProgramsWords } from "./guard_words.ts";
import type { Watch } from "./watch.ts";
import { openQuestions, watchFacts } from "./watch_facts.ts";

/** How long lines for a file wait for others; standard output gets them as they come. */
const HOLD_MS = 200;
/** How long a sink may take for what waits at the end. */
const GRACE_MS = 2000;

/** @throws UsageError, IoError when events cannot be written where they should; nothing stays attached then. */
export async function writeEvents(options: AgentOptions, plan: AgentPlan, io: Io): Promise<void> {
  if (options.eventKind === "both") {
    io.err("sloctl: no SLO events will come: they are made from spans, and this agent takes none yet\n");
  }
  const { eventsTo: path, metricsPort } = plan;
  const otlpEvents = options.output === "otlp";
  const identity = await openIdentity(options.identity);
  const drops = new AgentDrops();
  let watching: Attached | null = null;
  const health = kernelHealth({
    ...options,
    node: identity.node,
    agent: () => watching,
    disabled: plan.disabled,
    drops,
  });
  const enough = new AbortController();
  const line = lineWriter(options, io);
  using queue = path === null ? null : new LineQueue(openLineSink(path, io), {
    holdMs: path === "-" ? 0 : HOLD_MS,
    onFailure: () => enough.abort(), // a full disk or a closed pipe: told when the watch has been taken down
  });
  await using outlets = await Outlets.open({ metricsPort, send: options.send, otlpEvents }, health, io);
  const { events_per_second_limit, burst_limit } = options.sampling;
  const limit = new TokenBucket(events_per_second_limit, burst_limit, 0);
  let told = 0;
  const queued = (add: (to: LineBuffer) => void): boolean => {
    if (queue === null || queue.add(add)) return true;
    drops.add(queue.failure === undefined ? "queue_full" : "sink_failed");
    return false;
  };
  const countUp = () => {
    if (options.count > 0 && outlets.events >= options.count) enough.abort();
  };
  const tell = (document: ProbeEvent) => {
    if (!queued((to) => line.add(document, to))) return;
    outlets.told(document);
    countUp();
  };
  const context = documentContext(options, identity.node, () => agent.watch.clocks);
  const documents = documentsOf(context, plan, identity.identities);
  const writeDocuments = (event: KernelEvent) => {
    for (const document of documents(event)) {
      if (enough.signal.aborted) return;
      if (!line.wanted(document)) continue;
      if (limit.take(event.tsNs / 1e6)) tell(document);
      else drops.add("rate_limited");
    }
  };
  const lines = new ProbeLines(context, ...line.around ?? []);
  const [readings, whose] = [readingsOf(context, plan), identityOf(identity.identities)];
  const writeLines = (event: KernelEvent) => {
    for (const reading of readings(event)) {
      if (enough.signal.aborted) return;
      if (!limit.take(event.tsNs / 1e6)) {
        drops.add("rate_limited");
        continue;
      }
      const [{ owner }, place] = [event, whose(event)];
      if (!queued((to) => lines.add(reading, owner, place, to))) continue;
      const { signal, value, histogram } = reading;
      const pod = context.pod || (place?.pod ?? "");
      outlets.count({ signal, value, histogram, status: readingStatus(reading), pod, process: owner });
      countUp();
    }
  };
  // Nobody but the sink reads the events: no document is made of them.
  const write = line.around === null || queue === null || otlpEvents ? writeDocuments : writeLines;
  const selfPid = identity.view.selfPid ?? NOBODYS_PID;
  await using flight = openFlight(options, plan, { whose: identity.identities, selfPid, node: identity.node }, io);
  using _deaf = flight === undefined ? answerWithoutRecorder(io) : undefined;
  using agent = attach(options, plan, identity, write, (step) => {
    io.err(`sloctl: ${guardWords(step)}\n`);
    if (!enough.signal.aborted && options.follow.length === 0) {
      tell(guardEvent(step, identity.view.selfPid ?? Deno.pid, context));
    }
  }, flight);
  flight?.watching(agent);
  watching = agent;
  const start = agent.watch.clocks.anchor;
  io.err(timedByProgramsWords(agent.watch));
  for (const { what, reason } of agent.notes) io.err(`sloctl: ${what}: ${reason}\n`);
  const unnamed = identity.missing();
  for (const missing of agent.missing) {
    if (options.follow.length === 0 || concerns(plan, missing)) io.err(missingLine(missing));
  }
  if (line.header !== "") queue?.push(line.header);
  using progress = progressLine(path === "-" ? { ...quiet(io), progress: false } : io);
  await watchUntil(io, {
    forMs: options.forMs,
    enough: enough.signal,
    every: (elapsedMs) => {
      for (const found of agent.watch.clocks.breaks.slice(told)) {
        io.err(`sloctl: ${breakWords(found)}; ${breakMeaning(found)}\n`);
      }
      told = agent.watch.clocks.breaks.length;
      const passed = duration(Math.round(elapsedMs / 1000) * 1000);
      progress.update(`${passed}: ${count(outlets.events)} events -> ${path ?? "OTLP"}`);
    },
  });
  const open = openQuestions(agent.watch);
  agent.watch.finish();
  await flight?.end(watchFacts(agent, plan.targets, start, open));
  progress.done();
  const left = await queue?.close(GRACE_MS) ?? 0;
  drops.add(queue?.failure === undefined ? "shutdown" : "sink_failed", left);
  const end = await outlets.close(io);
  io.err(summary(outlets.events - left, agent.watch, drops) + "\n");
  for (const row of identity.missing()) {
    if (!unnamed.some(({ reason }) => reason === row.reason)) io.err(missingLine(row));
  }
  if (queue?.failure !== undefined) throw queue.failure;
  if (options.forMs !== undefined || enough.signal.aborted) refuseLostEvents(end);
  if (left > 0) {
    throw new IoError(
      `Cannot write "${path === "-" ? "standard output" : path}": nobody took ${plural(left, "event")} for ${
        duration(GRACE_MS)
      }`,
      "See why its reader stands still",
    );
  }
}

function missingLine({ probe, reason, costs }: MissingProbe): string {
  return `sloctl: without ${probe}: ${reason}; not seen without it: ${costs}\n`;
}

/** On a terminal that shows the events themselves a progress line would only be in the way. */
function quiet(io: Io): Pick<Io, "err" | "columns"> {
  return { err: () => {}, columns: io.columns };
}

function summary(events: number, watch: Watch, drops: AgentDrops): string {
  const refused = Object.entries(watch.drops()).filter(([name]) => name.startsWith("decode_"));
  const lost = [...Object.entries(watch.dropsBySignal()), ...refused, ...Object.entries(drops.onTheWay)]
    .map(([name, n]) => `${name} ${n}`);
  const { cpu_pct } = watch.cost();
  const cost = cpu_pct === null ? "" : `; ${cpu_pct.toFixed(1)} % of one CPU`;
  return `sloctl: ${plural(events, "event")} written, ${
    lost.length === 0 ? "none lost" : `LOST: ${lost.join(", ")}`
  }${cost}`;
}
