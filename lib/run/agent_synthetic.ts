/** Invented events, for trying what reads them: no kernel, no rights. Every line says `synthetic`. */
import { sleep } from "../host/sleep.ts";
import { UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import { plural } from "../report/format.ts";
import { loadScenario } from "../source/scenario_files.ts";
import { type SyntheticRequest, syntheticRequests } from "../source/synthetic.ts";
import { type Place, probeEventsOf, sloEventsOf, SYNTHETIC_PLACE } from "../source/synthetic_documents.ts";
import { openLines } from "./lines.ts";

export interface SyntheticAgentOptions {
  /** `-` is standard output. */
  readonly eventsTo: string;
  readonly eventKind: string;
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
  using writer = openLines(options.eventsTo, io);
  for (let round = 0; !over(); round++) {
    const startNs = BigInt(Date.now()) * 1_000_000n;
    const seed = scenario.harness.seed + round;
    for (const request of syntheticRequests({ scenario, count: BATCH, seed, startNs })) {
      // As if it had just ended: a stream of events is read as it comes.
      const now = { ...request, atNs: BigInt(Date.now()) * 1_000_000n - BigInt(Math.round(request.ttftMs * 1e6)) };
      for (const line of documents(now, options, place)) {
        if (over()) break;
        writer.write(line);
        if (options.count > 0 && writer.lines >= options.count) return finish(writer.lines, options.eventsTo);
      }
      if (over()) break;
      if (pauseMs > 0) writer.flush();
      await sleep(Math.min(pauseMs, endsAt - performance.now()), io.stop);
    }
    await new Promise((resolve) => setTimeout(resolve, 0)); // signals are heard here when there is no pause
  }
  finish(writer.lines, options.eventsTo);

  function finish(lines: number, path: string): void {
    writer.close();
    if (path !== "-") io.err(`sloctl: ${plural(lines, "synthetic event")} -> ${path}\n`);
  }
}

function documents(request: SyntheticRequest, options: SyntheticAgentOptions, place: Place): unknown[] {
  const old = options.eventSchema === "v1alpha1";
  const both = options.eventKind === "both";
  const wrap = (kind: string, payload: unknown) => ({ kind, payload, synthetic: true });
  const slo = options.eventKind === "probe" ? [] : sloEventsOf(request, place);
  const probe = options.eventKind === "slo" ? [] : probeEventsOf(request, place).map(old ? toOld : (event) => event);
  return [
    ...slo.map((event) => both ? wrap("slo", event) : event),
    ...probe.map((event) => both || old ? wrap("probe", event) : event),
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
