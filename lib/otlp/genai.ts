/** Attributes of a span that speaks of a model, under the names of the GenAI conventions beside its own. */
import { type AliasRow, type Dialect, GENAI_ALIASES } from "../model/genai.ts";
import type { Attributes, AttributeValue, Span } from "../model/span.ts";

export interface GenAiNames {
  /** What was sent, and beside it every name of the conventions that it implies. The very object that was given, where it implies none. */
  readonly attributes: Attributes;
  /** Who speaks so; none for a span that has nothing to do with models. */
  readonly dialects: readonly Dialect[];
  /** Attributes of the conventions that were there already and say something else than the older name beside them. The newer stays. */
  readonly differences: readonly string[];
}

const ROWS: ReadonlyMap<string, { readonly row: AliasRow; readonly rank: number }> = new Map(
  GENAI_ALIASES.map((row, rank) => [row.seen, { row, rank }]),
);
const NOTHING: readonly never[] = [];

/** Nothing that was sent is changed or left out. */
export function genAiNames(attributes: Attributes): GenAiNames {
  let seen: { row: AliasRow; rank: number }[] | undefined;
  for (const key in attributes) {
    if (!mayBeOurs(key)) continue;
    const found = ROWS.get(key);
    if (found !== undefined) (seen ??= []).push(found);
  }
  if (seen === undefined) return { attributes, dialects: NOTHING, differences: NOTHING };
  seen.sort((a, b) => a.rank - b.rank);
  const added: Record<string, AttributeValue> = {};
  const differences: string[] = [];
  for (const { row } of seen) {
    if (row.means === null) continue;
    const value = translate(attributes[row.seen]!, row);
    if (value === undefined) continue;
    const newer = attributes[row.means] ?? added[row.means];
    if (newer === undefined) added[row.means] = value;
    else if (!alike(newer, value)) differences.push(row.means);
  }
  const some = Object.keys(added).length > 0;
  return { attributes: some ? { ...attributes, ...added } : attributes, dialects: dialectsOf(seen), differences };
}

/** The span with those names; the very span where it implies none. */
export function withGenAiNames(span: Span): Span {
  const { attributes } = genAiNames(span.attributes);
  return attributes === span.attributes ? span : { ...span, attributes };
}

/** Cheap, and true for every name in the table. */
function mayBeOurs(key: string): boolean {
  const first = key.charCodeAt(0); // g l t o
  return first === 0x67 || first === 0x6c || first === 0x74 || first === 0x6f;
}

/** undefined where the value is not what its name promises: it stays under its own name only. */
function translate(value: AttributeValue, { factor, values }: AliasRow): AttributeValue | undefined {
  if (factor !== undefined) return typeof value === "number" && Number.isFinite(value) ? value * factor : undefined;
  if (values !== undefined) return typeof value === "string" ? values[value] ?? value : undefined;
  return value;
}

function alike(a: AttributeValue, b: AttributeValue): boolean {
  if (typeof a === "number" && typeof b === "number") {
    return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
  }
  return a === b || typeof a === "object";
}

/** What only says `older` is someone's own way of speaking where something else on the span says whose. */
function dialectsOf(seen: readonly { readonly row: AliasRow }[]): readonly Dialect[] {
  const all = new Set(seen.map(({ row }) => row.dialect));
  if (all.size > 1 && all.has("older") && !(all.size === 2 && all.has("conventions"))) all.delete("older");
  return [...all];
}

/** Who names a metric so; null for one that has nothing to do with models. */
export function metricDialect(name: string): Dialect | null {
  if (/^vllm[:.]/.test(name)) return "vllm";
  if (/^gen_ai\.(client|server|workflow|invoke_agent|execute_tool)\./.test(name)) return "conventions";
  if (/^(llm|gen_ai|traceloop)\./.test(name)) return "openllmetry";
  return null;
}
