import type { Io } from "../model/io.ts";
import type { AgentOptions, AgentPlan } from "./agent_options.ts";
import type { Whose } from "./agent_whose.ts";
import { FlightRecorder } from "./flight_recorder.ts";

/** The flight recorder the caller asked for; undefined: none. */
export function openFlight(
  { record, dump, objectiveMs, peers }: AgentOptions,
  { disabled, targets }: AgentPlan,
  known: {
    readonly whose: Whose;
    readonly selfPid: number;
    readonly node: string;
    readonly library?: (process: string) => string | undefined;
  },
  io: Pick<Io, "err">,
): FlightRecorder | undefined {
  if (record === undefined) return undefined;
  const { whose, selfPid, node, library = () => undefined } = known;
  return new FlightRecorder(
    { keepMs: record, dump, objectiveMs, node, peers, disabled, targets, whose, selfPid, library },
    io,
  );
}
