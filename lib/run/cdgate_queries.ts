/** Queries of the caller's own: `NAME<=VALUE: PROMQL`. */
import type { Comparison } from "../gate/cd.ts";
import { UsageError } from "../model/errors.ts";

export interface OwnQuery {
  readonly name: string;
  readonly op: Comparison;
  readonly limit: number;
  readonly query: string;
}

const FORM = /^\s*([A-Za-z0-9_.-]+)\s*(<=|>=|==|<|>)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*:\s*(\S[^]*)$/;
const BUILT_IN = ["ttft_p95", "error_rate", "burn_rate"];

/** @throws UsageError for what has no name, no limit or no query, and for a name that is taken */
export function parseOwnQueries(texts: readonly string[]): OwnQuery[] {
  const names = new Set(BUILT_IN);
  return texts.map((text) => {
    const [, name, op, limit, query] = FORM.exec(text) ?? [];
    if (query === undefined || !Number.isFinite(Number(limit))) {
      throw new UsageError(
        `Cannot use "--query ${text}": it is no NAME<=VALUE: PROMQL`,
        "Write it as --query 'queue<=10: max(queue_length)'",
      );
    }
    if (names.has(name!)) {
      throw new UsageError(`Cannot use "--query ${text}": there is a check "${name}" already`, "Give it another name");
    }
    names.add(name!);
    return { name: name!, op: op as Comparison, limit: Number(limit), query: query.trim() };
  });
}
