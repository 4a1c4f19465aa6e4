/** Where a limit stands among the buckets of a histogram, and how the bucket is asked for. Pure. */
import type { Histogram } from "../model/histograms.ts";
import { type Fraction, fraction } from "../stats/decimal.ts";
import { compare, decimalText } from "./literal.ts";
import type { Matcher } from "./promql.ts";

/** How OpenTelemetry's names look in this Prometheus: with unit and underscores, without the unit, or untranslated. */
export const NAME_STYLES = ["suffixed", "bare", "utf8"] as const;
export type NameStyle = typeof NAME_STYLES[number];

export interface CompileOptions {
  readonly nameStyle: NameStyle;
  /** Where a limit goes that is no bucket bound; null: it is refused. */
  readonly snap: "up" | "down" | null;
}

/** The bound a limit stands at, or is moved to. */
export function snapped(
  limit: Fraction,
  { name, unit, bounds }: Histogram,
  { snap }: CompileOptions,
): { bound: Fraction; note: string | null } | { state: string; hint: string } {
  const exact = bounds.map((text) => fraction(text)!);
  const below = exact.filter((bound) => compare(bound, limit) <= 0).at(-1);
  const above = exact.find((bound) => compare(bound, limit) >= 0);
  if (below !== undefined && compare(below, limit) === 0) return { bound: below, note: null };
  const between = [below, above].map((bound) => bound === undefined ? "none" : `${decimalText(bound)} ${unit}`);
  const state = `has a limit of ${decimalText(limit)} ${unit}, which is no bucket bound of ${name} (next below: ${
    between[0]
  }, above: ${between[1]})`;
  const bound = snap === "up" ? above : snap === "down" ? below : undefined;
  if (bound === undefined) {
    return {
      state,
      hint: snap === null
        ? "Take one of them, or move it with --snap up or --snap down"
        : `Take a bound of it: ${bounds.join(", ")}`,
    };
  }
  const note = `limit ${decimalText(limit)} ${unit} moved ${snap} to the bucket bound ${decimalText(bound)} ${unit}`;
  return { bound, note };
}

const UNIT_SUFFIX = { s: "_seconds", ms: "_milliseconds" } as const;

/** Every name a histogram of the catalogue may have in Prometheus. */
export function spellings(histogram: Histogram): string[] {
  return [...new Set(["suffixed", "bare", "utf8"].map((style) => translated(histogram, style as NameStyle)))];
}

export function translated({ name, unit }: Histogram, style: NameStyle): string {
  if (!name.includes(".") || style === "utf8") return name;
  return name.replaceAll(".", "_") + (style === "suffixed" ? UNIT_SUFFIX[unit] : "");
}

/** Clients write 1 as `1` or `1.0`, and from a million on with an exponent. */
export function leMatcher(bound: Fraction): Matcher {
  const text = decimalText(bound);
  if (text.includes(".")) return { label: "le", op: "=", value: text };
  const [, digits, zeros] = /^([1-9]\d*?)(0*)$/.exec(text) ?? [];
  const exponent = digits === undefined ? 0 : digits.length + zeros!.length - 1;
  const plain = `${text}(\\.0)?`;
  if (exponent < 6) return { label: "le", op: "=~", value: plain };
  const mantissa = digits!.length === 1 ? digits : `${digits![0]}\\.${digits!.slice(1)}`;
  return { label: "le", op: "=~", value: `${plain}|${mantissa}e\\+${String(exponent).padStart(2, "0")}` };
}
