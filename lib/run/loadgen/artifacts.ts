/** What a load run leaves in its folder. */
import type { Arrival } from "../../load/arrival.ts";
import type { LoopRecord } from "../../load/record_log.ts";
import type { RequestRecord } from "../../model/request_record.ts";
import { whyNotWritten } from "../../host/write_text.ts";
import { IoError } from "../../model/errors.ts";
import { toJson } from "../../model/json.ts";
import { markdown } from "./markdown.ts";
import type { LoadReport, Ran } from "./load_report.ts";
import { judged } from "./report.ts";
import { pictures } from "./svg.ts";

export function scheduleLine({ id, g_ns, n_in, n_out }: Arrival): Record<string, number | null> {
  return { id, g_ns, n_in, n_out };
}

/** Before the run: a folder that cannot be made is better known then. @throws IoError */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    throw notWritable(folder, error);
  }
}

function notWritable(path: string, error: unknown): IoError {
  return new IoError(
    `Cannot write "${path}": ${whyNotWritten(error)}`,
    "Choose a folder you may write to, with room, with --out",
  );
}

/**
 * What is small, and says what came of the run, goes first. A file that does not fit is taken away again: half of one would pass for
 * all of it. @throws IoError when the folder cannot be written
 */
export async function writeLoadArtifacts(folder: string, ran: Ran, report: LoadReport): Promise<void> {
  const records = judged(ran);
  const texts: Readonly<Record<string, string>> = {
    "report.json": `${toJson(report, 2)}\n`,
    "report.md": markdown(report),
    "report.svg": pictures(report, records),
    "summary.csv": csv(report),
  };
  for (const [name, text] of Object.entries(texts)) {
    await whole(`${folder}/${name}`, (path) => Deno.writeTextFile(path, text));
  }
  const rows = <T>(name: string, rows: readonly T[], line: (row: T) => unknown) =>
    whole(`${folder}/${name}`, (path) => writeRows(path, rows, line));
  await rows("schedule.jsonl", ran.planned.plan.arrivals, scheduleLine);
  await rows("requests.jsonl", ran.run.records, withoutText);
  await rows("connections.jsonl", ran.run.driven.connections, (row) => row);
}

async function whole(path: string, write: (path: string) => Promise<void>): Promise<void> {
  try {
    await write(path);
  } catch (error) {
    await Deno.remove(path).catch(() => {});
    throw notWritable(path, error);
  }
}

function withoutText({ text: _, ...record }: LoopRecord): RequestRecord {
  return record;
}

/** Rows put together before they are written; a run may have a million. They hold no numbers that JSON cannot say. */
const CHUNK = 2_000;

async function writeRows<T>(path: string, rows: readonly T[], line: (row: T) => unknown): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  for (let i = 0; i < rows.length; i += CHUNK) {
    const bytes = encoder.encode(rows.slice(i, i + CHUNK).map((row) => `${JSON.stringify(line(row))}\n`).join(""));
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  }
}

function csv(report: LoadReport): string {
  const rows = report.figures.map((f) => `${f.def},${f.stat},${f.value ?? ""},${f.unit},${f.rule},${f.over},${f.n}\n`);
  return `def,stat,value,unit,rule,over,n\n${rows.join("")}`;
}
