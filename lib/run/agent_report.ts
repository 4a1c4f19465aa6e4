/** A diagnosis to whom it is for: a person, a script, a file to compare with later. */
import { compareRuns } from "../diagnose/compare.ts";
import { renderDiagnosis } from "../diagnose/render.ts";
import { readInput } from "../host/read_input.ts";
import { writeText } from "../host/write_text.ts";
import type { DiagnosisDocument } from "../model/diagnosis.ts";
import { IoError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { validate } from "../report/validate.ts";

export interface ReportOptions {
  readonly json: boolean;
  /** Where the run is kept; undefined: nowhere. */
  readonly save: string | undefined;
}

/** A run that was saved; null: none was named. @throws IoError when it cannot be read or is no diagnosis. */
export async function readBaseline(path: string | undefined, io: Pick<Io, "stdin">): Promise<DiagnosisDocument | null> {
  if (path === undefined) return null;
  const text = await readInput(path, io.stdin);
  const hint = "Give a file that sloctl agent --for 60s --save FILE has written";
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new IoError(`Cannot compare with "${path}": it is not JSON`, hint);
  }
  const [complaint] = validate("diagnosis/v1", document);
  if (complaint === undefined) return document as DiagnosisDocument;
  throw new IoError(`Cannot compare with "${path}": it is no diagnosis: ${complaint}`, hint);
}

/** @throws IoError when the run cannot be kept; it has been told by then. */
export async function report(
  document: DiagnosisDocument,
  baseline: DiagnosisDocument | null,
  { json, save }: ReportOptions,
  io: Pick<Io, "out" | "color" | "columns">,
): Promise<void> {
  const whole = baseline === null ? document : { ...document, compared: compareRuns(baseline, document) };
  const text = `${toJson(whole, 2)}\n`;
  // What is saved to standard output is what is told there.
  io.out(json || save === "-" ? text : renderDiagnosis(whole, { color: io.color, width: io.columns }));
  if (save !== undefined && save !== "-") await writeText(save, `${toJson(document, 2)}\n`, io);
}
