/** Text of one flag value -> the typed value its declaration asks for. Pure; every refusal is a UsageError. */
import { UsageError } from "../lib/model/errors.ts";
import type { Flag } from "./command.ts";
import { nearest } from "../lib/model/nearest.ts";

export type FlagValue = string | number | boolean | readonly string[];

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h)/g;

/** Milliseconds in "500ms", "20s", "1m30s", "1h" or "0"; null for anything else. */
export function durationMs(text: string): number | null {
  if (text === "0") return 0;
  if (!DURATION.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(DURATION_PART)) total += Number(amount) * UNIT_MS[unit!]!;
  return total;
}

/** Reads `text` as the value of `flag`. Throws UsageError naming the flag, the text and what would have been accepted. */
export function flagValue(flag: Flag, text: string): FlagValue {
  switch (flag.type) {
    case "boolean":
      if (text === "true") return true;
      if (text === "false") return false;
      throw refuse(flag, text, "it is neither true nor false", "Write --" + flag.name + ", or add =true or =false");
    case "integer": {
      const value = Number(text);
      if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(value)) return value;
      throw refuse(flag, text, "it is not a whole number", "Give a whole number such as 10");
    }
    case "number": {
      const value = Number(text);
      if (text.trim() !== "" && Number.isFinite(value)) return value;
      throw refuse(flag, text, "it is not a number", "Give a number such as 2.5");
    }
    case "duration": {
      const value = durationMs(text);
      if (value !== null) return value;
      throw refuse(flag, text, "it is not a duration", "Give a number with its unit: 500ms, 20s, 5m or 1h");
    }
    case "list":
      if (flag.whole === true) return [text];
      return text.split(",").map((item) => item.trim()).filter((item) => item !== "")
        .map((item) => oneOf(flag, item));
    case "string":
      return oneOf(flag, text);
  }
}

function oneOf(flag: Flag, text: string): string {
  if (flag.values === undefined || flag.values.includes(text)) return text;
  const meant = nearest(text, flag.values);
  const all = `Use one of: ${flag.values.join(", ")}`;
  throw refuse(
    flag,
    text,
    "it is not a value of this flag",
    meant === undefined ? all : `Did you mean ${meant}? ${all}`,
  );
}

function refuse(flag: Flag, text: string, state: string, hint: string): UsageError {
  return new UsageError(`Cannot use "--${flag.name} ${text}": ${state}`, hint);
}
