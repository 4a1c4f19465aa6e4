/** An incident in words: what moved, where the time went, what was seen, how sure that is. */
import { type Label, LABELS } from "../../model/split.ts";
import type { IncidentAttribution } from "../../model/incident_attribution.ts";
import { bars } from "../../report/bars.ts";
import { ms, percent, plural } from "../../report/format.ts";
import { paint } from "../../report/paint.ts";
import { table } from "../../report/table.ts";
import { printable, wrap } from "../../report/text.ts";
import { lasted } from "./incidents.ts";

export interface Page {
  readonly width: number;
  readonly color: boolean;
}

const MOST_TRACES = 5;

const CLOSED: Readonly<Record<string, string>> = {
  recovered: "its objective is as before",
  no_traffic: "nobody asked any more, which is not health",
  persists: "the new level has become the normal one",
  restarted: "the collector started again and no longer knows what it was compared with",
};

export function explainIncident(incident: IncidentAttribution, { width, color }: Page): string {
  const brush = paint(color);
  const { predicted_fault_domain: domain, split } = incident;
  const lines = (text: string) => wrap(printable(text), width).map((line) => `${line}\n`).join("");
  const state = incident.closed_at === undefined
    ? incident.state === "open" ? "still open" : ""
    : `lasted ${lasted(incident)}, closed: ${CLOSED[incident.closed_because ?? ""] ?? "-"}`;
  let text = lines(`${incident.incident_id}`) +
    lines(
      [`${incident.service || "-"}: ${began(incident)}`, state].filter((part) => part !== "").join("; "),
    ) + "\n";
  const cause = `Cause: ${domain}${incident.sub_cause ? ` (${incident.sub_cause})` : ""}, confidence ${
    incident.confidence.toFixed(2)
  } (not calibrated)`;
  text += wrap(printable(cause), width).map((line) => `${brush.bold(line)}\n`).join("");
  if (incident.unknown_reason !== undefined) text += lines(`  ${incident.unknown_reason}`);
  const shares = (incident.fault_hypotheses ?? []).map((one) => `${percent(one.posterior)} ${one.domain}`);
  // What burns has no moment before it: those that broke the objective are compared with those of the same time that kept it.
  const burns = incident.alert !== undefined;
  const compared = incident.requests === undefined
    ? ""
    : `; ${plural(incident.requests.incident, "request")} against ${incident.requests.baseline} ${
      burns ? "that kept it" : "at baseline"
    }`;
  if (incident.excess_ms !== undefined) {
    text += lines(
      `  ${ms(incident.excess_ms)} more per request: ${shares.join(", ") || "of no known kind"}${compared}`,
    );
  }
  if (split !== undefined) {
    const usual = burns ? "of those that kept it" : "at baseline";
    text += `\nWhere the time to first token went (mean; ${usual} in brackets)\n` + bars(
      LABELS.map((label: Label) => ({
        label,
        ms: split.incident[label],
        baselineMs: split.baseline[label],
        highlight: (split.excess[label] ?? 0) > (incident.excess_ms ?? Infinity) / 4,
      })),
      { width, color },
    );
  }
  if (incident.evidence.length > 0) {
    text += "\nEvidence\n" + table(
      [{ title: "signal", min: 12 }, { title: "value", align: "right" }, { title: "seen by" }],
      incident.evidence.map(({ signal, value, source }) => [signal, amount(value), source]),
      { width, color },
    );
  }
  const traces = incident.trace_ids ?? [];
  if (traces.length > 0) {
    text +=
      `\nRequests of it (sloctl explain TRACE)${
        traces.length > MOST_TRACES ? `, ${MOST_TRACES} of ${traces.length}` : ""
      }\n` +
      traces.slice(0, MOST_TRACES).map((id) => `  ${printable(id)}\n`).join("");
  }
  return text;
}

function began({ alert, slo_impact: { sli, burn_rate: rate }, timestamp }: IncidentAttribution): string {
  if (alert === undefined) return `${sli} moved at ${timestamp}`;
  return `the objective ${sli} burns ${
    rate.toFixed(1)
  } times as fast as its budget allows over ${alert.long} (${alert.level} ` +
    `${alert.long}/${alert.short}), told at ${timestamp}`;
}

/** A value in its signal's own unit. */
export function amount(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e6 || size < 0.01) ? value.toExponential(2) : String(Number(value.toPrecision(3)));
}
