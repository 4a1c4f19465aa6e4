/** Exact fractions as the text of decimals. Pure. */
import { type Fraction, fraction, nearest } from "../stats/decimal.ts";
import type { Decimal } from "./slo.ts";

/** Digits after the point beyond which no reader of ours keeps apart two numbers. */
const MOST_DIGITS = 20;

/** The decimal text of n/d: exact where it ends within 20 digits, else that of the nearest double. */
export function decimalText({ n, d }: Fraction): string {
  for (let digits = 0; digits <= MOST_DIGITS; digits++) {
    const scaled = n * 10n ** BigInt(digits);
    if (scaled % d === 0n) return pointed(scaled / d, digits);
  }
  return plain(nearest(n, d));
}

function pointed(scaled: bigint, digits: number): string {
  const sign = scaled < 0n ? "-" : "";
  const text = String(scaled < 0n ? -scaled : scaled).padStart(digits + 1, "0");
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** The shortest text that reads back as this double, without an exponent. */
function plain(value: number): string {
  const text = String(value);
  const exact = /e/i.test(text) ? fraction(text) : null;
  return exact === null ? text : decimalText(exact);
}

/** A decimal as a file or a flag gives it, or null. Longer numbers than a double keeps must be quoted, so that YAML leaves them alone. */
export function decimal(value: string | number): Decimal | null {
  const text = typeof value === "number" ? plain(value) : value.trim();
  if (!/^[+-]?\d*\.?\d+$/.test(text)) return null;
  const exact = fraction(text);
  return exact === null ? null : { ...exact, text: decimalText(exact) };
}

export function times(a: Fraction, b: Fraction): Fraction {
  return { n: a.n * b.n, d: a.d * b.d };
}

/** Negative, 0 or positive, as a is below, at or above b. */
export function compare(a: Fraction, b: Fraction): number {
  const difference = a.n * b.d - b.n * a.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function integer(value: number): Fraction {
  return { n: BigInt(value), d: 1n };
}
