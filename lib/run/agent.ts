/** `sloctl agent`: the kernel of this machine, as a diagnosis, as a stream of events, or only tried out. */
import { EXIT } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { diagnoseMachine } from "./agent_diagnose.ts";
import { writeEvents } from "./agent_events.ts";
import {
  type AgentOptions,
  destination,
  metricsPort,
  placeOf,
  planAgent,
  refuseWhatContradicts,
} from "./agent_options.ts";
import { replayAgent } from "./agent_replay.ts";
import { smokeProbes } from "./agent_smoke.ts";
import { writeSyntheticEvents } from "./agent_synthetic.ts";

export type { AgentOptions };

/**
 * Resolves to the exit code.
 *
 * @throws UsageError for values that make no sense; UnsupportedError where nothing can be attached, or for what is not built
 * yet; IoError when events cannot be written.
 */
export async function runAgent(options: AgentOptions, io: Io): Promise<number> {
  if (options.source === "synthetic") {
    refuseWhatContradicts(options);
    const otlpEvents = options.output === "otlp";
    const eventsTo = destination(options) ?? (otlpEvents ? null : "-");
    const port = metricsPort(options, "events");
    const told = { eventsTo, otlpEvents, metricsPort: port?.asked ? port : null, place: placeOf(options) };
    await writeSyntheticEvents({ ...options, ...told }, io);
    return EXIT.ok;
  }
  const plan = planAgent(options);
  const { input } = options;
  if (options.source === "replay" && input !== undefined) return await replayAgent({ ...options, input }, plan, io);
  if (io.stop.aborted) return EXIT.ok; // looked at before attaching: from here on a signal ends the agent in order
  if (options.probeSmoke) return smokeProbes(plan, options, io);
  if (plan.mode === "events" && options.send.webhook !== undefined) {
    io.err("sloctl: a stream of events makes no incidents: nothing goes to the webhook. Watch with --for D alone\n");
  }
  if (plan.mode === "diagnosis") await diagnoseMachine(options, plan, io);
  else await writeEvents(options, plan, io);
  return EXIT.ok;
}
