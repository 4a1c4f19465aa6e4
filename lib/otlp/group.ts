/** Spans by resource and scope, as OTLP nests them. */
import type { Attributes, Span } from "../model/span.ts";

export interface ResourceGroup {
  readonly resource: Attributes;
  readonly scopes: ReadonlyMap<string, readonly Span[]>;
}

/** Spans that share the resource object share a group; equal resources from different requests stay apart. */
export function groupSpans(spans: Iterable<Span>): ResourceGroup[] {
  const groups = new Map<Attributes, Map<string, Span[]>>();
  for (const span of spans) {
    let scopes = groups.get(span.resource);
    if (scopes === undefined) groups.set(span.resource, scopes = new Map());
    const list = scopes.get(span.scope);
    if (list === undefined) scopes.set(span.scope, [span]);
    else list.push(span);
  }
  return [...groups].map(([resource, scopes]) => ({ resource, scopes }));
}

/** How an attribute number leaves: as int64 when it is a whole number it can hold, else as double (-0 included). */
export function isInt64(value: number | bigint): boolean {
  if (typeof value === "bigint") return value === BigInt.asIntN(64, value);
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}
