/** `sloctl slo rules`: Prometheus rules of an SLO file, and the unit tests that prove them. */
import { readInput } from "../host/read_input.ts";
import { writeText } from "../host/write_text.ts";
import { EXIT, IoError, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { plural } from "../report/format.ts";
import { generateRules } from "../slo/rules/generate.ts";
import { parseSloFile } from "../slo/slo_file.ts";
import type { SloFile } from "../slo/slo.ts";
import type { CompileOptions } from "../slo/source.ts";

export interface SloRulesOptions extends CompileOptions {
  /** `-` is standard input. */
  readonly slo: string | undefined;
  /** A folder; it is made when it is not there. */
  readonly out: string | undefined;
  readonly json: boolean;
}

const MOST_BYTES = 1024 * 1024;

/** @throws UsageError for a file that is wrong, naming line, column and field; IoError */
export async function readSloFile(path: string | undefined, io: Pick<Io, "stdin">): Promise<SloFile> {
  if (path === undefined) {
    throw new UsageError("Cannot begin: no SLO file is named", "Give --slo FILE, such as fixtures/slo/gateway.yaml");
  }
  const text = await readInput(path, io.stdin, MOST_BYTES);
  return parseSloFile(text, path === "-" ? "standard input" : path);
}

/** Resolves to 0 when both files are written. @throws UsageError, IoError */
export async function sloRules(options: SloRulesOptions, io: Io): Promise<number> {
  const file = await readSloFile(options.slo, io);
  const { out } = options;
  if (out === undefined) throw new UsageError("Cannot write rules: no folder is named", "Give --out DIR");
  const generated = generateRules(file, options);
  const paths = { rules: `${out}/rules.yaml`, tests: `${out}/rules_test.yaml` };
  try {
    await Deno.mkdir(out, { recursive: true });
  } catch (error) {
    throw new IoError(`Cannot make folder "${out}": ${(error as Error).message}`, "Choose a path you may write to");
  }
  await writeText(paths.rules, generated.rules, io);
  await writeText(paths.tests, generated.tests, io);
  if (options.json) {
    const slos = generated.slos.map(({ slo, rules, notes }) => ({ slo: slo.name, rules, notes }));
    io.out(`${toJson({ schema: "slo-rules-report/v1", service: file.service, ...paths, slos }, 2)}\n`);
    return EXIT.ok;
  }
  const rules = generated.slos.reduce((sum, { rules }) => sum + rules, 0);
  io.out(`${paths.rules}: ${plural(rules, "rule")} for ${plural(file.slos.length, "SLO")} of ${file.service}\n`);
  io.out(`${paths.tests}: promtool test rules ${paths.tests}\n`);
  for (const { slo, notes } of generated.slos) {
    for (const note of notes) io.err(`sloctl: ${slo.name}: ${note}\n`);
  }
  return EXIT.ok;
}
