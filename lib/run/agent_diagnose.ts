/** The diagnosis of this machine: watch for a while, then say what was slow or failing. */
import { blockDeviceName } from "../host/block_devices.ts";
import { TlsLibraries } from "../host/tls_library.ts";
import type { Io } from "../model/io.ts";
import { processKey } from "../model/kernel_event.ts";
import { count, duration } from "../report/format.ts";
import { progressLine } from "../report/progress.ts";
import { attach, type Attached } from "./agent_attach.ts";
import { agentIncidents } from "./agent_incidents.ts";
import { documentContext, documentsOf } from "./agent_documents.ts";
import { AgentDrops } from "./agent_drops.ts";
import { MachineDiagnosis } from "./agent_findings.ts";
import { answerWithoutRecorder, openFlight } from "./agent_flight.ts";
import { kernelHealth } from "./agent_health.ts";
import { NOBODYS_PID, openIdentity } from "./agent_identity.ts";
import type { AgentOptions, AgentPlan } from "./agent_options.ts";
import { Outlets } from "./agent_outlets.ts";
import { readBaseline, report } from "./agent_report.ts";
import { watchUntil } from "./agent_until.ts";
import { guardWords, timedByProgramsWords } from "./guard_words.ts";
import { openSending, refuseLosses } from "./sending.ts";
import { openQuestions, watchFacts } from "./watch_facts.ts";

/** How long a webhook is tried. */
const TELL_MS = 30_000;

export async function diagnoseMachine(options: AgentOptions, plan: AgentPlan, io: Io): Promise<void> {
  const baseline = await readBaseline(options.baseline, io);
  await using sending = await openSending({ ...options.send, otlp: undefined }, io);
  const identity = await openIdentity(options.identity);
  const { identities } = identity;
  const selfPid = identity.view.selfPid ?? NOBODYS_PID;
  const libraries = new TlsLibraries();
  const diagnosis = new MachineDiagnosis({
    selfPid,
    whose: identities,
    deviceName: blockDeviceName,
    onTls: (owner) => libraries.note(processKey(owner), owner.pid),
  });
  const library = (process: string) => libraries.name(process);
  await using flight = openFlight(options, plan, { whose: identities, selfPid, node: identity.node, library }, io);
  using _deaf = flight === undefined ? answerWithoutRecorder(io) : undefined;
  let watching: Attached | null = null;
  await using outlets = await openOutlets({ ...options, node: identity.node }, plan, () => watching, io);
  const documents = documentsOf(documentContext(options, identity.node, () => agent.watch.clocks), plan, identities);
  using agent = attach(
    options,
    plan,
    identity,
    (event) => {
      diagnosis.add(event);
      if (outlets !== null) { for (const document of documents(event)) outlets.told(document); }
    },
    (step) => io.err(`sloctl: ${guardWords(step)}\n`),
    flight,
  );
  flight?.watching(agent);
  watching = agent;
  const { watch } = agent;
  io.err(timedByProgramsWords(watch));
  const start = watch.clocks.anchor;
  await untilDone(options, plan, io, () => watch.events);
  const open = openQuestions(watch);
  await identity.names.refresh(); // containers that began meanwhile
  watch.finish();
  await libraries.search();
  const facts = watchFacts(agent, plan.targets, start, open);
  const { document, moved, events, requests } = diagnosis.finish(facts, {
    clocks: watch.clocks,
    peers: options.peers,
    disabled: plan.disabled,
    tlsLibrary: (owner) => library(processKey(owner)),
  });
  await flight?.end(facts);
  await report(document, baseline, options, io);
  agent[Symbol.dispose](); // nothing is watched while somebody is told
  for (const incident of agentIncidents(moved, events, requests, options, options.objectiveMs)) {
    sending.incident(incident);
  }
  refuseLosses(await sending.close(TELL_MS));
}

/** A port for who asked for one; what is diagnosed is counted there as what is streamed would be. */
function openOutlets(
  options: AgentOptions,
  { metricsPort, disabled }: AgentPlan,
  agent: () => Attached | null,
  io: Io,
): Promise<Outlets | null> {
  if (metricsPort === null) return Promise.resolve(null);
  const health = kernelHealth({ ...options, agent, disabled, drops: new AgentDrops() });
  return Outlets.open({ metricsPort, send: { ...options.send, otlp: undefined }, otlpEvents: false }, health, io);
}

async function untilDone({ forMs }: AgentOptions, { targets }: AgentPlan, io: Io, events: () => number): Promise<void> {
  using line = progressLine(io);
  if (forMs === undefined) line.note("Watching until Ctrl-C; then the diagnosis follows.");
  const whole = forMs === undefined ? "" : ` of ${duration(forMs)}`;
  await watchUntil(io, {
    forMs,
    every: (elapsedMs) =>
      line.update(`watching ${targets}: ${Math.round(elapsedMs / 1000)} s${whole}, ${count(events())} events`),
  });
}
