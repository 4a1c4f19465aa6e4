/** What may be written into each key of a policy, and how it is read. Every complaint goes to the place it is about. Pure. */
import { fraction } from "../stats/decimal.ts";
import { nearest } from "../model/nearest.ts";

/** Complains about the value being read. */
export type Refuse = (state: string, hint: string) => Error;
export type Read<T> = (value: unknown, refuse: Refuse) => T;

export const NAME = /^[A-Za-z0-9_.-]+$/;
const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

export const text: Read<string> = (value, refuse) => {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw refuse(`is ${shown(value)}, which is no text`, "Write some");
};

export const name: Read<string> = (value, refuse) => {
  if (typeof value === "string" && NAME.test(value)) return value;
  throw refuse(`is ${shown(value)}, which is no name`, "Use letters, digits, dots, dashes and underscores");
};

export const flag: Read<boolean> = (value, refuse) => {
  if (typeof value === "boolean") return value;
  throw refuse(`is ${shown(value)}, which is neither true nor false`, "Write true or false");
};

export const number: Read<number> = (value, refuse) => {
  if (typeof value === "number" && fraction(value) !== null) return value;
  throw refuse(`is ${shown(value)}, which is no finite number`, "Write a number such as 0.95");
};

export function within(least: number, most: number): Read<number> {
  return (value, refuse) => {
    const found = number(value, refuse);
    if (found >= least && found <= most) return found;
    const range = most === Infinity ? `${least} or more` : `${least} to ${most}`;
    throw refuse(`is ${found}, which is out of range`, `Write a number from ${range}`);
  };
}

/** Strictly between 0 and 1. */
export const level: Read<number> = (value, refuse) => {
  const found = number(value, refuse);
  if (found > 0 && found < 1) return found;
  throw refuse(`is ${found}, which does not lie between 0 and 1`, "Write a share such as 0.95");
};

export function count(least: number): Read<number> {
  return (value, refuse) => {
    const found = within(least, Infinity)(value, refuse);
    if (Number.isSafeInteger(found)) return found;
    throw refuse(`is ${found}, which is no whole number`, "Write a whole number");
  };
}

/** Milliseconds of "30s", "24h": an integer with its unit. */
export const duration: Read<number> = (value, refuse) => {
  const [, amount, unit] = /^([1-9]\d{0,8})(ms|s|m|h|d|w)$/.exec(String(value)) ?? [];
  if (amount !== undefined) return Number(amount) * UNIT_MS[unit!]!;
  throw refuse(`is ${shown(value)}, which is no duration`, "Write a whole number with its unit, such as 30s or 24h");
};

export function one<const T extends string>(...values: readonly T[]): Read<T> {
  return (value, refuse) => {
    const found = values.find((one) => one === value);
    if (found !== undefined) return found;
    const meant = typeof value === "string" ? nearest(value, values) : undefined;
    const all = `Use one of: ${values.join(", ")}`;
    throw refuse(`is ${shown(value)}`, meant === undefined ? all : `Did you mean ${meant}? ${all}`);
  };
}

export function list<T>(read: Read<T>, least = 0): Read<readonly T[]> {
  return (value, refuse) => {
    if (!Array.isArray(value)) throw refuse(`is ${shown(value)}, which is no list`, "Write a list: [a, b]");
    if (value.length < least) throw refuse("is empty", `Write ${least} or more`);
    return value.map((item) => read(item, refuse));
  };
}

/** A mapping with a closed set of keys; each complaint names the key. */
export function map(value: unknown, keys: readonly string[], refuse: Refuse): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refuse(`is ${shown(value)}, which is no mapping`, `Write { ${keys.map((key) => `${key}: ...`).join(", ")} }`);
  }
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown === undefined) return value as Record<string, unknown>;
  const meant = nearest(unknown, keys);
  const all = `It may hold ${keys.join(", ")}`;
  throw refuse(`holds "${unknown}"`, meant === undefined ? all : `Did you mean ${meant}? ${all}`);
}

export function shown(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return String(value);
  return typeof value === "object" ? "a mapping" : JSON.stringify(value) ?? String(value);
}
