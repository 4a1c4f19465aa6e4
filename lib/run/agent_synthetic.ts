/** Invented events, for trying what reads them: no kernel, no rights. Every line says `synthetic`. */
import { sleep } from "../host/sleep.ts";
import { followed as followedSignals } from "../follow/kinds.ts";
import { UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import type { SignalName } from "../model/signals.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import { plural } from "../report/format.ts";
import { loadScenario } from "../source/scenario_files.ts";
import { type SyntheticRequest, syntheticRequests } from "../source/synthetic.ts";
import { type Place, probeEventsOf, sloEventsOf, SYNTHETIC_PLACE } from "../source/synthetic_documents.ts";
import { lineWriter } from "./agent_lines.ts";
import { syntheticHealth } from "./agent_health.ts";
import { Outlets, refuseLostEvents } from "./agent_outlets.ts";
import type { MetricsPort } from "./agent_serve.ts";
import { openLines } from "./lines.ts";
import type { SendOptions } from "./send_options.ts";

export interface SyntheticAgentOptions {
  /** `-` is standard output; null: nowhere. */
  readonly eventsTo: string | null;
  /** Every event goes there too, not the heartbeat alone. */
  readonly otlpEvents: boolean;
  readonly send: SendOptions;
  /** null: no port is opened. */
  readonly metricsPort: MetricsPort | null;
  readonly eventKind: string;
  /** As a live agent has them; followed events are rows, and SLO events none of them. */
  readonly follow: readonly string[];
  readonly fields: readonly string[];
  readonly filter: string | undefined;
  readonly json: boolean;
  readonly eventSchema: "v1alpha1" | "v1alpha2";
  /** Lines; 0: no limit. */
  readonly count: number;
  /** Milliseconds; undefined: until `count`, or SIGINT. */
  readonly forMs: number | undefined;
  readonly scenario: string | undefined;
  /** Pause between requests in milliseconds; undefined: none with a count, else 200. */
  readonly intervalMs: number | undefined;
  readonly place: Partial<Place>;
}

const BATCH = 256;
const USUAL_PAUSE_MS = 200;

/** @throws UsageError for an unknown scenario; IoError when a line cannot be written. */
export async function writeSyntheticEvents(options: SyntheticAgentOptions, io: Io): Promise<void> {
  if (options.eventKind !== "slo" && options.eventSchema === "v1alpha1") {
    io.err("sloctl: v1alpha1 has no place for a mark: lines are wrapped as {kind, payload, synthetic}\n");
  }
  if (options.count < 0) {
    throw new UsageError(`Cannot stop after "${options.count}" events: it is negative`, "Give a number; 0 is no limit");
  }
  const scenario = loadScenario(options.scenario ?? "mixed");
  const place: Place = { ...SYNTHETIC_PLACE, ...options.place };
  const endsAt = options.forMs === undefined ? Infinity : performance.now() + options.forMs;
  const pauseMs = options.intervalMs ?? (options.count > 0 ? 0 : USUAL_PAUSE_MS);
  const over = () => io.stop.aborted || performance.now() >= endsAt;
  if (options.otlpEvents && options.eventSchema === "v1alpha1") {
    throw new UsageError("Cannot send invented v1alpha1 events over OTLP: nothing would mark them", "Use v1alpha2");
  }
  if (options.otlpEvents && options.eventKind !== "probe") {
    throw new UsageError(
      `Cannot send "${options.eventKind}" events over OTLP: probe events alone have a form there`,
      "Use --event-kind probe, or --output jsonl",
    );
  }
  let at: number | null = null;
  const { node } = place;
  const health = syntheticHealth({ node, eventKind: options.eventKind, heartbeat: () => at });
  await using outlets = await Outlets.open(options, health, io);
  const form = lineWriter(options, io);
  using writer = options.eventsTo === null ? null : openLines(options.eventsTo, io);
  if (form.header !== "") writer?.writeLine(form.header);
  let lines = 0;
  for (let round = 0; !over(); round++) {
    const startNs = BigInt(Date.now()) * 1_000_000n;
    const seed = scenario.harness.seed + round;
    for (const request of syntheticRequests({ scenario, count: BATCH, seed, startNs })) {
      // As if it had just ended: a stream of events is read as it comes.
      const now = { ...request, atNs: BigInt(Date.now()) * 1_000_000n - BigInt(Math.round(request.ttftMs * 1e6)) };
      at = Date.now() / 1000;
      for (const { line, probe } of documents(now, options, place)) {
        if (over()) break;
        if (probe !== null && !form.wanted(probe)) continue;
        if (probe === null || options.follow.length === 0) writer?.write(line);
        else writer?.writeLine(form.of(probe));
        if (probe !== null) outlets.told(probe);
        if (++lines === options.count) return await finish();
      }
      if (over()) break;
      if (pauseMs > 0) writer?.flush();
      await sleep(Math.min(pauseMs, endsAt - performance.now()), io.stop);
    }
    await new Promise((resolve) => setTimeout(resolve, 0)); // signals are heard here when there is no pause
  }
  await finish();

  async function finish(): Promise<void> {
    writer?.close();
    const end = await outlets.close(io);
    if (!io.stop.aborted) refuseLostEvents(end);
    const { eventsTo } = options;
    if (eventsTo !== null && eventsTo !== "-") io.err(`sloctl: ${plural(lines, "synthetic event")} -> ${eventsTo}\n`);
  }
}

interface Told {
  readonly line: unknown;
  /** null: an SLO event. */
  readonly probe: ProbeEvent | null;
}

function documents(request: SyntheticRequest, options: SyntheticAgentOptions, place: Place): Told[] {
  const old = options.eventSchema === "v1alpha1";
  const both = options.eventKind === "both";
  const wrap = (kind: string, payload: unknown) => ({ kind, payload, synthetic: true });
  const slo = options.eventKind === "probe" || options.follow.length > 0 ? [] : sloEventsOf(request, place);
  const followed = options.follow.length === 0 ? null : followedSignals(options.follow);
  const probe = options.eventKind === "slo" ? [] : probeEventsOf(request, place).map(old ? toOld : (event) => event)
    .filter(({ signal }) => followed === null || followed.has(signal as SignalName));
  return [
    ...slo.map((event) => ({ line: both ? wrap("slo", event) : event, probe: null })),
    ...probe.map((event) => ({ line: both || old ? wrap("probe", event) : event, probe: event })),
  ];
}

/** The keys of v1alpha1 alone. */
function toOld(event: ProbeEvent): ProbeEvent {
  const { schema: _schema, process: _process, attributes: _attributes, ...rest } = event as ProbeEvent & {
    schema?: string;
    process?: unknown;
    attributes?: unknown;
  };
  return rest as ProbeEvent;
}
