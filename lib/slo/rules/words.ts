/** What an alert says: what burns, how fast, when the budget ends, and the one command that shows evidence. Pure. */
import { durationText } from "../duration.ts";
import { decimalText } from "../literal.ts";
import { quoted } from "../promql.ts";
import { type Slo, sloId } from "../slo.ts";
import type { Labels } from "./rule.ts";

const EVIDENCE = "sloctl incidents --since 1h";

/** Text that a template leaves as it is. */
export function verbatim(text: string): string {
  return text.replaceAll("{{", '{{ "{{" }}');
}

function subject(slo: Slo): string {
  return `${slo.service} ${slo.name}`;
}

/** What is promised. */
export function promise(slo: Slo): string {
  const percent = decimalText({ n: slo.objective.n * 100n, d: slo.objective.d });
  const what = slo.description.trim().replace(/\.$/, "") || measured(slo);
  return `${what}: ${percent} % over ${durationText(slo.period.seconds)}`;
}

function measured({ sli }: Slo): string {
  if (sli.kind === "composite") return sli.parts.map(({ slo, weight }) => `${weight.text} ${slo}`).join(" + ");
  return sli.predicate?.text ?? `${sli.source.good} of ${sli.source.total}`;
}

function common(slo: Slo): Labels {
  return { evidence: EVIDENCE, ...(slo.runbook === "" ? {} : { runbook_url: verbatim(slo.runbook) }) };
}

/** The value of the alert is its burn rate. */
export function burnWords(slo: Slo): Labels {
  const period = durationText(slo.period.seconds);
  const left = `printf "slo:error_budget_exhaustion:seconds{sloth_id=%q}" ${quoted(sloId(slo))} | query`;
  return {
    summary: `${subject(slo)} spends its error budget {{ $value | printf "%.1f" }} times too fast`,
    description: `${verbatim(promise(slo))}. ` +
      `{{ with ${left} }}{{ if gt (. | first | value) 0.0 }}At this rate the budget of ${period} ends in ` +
      `{{ . | first | value | humanizeDuration }}.{{ else }}The budget of ${period} is spent.{{ end }}` +
      `{{ else }}How long the budget of ${period} lasts is not known yet.{{ end }} Evidence: ${EVIDENCE}`,
    ...common(slo),
  };
}

/** `burnWords` as Prometheus expands it where nothing of the period is recorded yet. */
export function burnWordsEarly(slo: Slo, burn: number): Labels {
  const { summary: _summary, description: _description, ...rest } = burnWords(slo);
  return {
    summary: `${subject(slo)} spends its error budget ${fixed1(burn)} times too fast`,
    description:
      `${promise(slo)}. How long the budget of ${durationText(slo.period.seconds)} lasts is not known yet. ` +
      `Evidence: ${EVIDENCE}`,
    ...rest,
    ...(slo.runbook === "" ? {} : { runbook_url: slo.runbook }),
  };
}

export function exhaustedWords(slo: Slo): Labels {
  return {
    summary: `${subject(slo)} has no error budget left for these ${durationText(slo.period.seconds)}`,
    description: `${verbatim(promise(slo))}. What fails now breaks the objective. Evidence: ${EVIDENCE}`,
    ...common(slo),
  };
}

export function noDataWords(slo: Slo): Labels {
  return {
    summary: `${subject(slo)} is not measured: its counters are gone`,
    description: `${verbatim(promise(slo))}. No data is not good news: look at the scrape target and its metric names.`,
    ...common(slo),
  };
}

/** As Go's %.1f writes it: a value exactly in the middle goes to the even digit. */
function fixed1(value: number): string {
  const tenths = value * 10;
  const middle = Number.isInteger(tenths * 2) && !Number.isInteger(tenths);
  return middle && Math.floor(tenths) % 2 === 0 ? (Math.floor(tenths) / 10).toFixed(1) : value.toFixed(1);
}
