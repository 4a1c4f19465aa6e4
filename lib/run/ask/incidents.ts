/** `sloctl incidents`: what happened, newest first. */
import type { IncidentsAnswer } from "../../model/answers.ts";
import { EXIT } from "../../model/errors.ts";
import type { IncidentAttribution } from "../../model/incident_attribution.ts";
import type { Io } from "../../model/io.ts";
import { toJson } from "../../model/json.ts";
import { duration, ms, percent, plural } from "../../report/format.ts";
import { table } from "../../report/table.ts";
import { openTarget, type TargetOptions } from "./target.ts";

export interface IncidentsOptions extends TargetOptions {
  /** Passed on as it is; undefined: all that are held. */
  readonly since: string | undefined;
  readonly service: string | undefined;
  readonly state: string | undefined;
  readonly limit: number;
  readonly json: boolean;
}

const PAGE = 1000;

/** Resolves to the exit code. @throws UsageError, UnsupportedError, IoError */
export async function incidents(options: IncidentsOptions, io: Io): Promise<number> {
  const target = openTarget(options);
  const found: IncidentAttribution[] = [];
  let next: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(Math.min(PAGE, options.limit - found.length)) });
    for (const name of ["since", "service", "state"] as const) {
      if (options[name] !== undefined) query.set(name, options[name]);
    }
    if (next !== null) query.set("cursor", next);
    const page: IncidentsAnswer = await target.ask(`/v1/incidents?${query}`, "incidents-answer/v1");
    found.push(...page.incidents);
    next = page.next;
  } while (next !== null && found.length < options.limit);
  if (options.json) {
    io.out(`${toJson({ schema: "incidents-answer/v1", incidents: found, next })}\n`);
    return EXIT.ok;
  }
  if (found.length === 0) {
    io.out(`No incidents${options.since === undefined ? " are held" : ` since ${options.since}`}.\n`);
    return EXIT.ok;
  }
  io.out(incidentsTable(found, { width: io.columns, color: io.color }));
  if (next !== null) io.err(`sloctl: there are more than ${plural(options.limit, "incident")}; raise --limit\n`);
  return EXIT.ok;
}

/** One row an incident, its id and what stands out below it. */
export function incidentsTable(
  list: readonly IncidentAttribution[],
  { width, color }: { readonly width: number; readonly color: boolean },
): string {
  return table(
    [
      { title: "opened" },
      { title: "lasted", align: "right" },
      { title: "service", min: 8 },
      { title: "moved" },
      {
        title: "cause",
        paint: (text, brush) => text.trim() === "unknown" ? brush.yellow(text) : brush.red(text),
      },
      { title: "conf.", align: "right" },
      { title: "excess", align: "right" },
    ],
    list.map((incident) => [
      incident.timestamp.replace("T", " ").replace(/\.\d+|Z$/g, "").slice(0, 19),
      lasted(incident),
      incident.service || "-",
      incident.slo_impact.sli,
      incident.predicted_fault_domain,
      incident.confidence.toFixed(2),
      ms(incident.excess_ms),
    ]),
    { width, color, note: (row) => note(list[row]!) },
  );
}

/** `open`, or how long it took. */
export function lasted({ state, timestamp, closed_at }: IncidentAttribution): string {
  if (closed_at === undefined) return state === "open" ? "open" : "-";
  return duration(Date.parse(closed_at) - Date.parse(timestamp));
}

function note(incident: IncidentAttribution): string {
  const [first] = incident.fault_hypotheses ?? [];
  const said = incident.unknown_reason ??
    (first === undefined ? "" : `${percent(first.posterior)} of the excess is ${first.domain}`);
  const marks = [
    incident.synthetic === true ? "synthetic" : "",
    incident.replay === true ? "replay" : "",
    incident.estimated === true ? "estimated from sockets" : "",
  ].filter((mark) => mark !== "");
  return [incident.incident_id, said, ...marks].filter((text) => text !== "").join("; ");
}
