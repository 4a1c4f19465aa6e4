/** Whole numbers that came as doubles: noted on arrival, and asked for when they leave. */
import { type AttributeValue, DOUBLES } from "../model/span.ts";
import { isInt64 } from "./group.ts";

/** Notes it of a value of `holder`, if it is one. @param key of an array: any */
export function markDouble(holder: object, key: string, value: AttributeValue): void {
  if (typeof value !== "number" || !isInt64(value)) return; // any other leaves as a double anyway
  const marked = holder as { [DOUBLES]?: Set<string> };
  (marked[DOUBLES] ??= new Set()).add(Array.isArray(holder) ? "" : key);
}

/** Whether the value under `key` must leave as a double. */
export function isMarkedDouble(holder: object, key: string): boolean {
  return (holder as { [DOUBLES]?: Set<string> })[DOUBLES]?.has(Array.isArray(holder) ? "" : key) === true;
}
