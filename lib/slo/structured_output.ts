/**
 * Was the structured output that was asked for valid? By what the application or an evaluation says; else, where the output was
 * recorded, by reading it. Pure.
 */
import type { AttributeValue, Span } from "../model/span.ts";

/** Share of the generations that were judged; null where none was. */
export function structuredValidity(entry: Span, generation: readonly Span[]): number | null {
  const judged = [entry, ...generation].map(validity).filter((value) => value !== null);
  return judged.length === 0 ? null : judged.reduce((sum, value) => sum + value, 0) / judged.length;
}

function validity(span: Span): number | null {
  const stated = span.attributes["llm.slo.structured_output_valid"];
  if (typeof stated === "boolean") return stated ? 1 : 0;
  return evaluated(span) ?? (span.attributes["gen_ai.output.type"] === "json" ? recorded(span) : null);
}

/** The event of an evaluation of just this: its score, or its label. */
function evaluated({ events }: Span): number | null {
  for (const { name, attributes } of events) {
    const what = attributes["gen_ai.evaluation.name"];
    if (name !== "gen_ai.evaluation.result" || typeof what !== "string") continue;
    if (!/structured|schema|json/i.test(what)) continue;
    const score = attributes["gen_ai.evaluation.score.value"];
    if (typeof score === "number" || typeof score === "bigint") return Number(score) >= 1 ? 1 : 0;
    const label = attributes["gen_ai.evaluation.score.label"];
    if (typeof label === "string") return /^(pass|passed|valid|true|ok)$/i.test(label) ? 1 : 0;
  }
  return null;
}

/** The text of the first choice, where the application records what it generates. */
function recorded({ attributes }: Span): number | null {
  const messages = parsed(attributes["gen_ai.output.messages"]);
  const [first] = Array.isArray(messages) ? messages : [];
  const parts = member(first, "parts");
  if (!Array.isArray(parts)) return null;
  const texts = parts.filter((part) => member(part, "type") === "text").map((part) => member(part, "content"));
  if (texts.length === 0) return null;
  return isDocument(texts.join("")) ? 1 : 0;
}

function parsed(value: AttributeValue | undefined): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** JSON that has structure: an object or a list. */
function isDocument(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
