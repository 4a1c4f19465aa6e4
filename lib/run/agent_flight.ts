import type { Io } from "../model/io.ts";
import type { AgentOptions, AgentPlan } from "./agent_options.ts";
import type { Whose } from "./agent_whose.ts";
import { FlightRecorder } from "./flight_recorder.ts";

/** Without a recorder SIGUSR2 would end the agent: it is answered in words instead. */
export function answerWithoutRecorder(io: Pick<Io, "err">): Disposable {
  const answer = () => io.err("sloctl: SIGUSR2: nothing was recorded; start with --record MINUTES\n");
  Deno.addSignalListener("SIGUSR2", answer);
  return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGUSR2", answer) };
}

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
