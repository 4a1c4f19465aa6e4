/** Flag, then environment, then file, then default: one value for every setting, and where it came from. Pure. */
import { UsageError } from "../model/errors.ts";
import { type Checked, checkText, checkValue } from "./check.ts";
import { environmentName, type Field, FIELDS, type Value } from "./fields.ts";
import type { FileValue } from "./file.ts";

export interface Setting {
  readonly field: Field;
  readonly value: Value;
  readonly origin: "flag" | "environment" | "file" | "default";
  /** `--webhook-url`, `SLOCTL_WEBHOOK_URL`, `toolkit.yaml:7:3`; empty for a default. */
  readonly from: string;
}

export interface Sources {
  /** The value of a flag the caller typed; undefined when it was not typed, or the command has no such flag. */
  readonly flag: (name: string) => Value | undefined;
  readonly env: (name: string) => string | undefined;
  readonly file: ReadonlyMap<string, FileValue>;
  /** The text of a file that holds a secret. `from` says who named it, for messages. */
  readonly secret: (path: string, from: string) => string;
}

/** @throws UsageError for a value from the environment that does not fit; whatever `secret` throws. */
export function resolve(sources: Sources): Setting[] {
  return FIELDS.map((field) =>
    fromFlag(field, sources) ?? fromEnvironment(field, sources) ?? fromFile(field, sources) ??
      byDefault(field, sources)
  );
}

function fromFlag(field: Field, { flag }: Sources): Setting | undefined {
  const value = field.flag === undefined ? undefined : flag(field.flag);
  if (value === undefined) return undefined;
  const from = `--${field.flag}`;
  return { field, value: accepted(checkValue(field, value), from), origin: "flag", from };
}

/** A variable that is set but empty counts as not set. */
function fromEnvironment(field: Field, { env, secret }: Sources): Setting | undefined {
  const from = environmentName(field.path);
  const text = env(from) ?? "";
  if (text !== "") return { field, value: accepted(checkText(field, text), from), origin: "environment", from };
  const fileName = field.secret ? env(`${from}_FILE`) ?? "" : "";
  if (fileName === "") return undefined;
  return { field, value: secret(fileName, `${from}_FILE`), origin: "environment", from: `${from}_FILE` };
}

function fromFile(field: Field, { file, secret }: Sources): Setting | undefined {
  const given = file.get(field.path);
  const named = file.get(`${field.path}_file`);
  if (given !== undefined && named !== undefined) {
    throw new UsageError(
      `Cannot use configuration "${named.place}": ${field.path} is there as well`,
      `Keep one of ${field.path} and ${field.path}_file`,
    );
  }
  if (named !== undefined) {
    return { field, value: secret(String(named.value), named.place), origin: "file", from: named.place };
  }
  return given === undefined ? undefined : { field, value: given.value, origin: "file", from: given.place };
}

function byDefault(field: Field, { env }: Sources): Setting {
  const developing = field.developmentDefault !== undefined && env("SLOCTL_PROFILE") === "development";
  return developing
    ? { field, value: field.developmentDefault!, origin: "default", from: "SLOCTL_PROFILE=development" }
    : { field, value: field.default, origin: "default", from: "" };
}

function accepted(result: Checked, from: string): Value {
  if ("value" in result) return result.value;
  throw new UsageError(`Cannot use "${from}": ${result.refusal.state}`, result.refusal.hint);
}
