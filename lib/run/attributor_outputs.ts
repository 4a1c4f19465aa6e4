/** What the attributor leaves: incidents, predictions, a summary that can be recomputed from them, a confusion matrix. */
import { classMetricsCsv, confusionCsv, scoreAttribution, type Scored } from "../evaluate/attribution_score.ts";
import { writeText } from "../host/write_text.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { plural } from "../report/format.ts";
import type { Attributed, AttributedInput, AttributorOptions } from "./attributor.ts";
import { openLines } from "./lines.ts";

const SUMMARY_SCHEMA = "attribution_summary/v1";

/** Opens every file before the first is written. @throws IoError */
export async function writeAttributions(input: AttributedInput, options: AttributorOptions, io: Io): Promise<void> {
  const answers = input.cases.flatMap(({ answer }) => answer ?? []);
  {
    using writer = openLines(options.out, io);
    for (const answer of answers) {
      io.stop.throwIfAborted();
      writer.write(answer);
    }
    writer.close();
  }
  if (options.predictionsOut !== undefined) await writeText(options.predictionsOut, predictionsCsv(input.cases), io);
  if (options.summaryOut !== undefined) await writeText(options.summaryOut, `${toJson(summary(input), 2)}\n`, io);
  if (options.confusionOut !== undefined) {
    await writeText(options.confusionOut, confusionCsv(scoreAttribution(scored(input.cases))), io);
  }
  io.err(`sloctl: ${words(input, answers.length)}\n`);
}

export { classMetricsCsv };

export function scored(cases: readonly Attributed[]): Scored[] {
  return cases.flatMap(({ answer, expected }) =>
    expected === null
      ? []
      : [{ predicted: answer?.predicted_fault_domain ?? "none", expected: expected.domain, expectedAll: expected.all }]
  );
}

/** Every number follows from the predictions. */
export function summary(input: AttributedInput): Record<string, unknown> {
  const { cases, source, mode, refused, synthetic, replay } = input;
  const { matrix: _matrix, labels: _labels, classes, n, ...score } = scoreAttribution(scored(cases));
  return {
    schema: SUMMARY_SCHEMA,
    source,
    attribution_mode: mode,
    cases: cases.length,
    incidents: cases.filter(({ answer }) => answer !== null).length,
    scored: n,
    ...score,
    classes,
    refused_lines: refused,
    ...(synthetic ? { synthetic: true } : {}),
    ...(replay ? { replay: true } : {}),
  };
}

export function predictionsCsv(cases: readonly Attributed[]): string {
  const head = [
    "incident_id",
    "timestamp",
    "predicted_fault_domain",
    "confidence",
    "expected_domain",
    "expected_domains",
  ];
  const rows = cases.map(({ incidentId, timestamp, answer, expected }) => [
    incidentId,
    timestamp,
    answer?.predicted_fault_domain ?? "none",
    String(answer?.confidence ?? ""),
    expected?.domain ?? "",
    expected?.all.join(" ") ?? "",
  ]);
  return [head, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
}

function cell(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function words(input: AttributedInput, incidents: number): string {
  const { accuracy_any, n } = scoreAttribution(scored(input.cases));
  const made = input.synthetic ? " (synthetic: it proves nothing about real faults)" : "";
  const told = `${plural(incidents, "incident")} by ${input.mode}`;
  if (accuracy_any === null) return told;
  return `${told}; ${(accuracy_any * 100).toFixed(1)} % of ${n} name what was at work${made}`;
}
