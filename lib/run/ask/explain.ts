/** `sloctl explain`: one incident, or one request, with the evidence and what was not used as such. */
import type { IncidentAnswer, RequestAnswer } from "../../model/answers.ts";
import { EXIT } from "../../model/errors.ts";
import type { Io } from "../../model/io.ts";
import { toJson } from "../../model/json.ts";
import { printable, wrap } from "../../report/text.ts";
import { explainIncident } from "./explain_incident.ts";
import { explainRequest } from "./explain_request.ts";
import { openTarget, type TargetOptions } from "./target.ts";

export interface ExplainOptions extends TargetOptions {
  /** A trace id is 32 hex digits; anything else names an incident. */
  readonly what: string;
  readonly json: boolean;
}

const TRACE_ID = /^[0-9a-f]{32}$/i;

/** Resolves to the exit code. @throws UsageError, UnsupportedError, IoError */
export async function explain({ what, json, ...options }: ExplainOptions, io: Io): Promise<number> {
  const target = openTarget(options);
  const page = { width: io.columns, color: io.color };
  let answer: RequestAnswer | IncidentAnswer;
  let text: string;
  if (TRACE_ID.test(what)) {
    const told = await target.ask<RequestAnswer>(`/v1/requests/${what}?explain=1`, "request-answer/v1");
    [answer, text] = [told, explainRequest(told, page)];
  } else {
    const path = `/v1/incidents/${encodeURIComponent(what)}?explain=1`;
    const told = await target.ask<IncidentAnswer>(path, "incident-answer/v1");
    [answer, text] = [told, explainIncident(told.incident, page)];
  }
  io.out(json ? `${toJson(answer)}\n` : text + remarks(answer.warnings ?? [], io.columns));
  return EXIT.ok;
}

function remarks(warnings: readonly string[], width: number): string {
  return warnings.flatMap((warning) => wrap(`Note: ${printable(warning)}`, width)).map((line) => `${line}\n`).join("");
}
