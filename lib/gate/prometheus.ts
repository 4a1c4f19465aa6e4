/**
 * What Prometheus answered to an instant query, told apart by what may be concluded from it. Pure.
 *
 * API: GET /api/v1/query. Numbers come as strings, also "NaN", "+Inf" and "-Inf", which `Number` does not all read.
 */

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Of the evaluation, milliseconds of Unix time. */
  readonly atMs: number;
}

/** What may not be concluded from, in the words of a verdict. */
export interface Refusal {
  readonly verdict: "inconclusive" | "not-evaluated";
  readonly reason: string;
  /** Follows "Prometheus": "answered 503 ...". */
  readonly state: string;
  /** There was no answer at all: what --fail-open is about. */
  readonly unreachable?: true;
}

export type Reading = { readonly series: readonly Series[] } | { readonly refusal: Refusal };

/** 400: the query itself is wrong, which is an error of whoever wrote it. */
export interface BadQuery {
  readonly badQuery: string;
}

const LONGEST_QUOTE = 200;

export function readAnswer(status: number, body: string): Reading | BadQuery {
  const document = parse(body);
  const told = typeof document?.error === "string" ? `: ${document.error.slice(0, LONGEST_QUOTE)}` : "";
  if (status === 400) return { badQuery: told.slice(2) || "it said no more than 400" };
  if (status !== 200) return refused("not-evaluated", `http-${status}`, `answered ${status}${told}`);
  if (document?.status !== "success") {
    const what = document === null ? "is not JSON" : `is no success${told}`;
    return refused("not-evaluated", "wrong-answer", `gave an answer that ${what}`);
  }
  if (Array.isArray(document.warnings) && document.warnings.length > 0) {
    const first = String(document.warnings[0]).slice(0, LONGEST_QUOTE);
    return refused("inconclusive", "warnings", `warns that the result may be incomplete: ${first}`);
  }
  const data = object(document.data);
  if (data?.resultType === "matrix") {
    return refused("inconclusive", "matrix", "gave ranges where a moment was asked for");
  }
  const rows = data?.resultType === "scalar" ? [{ value: data.result }] : data?.result;
  if ((data?.resultType !== "vector" && data?.resultType !== "scalar") || !Array.isArray(rows)) {
    return refused(
      "not-evaluated",
      "wrong-answer",
      `gave a result of type ${JSON.stringify(data?.resultType ?? null)}`,
    );
  }
  const series = rows.map(readSeries);
  if (series.includes(null)) return refused("not-evaluated", "wrong-answer", "gave a series that holds no number");
  return { series: series as Series[] };
}

function refused(verdict: Refusal["verdict"], reason: string, state: string): Reading {
  return { refusal: { verdict, reason, state } };
}

function readSeries(row: unknown): Series | null {
  const { metric = {}, value } = object(row) ?? {};
  if (!Array.isArray(value) || value.length !== 2 || typeof value[0] !== "number") return null;
  const labels = object(metric);
  const number = sampleValue(value[1]);
  if (number === null || labels === null) return null;
  return { labels: labels as Record<string, string>, value: number, atMs: value[0] * 1000 };
}

const SPECIAL: Readonly<Record<string, number>> = { NaN: NaN, "+Inf": Infinity, "-Inf": -Infinity, Inf: Infinity };

/** A number as Prometheus writes it; null for anything else, such as "", "0x10" or "12ms". */
export function sampleValue(text: unknown): number | null {
  if (typeof text !== "string") return null;
  if (Object.hasOwn(SPECIAL, text)) return SPECIAL[text]!;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

function parse(body: string): Record<string, unknown> | null {
  try {
    return object(JSON.parse(body));
  } catch {
    return null;
  }
}

function object(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : null;
}
