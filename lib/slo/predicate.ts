/**
 * When is a request good? A conjunction of limits: `status == ok and ttft_ms <= 800ms`. Equality is good. Pure.
 */
import { nearest } from "../model/nearest.ts";
import { fraction } from "../stats/decimal.ts";
import { decimal, decimalText, times } from "./literal.ts";
import type { Decimal } from "./slo.ts";
import { type TermKind, TERMS } from "./terms.ts";

export interface Term {
  readonly kind: TermKind;
  /** In the kind's unit; `value` is the double nearest to it. */
  readonly limit: Decimal & { readonly value: number };
}

export interface Predicate {
  readonly text: string;
  /** The request must have ended well. */
  readonly statusOk: boolean;
  readonly terms: readonly Term[];
}

/** `na`: it has nothing to do with this request; a kind that is not there was not measured. */
export interface Measured {
  /** Null: how it ended is not known, and a predicate's status does not apply. */
  readonly ok: boolean | null;
  readonly values: ReadonlyMap<string, number | "na">;
}

export type Judgement =
  /** `by`: the ids that were missed; `missing` among them were not measured. */
  | { readonly good: boolean; readonly by: readonly string[]; readonly missing: boolean }
  /** Nothing in it applies to this request. */
  | null;

/** Why a predicate was refused, and what to do about it. */
export interface PredicateRefusal {
  readonly state: string;
  readonly hint: string;
}

const TERM = /^([A-Za-z_][\w.]*)\s*(<=|≤|>=|≥|==|!=|=|<|>)\s*(\S.*)$/;
const VALUE = /^(\d*\.?\d+)\s*([A-Za-zµ%][\w/%]*)?$/;
/** How many of the term's unit one of it is. */
const SCALE: Readonly<Record<TermKind["unit"], Readonly<Record<string, string>>>> = {
  ms: { us: "0.001", "µs": "0.001", ms: "1", s: "1000", m: "60000" },
  "tokens/s": { "tokens/s": "1", tps: "1" },
  ratio: { "%": "0.01" },
};

/** Terms are joined by `and`, `&&` or `∧`. */
export function parsePredicate(text: string): Predicate | PredicateRefusal {
  let statusOk = false;
  const terms: Term[] = [];
  for (const part of text.split(/\s+and\s+|\s*(?:&&|∧)\s*/i).map((part) => part.trim())) {
    const [, id, operator, value] = TERM.exec(part) ?? [];
    if (id === undefined) {
      return part === "" && text.trim() === ""
        ? refuse("it is empty", "Write it as ttft_ms <= 800ms")
        : refuse(`"${part}" is no comparison`, "Write it as ttft_ms <= 800ms; join several with and");
    }
    if (id === "status" || id === "outcome") {
      if (!/^==?$/.test(operator!) || value !== "ok") {
        return refuse(`"${part}" asks what no request can be good for`, "Write status == ok");
      }
      statusOk = true;
      continue;
    }
    const term = parseTerm(id, operator!, value!);
    if ("state" in term) return term;
    if (terms.some(({ kind }) => kind.id === id)) return refuse(`${id} stands twice`, "Keep the stricter limit");
    terms.push(term);
  }
  return { text: text.trim().replace(/\s+/g, " "), statusOk, terms };
}

function parseTerm(id: string, operator: string, value: string): Term | PredicateRefusal {
  const kind = TERMS.find((kind) => kind.id === id);
  if (kind === undefined) {
    const ids = ["status", ...TERMS.map(({ id }) => id)];
    const meant = nearest(id, ids);
    return refuse(
      `"${id}" is no definition id`,
      meant === undefined ? `Use one of: ${ids.join(", ")}` : `Write "${meant}" if that is what you meant`,
    );
  }
  const meant = operator.replace("≤", "<=").replace("≥", ">=");
  if (meant === "<" || meant === ">") {
    return refuse(`"${operator}" leaves equality out`, `Write ${meant}=: a value equal to its limit is good`);
  }
  if (meant !== kind.limit) {
    return refuse(`${id} has no limit of the kind "${operator}"`, `Write ${id} ${kind.limit} LIMIT`);
  }
  const [, amount, unit = ""] = VALUE.exec(value) ?? [];
  const scale = unit === "" ? "1" : SCALE[kind.unit][unit];
  const [size, factor] = [fraction(amount ?? ""), fraction(scale ?? "")];
  const limit = size === null || factor === null ? null : decimal(decimalText(times(size, factor)));
  if (limit === null) {
    return refuse(
      `"${value}" is no limit of ${id}`,
      `Give a number${kind.unit === "ratio" ? "" : ` of ${kind.unit}`}, such as ${
        kind.unit === "ms" ? "800ms or 0.8s" : "20"
      }`,
    );
  }
  return { kind, limit: { ...limit, value: Number(limit.text) } };
}

function refuse(state: string, hint: string): PredicateRefusal {
  return { state, hint };
}

/**
 * Is this request good? A value that should be there and is not is bad; one that has nothing to do with the request leaves the
 * decision to the others; null where none is left.
 */
export function judge({ statusOk, terms }: Predicate, measured: Measured): Judgement {
  const by: string[] = [];
  let missing = false;
  let applied = statusOk && measured.ok !== null;
  if (statusOk && measured.ok === false) by.push("status");
  for (const { kind, limit } of terms) {
    const value = measured.values.get(kind.id) ?? (kind.missing === "na" ? "na" : undefined);
    if (value === "na") continue;
    applied = true;
    if (value === undefined) missing = true;
    if (value === undefined || !(kind.limit === "<=" ? value <= limit.value : value >= limit.value)) by.push(kind.id);
  }
  return applied ? { good: by.length === 0, by, missing } : null;
}
