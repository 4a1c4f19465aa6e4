/** What was attributed in a run, beside what the scenario says was done to it. */
import { NOBODY_NAMED } from "../../correlate/peers.ts";
import { IoError } from "../../model/errors.ts";
import type { Scenario } from "../../model/scenario.ts";
import type { Documents } from "../../source/documents.ts";
import type { AttributedInput, AttributionMode, AttributorOptions } from "../attributor.ts";
import { attributeRecording, attributeTelemetry } from "../attributor_telemetry.ts";
import { SEND_NOTHING } from "../send_options.ts";

const OBJECTIVE_MS = 800;

/** No incident is an answer too; what cannot be attributed at all has none either, and the reason is told. */
export function attributedRun(
  scenario: Scenario,
  documents: Documents,
  mode: AttributionMode,
): { readonly input: AttributedInput; readonly refused: string | null } {
  try {
    const told = attributeTelemetry(documents, optionsOf(mode, scenario.harness.phases.baseline), { err: () => {} });
    return { input: withExpected(told, scenario), refused: null };
  } catch (error) {
    if (!(error instanceof IoError)) throw error;
    const nothing = { cases: [], source: "events_and_spans", mode, refused: 0, synthetic: false, replay: false };
    return { input: withExpected(nothing, scenario), refused: error.message };
  }
}

export async function attributedRecording(
  path: string,
  scenario: Scenario,
  mode: AttributionMode,
  baselineMs: number,
): Promise<AttributedInput> {
  return withExpected(await attributeRecording(path, optionsOf(mode, baselineMs), { err: () => {} }), scenario);
}

function withExpected(told: AttributedInput, { name, expected: { domains } }: Scenario): AttributedInput {
  const expected = { domain: domains[0] ?? "none", all: domains.length > 0 ? domains : ["none"] };
  const cases = told.cases.map((one) => ({ ...one, expected }));
  const none = { incidentId: `none-${name}`, timestamp: "", answer: null, expected };
  return { ...told, cases: cases.length > 0 ? cases : [none] };
}

function optionsOf(mode: AttributionMode, baselineMs: number): AttributorOptions {
  return {
    inputs: [],
    mode,
    out: "-",
    predictionsOut: undefined,
    summaryOut: undefined,
    confusionOut: undefined,
    baselineMs,
    objectiveMs: OBJECTIVE_MS,
    peers: NOBODY_NAMED,
    send: SEND_NOTHING,
  };
}
