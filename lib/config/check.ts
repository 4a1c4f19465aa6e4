/** One value against its declaration: the value, or what is wrong with it and what would be right. Pure. */
import { nearest } from "../model/nearest.ts";
import type { Field, Value } from "./fields.ts";

/** Why a value was refused: its state now, and a hint that starts with a verb. */
export interface Refusal {
  readonly state: string;
  readonly hint: string;
}

export type Checked = { readonly value: Value } | { readonly refusal: Refusal };

const WHAT = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  list: "a list",
} as const;

/** `found` is a value as YAML gives it. */
export function checkValue(field: Field, found: unknown): Checked {
  switch (field.type) {
    case "boolean":
      return typeof found === "boolean" ? { value: found } : wrongType(field, found);
    case "integer":
    case "number":
      return checkNumber(field, found);
    case "string":
      return typeof found === "string" ? checkText(field, found) : wrongType(field, found);
    case "list":
      return checkList(field, found);
  }
}

/** `text` is a value as the environment gives it. */
export function checkText(field: Field, text: string): Checked {
  switch (field.type) {
    case "boolean":
      return text === "true" || text === "false" ? { value: text === "true" } : wrongType(field, text);
    case "integer":
    case "number":
      return checkNumber(field, text.trim() === "" ? text : Number(text), text);
    case "list":
      return checkList(field, text.split(",").map((item) => item.trim()).filter((item) => item !== ""));
    case "string":
      return field.url ? checkUrl(text) : oneOf(field, text);
  }
}

function checkNumber(field: Field, found: unknown, shown: unknown = found): Checked {
  const fits = typeof found === "number" && Number.isFinite(found) &&
    (field.type === "number" || Number.isSafeInteger(found));
  if (!fits) return wrongType(field, shown);
  if (field.min !== undefined && found < field.min) return outside(shown, `at least ${field.min}`);
  if (field.max !== undefined && found > field.max) return outside(shown, `at most ${field.max}`);
  return { value: found };
}

function checkUrl(text: string): Checked {
  const url = text === "" ? null : URL.parse(text);
  const fits = text === "" || (url !== null && /^https?:$/.test(url.protocol));
  if (fits) return { value: text };
  return { refusal: { state: `"${text}" is not a URL over http or https`, hint: "Give one such as http://host:4318" } };
}

function checkList(field: Field, found: unknown): Checked {
  if (!Array.isArray(found) || !found.every((item) => typeof item === "string")) return wrongType(field, found);
  for (const item of found) {
    const checked = oneOf(field, item);
    if ("refusal" in checked) return checked;
  }
  return { value: found };
}

function oneOf(field: Field, text: string): Checked {
  if (field.values === undefined || field.values.includes(text)) return { value: text };
  const meant = nearest(text, field.values);
  const hint = `Use one of: ${field.values.join(", ")}`;
  return {
    refusal: { state: `"${text}" is not a value of it`, hint: meant === undefined ? hint : `Use "${meant}"? ${hint}` },
  };
}

function wrongType(field: Field, found: unknown): Checked {
  const state = `${field.secret ? "the value" : shown(found)} is not ${WHAT[field.type]}`;
  return { refusal: { state, hint: `Give ${WHAT[field.type]}` } };
}

function outside(found: unknown, bound: string): Checked {
  return { refusal: { state: `${found} is out of range`, hint: `Give a number of ${bound}` } };
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  return typeof value === "object" ? (Array.isArray(value) ? "a list" : "a mapping") : JSON.stringify(value);
}
