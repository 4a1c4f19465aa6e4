/** `sloctl schema`: documents in a file, judged by our schemas; and the schemas themselves. */
import { parseYaml } from "../config/yaml.ts";
import { readInput } from "../host/read_input.ts";
import { EXIT, IoError, UnsupportedError, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { nearest } from "../model/nearest.ts";
import { type SchemaName, SCHEMAS } from "../model/schema/mod.ts";
import { plural } from "../report/format.ts";
import { table } from "../report/table.ts";
import { printable } from "../report/text.ts";
import { validate } from "../report/validate.ts";
import { parseSloFile } from "../slo/slo_file.ts";
import { detectSchema, wrapped } from "./schema_detect.ts";

/** Complaints shown to a person; a script gets up to MOST_KEPT. All are counted. */
const MOST_SHOWN = 20;
const MOST_KEPT = 1000;

interface Complaint {
  /** First line of the document, counted from 1. */
  readonly line: number;
  readonly schema: SchemaName | null;
  /** Field and what is wrong with it. */
  readonly message: string;
}

export interface ValidateOptions {
  /** `-` is standard input. */
  readonly file: string;
  /** Undefined: each document's own. */
  readonly schema: string | undefined;
  readonly json: boolean;
}

/**
 * Resolves to 0 when every document is valid, 1 when one is not.
 *
 * @throws UsageError for an unknown --schema; UnsupportedError for a document of a schema this version does not know; IoError
 * when there is nothing to read.
 */
export async function validateFile({ file, schema, json }: ValidateOptions, io: Io): Promise<number> {
  const forced = schema === undefined ? undefined : schemaName(schema);
  const text = await readInput(file, io.stdin);
  if (text.trim() === "") {
    throw new IoError(`Cannot validate "${shown(file)}": it is empty`, "Give a file with documents");
  }
  const judge = new Judge(shown(file), forced);
  if (/\.ya?ml$/.test(file)) judge.yaml(text);
  else judge.json(text);
  io.out(json ? `${toJson(judge.document(), 2)}\n` : judge.text());
  return judge.invalid === 0 ? EXIT.ok : EXIT.gateSaidNo;
}

class Judge {
  invalid = 0;
  #documents = 0;
  #complained = 0;
  readonly #complaints: Complaint[] = [];
  readonly #counts = new Map<string, number>();

  constructor(private readonly file: string, private readonly forced: SchemaName | undefined) {}

  /** One document, or one a line. */
  json(text: string): void {
    const lines = text.split("\n");
    const first = lines.findIndex((line) => line.trim() !== "");
    const many = isJson(lines[first]!) && lines.slice(first + 1).some((line) => line.trim() !== "");
    if (!many) return this.#parse(text, first + 1);
    lines.forEach((line, i) => line.trim() === "" || this.#parse(line, i + 1));
  }

  yaml(text: string): void {
    this.#documents++;
    const name = this.forced ?? (/^slos\s*:/m.test(text) ? "slo/v1" : "scenario/v1");
    try {
      // Of an SLO file a schema says the lesser part.
      if (name === "slo/v1") parseSloFile(text, this.file);
      else parseYaml(text, this.file, name);
      this.#count(name);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      const [, line = "1", message] = /: line (\d+), (column .*)$/.exec(error.message) ?? [, , error.message];
      this.#complain(Number(line), name, [message!]);
    }
  }

  #parse(text: string, line: number): void {
    this.#documents++;
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch (error) {
      return this.#complain(line, null, [`not JSON: ${(error as Error).message}`]);
    }
    this.#judge(document, line);
    const inner = wrapped(document ?? {});
    if (this.forced === undefined && inner !== undefined) this.#judge(inner, line, "/payload");
  }

  #judge(document: unknown, line: number, prefix = ""): void {
    const detected = this.forced === undefined ? detectSchema(document) : { known: this.forced };
    if (detected === null) return this.#complain(line, null, [`${prefix || "/"} is like none of our documents`]);
    if ("unknown" in detected) throw unknownVersion(detected.unknown, `${this.file}:${line}`);
    const complaints = validate(detected.known, document).map((complaint) => prefix + complaint);
    if (complaints.length === 0) this.#count(detected.known);
    else this.#complain(line, detected.known, complaints);
  }

  #count(name: SchemaName): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  #complain(line: number, schema: SchemaName | null, messages: readonly string[]): void {
    this.invalid++;
    this.#complained += messages.length;
    const room = MOST_KEPT - this.#complaints.length;
    this.#complaints.push(...messages.slice(0, room).map((message) => ({ line, schema, message })));
  }

  document(): unknown {
    return {
      file: this.file,
      valid: this.invalid === 0,
      documents: this.#documents,
      invalid: this.invalid,
      valid_by_schema: Object.fromEntries(this.#counts),
      complaints: this.#complaints,
      complaints_left_out: this.#complained - this.#complaints.length,
    };
  }

  text(): string {
    const lines = this.#complaints.slice(0, MOST_SHOWN).map(({ line, schema, message }) =>
      `${this.file}:${line}: ${printable(message)}${schema === null ? "" : ` (${schema})`}`
    );
    const more = this.#complained - lines.length;
    if (more > 0) lines.push(`... and ${plural(more, "complaint")} more`);
    const kinds = [...this.#counts].map(([name, count]) => `${name} ${count}`).join(", ");
    const sum = plural(this.#documents, "document");
    lines.push(
      this.invalid === 0
        ? `${this.file}: ${sum}, valid (${kinds})`
        : `${this.file}: ${sum}, ${this.invalid} not valid${kinds === "" ? "" : `; valid: ${kinds}`}`,
    );
    return `${lines.join("\n")}\n`;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A name as we know it, however the caller spelled it. @throws UsageError */
export function schemaName(text: string): SchemaName {
  const names = Object.keys(SCHEMAS) as SchemaName[];
  const wanted = text.replaceAll("_", "-");
  const found = names.find((name) => name === wanted);
  if (found !== undefined) return found;
  const meant = nearest(wanted, names);
  throw new UsageError(
    `Cannot use schema "${text}": there is none of that name`,
    meant === undefined ? `Use one of: ${names.join(", ")}` : `Use "${meant}" if that is what you meant`,
  );
}

function unknownVersion(name: string, place: string): UnsupportedError {
  const stem = name.replaceAll("_", "-").split("/")[0];
  const siblings = Object.keys(SCHEMAS).filter((known) => known.split("/")[0] === stem);
  return new UnsupportedError(
    `Cannot validate "${place}": its schema is "${name}", which this version does not know`,
    siblings.length === 0
      ? "See which there are: sloctl schema list"
      : `Known here: ${siblings.join(", ")}; update sloctl`,
  );
}

function shown(file: string): string {
  return file === "-" ? "standard input" : file;
}

/** Every schema and what it is about. */
export function listSchemas(json: boolean, io: Io): number {
  const rows = Object.entries(SCHEMAS).map(([name, schema]) => ({
    name,
    id: schema.$id,
    description: schema.description,
  }));
  if (json) io.out(`${toJson(rows, 2)}\n`);
  else {
    const columns = [{ title: "schema" }, { title: "what it is", min: 30 }];
    io.out(table(columns, rows.map((row) => [row.name, row.description]), { color: io.color, width: io.columns }));
  }
  return EXIT.ok;
}

/** @throws UsageError for a name that is not there. */
export function printSchema(name: string, io: Io): number {
  io.out(`${toJson(SCHEMAS[schemaName(name)], 2)}\n`);
  return EXIT.ok;
}
