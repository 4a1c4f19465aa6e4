/**
 * Exact arithmetic on what a person wrote. A number stands for the decimal it prints as: 0.999 is 999/1000 here, not the binary
 * fraction beside it, so that a limit is met or missed by the digits that are on the page.
 */

/** n/d with d > 0, not necessarily in lowest terms. */
export interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d+))?(?:e([+-]?\d{1,4}))?$/i;

/** Null when it is no finite decimal number: "12ms", "0x10", "", NaN, Infinity. */
export function fraction(value: number | bigint | string): Fraction | null {
  if (typeof value === "bigint") return { n: value, d: 1n };
  if (Number.isSafeInteger(value)) return { n: BigInt(value), d: 1n };
  const parts = DECIMAL.exec(String(value));
  if (parts === null) return null;
  const [, sign, whole = "", part = "", exponent = "0"] = parts;
  if (whole + part === "") return null;
  const digits = BigInt(whole + part) * (sign === "-" ? -1n : 1n);
  const scale = Number(exponent) - part.length;
  return scale >= 0 ? { n: digits * 10n ** BigInt(scale), d: 1n } : { n: digits, d: 10n ** BigInt(-scale) };
}

/** The double nearest to n/d; Infinity beyond the doubles, NaN for 0/0. */
export function nearest(n: bigint, d: bigint): number {
  if (d === 0n) return n === 0n ? NaN : n > 0n ? Infinity : -Infinity;
  if (d < 0n) return nearest(-n, -d);
  if (n < 0n) return -nearest(-n, d);
  // 65 bits or more of the quotient; the last one remembers whether there was a rest, so that the one rounding is right.
  const shift = Math.max(0, 65 + bits(d) - bits(n));
  const [scaled, divisor] = [n << BigInt(shift), d];
  const quotient = scaled / divisor;
  return scale(quotient | (scaled % divisor === 0n ? 0n : 1n), -shift);
}

/** value times 2^power, rounded once while the result is no subnormal. */
export function scale(value: bigint, power: number): number {
  const extra = Math.max(0, bits(value) - 65);
  const top = value >> BigInt(extra);
  const kept = Number(top << BigInt(extra) === value ? top : top | 1n);
  // Two steps: 2^power alone may lie outside the doubles where the product does not.
  const half = Math.trunc((power + extra) / 2);
  return kept * 2 ** half * 2 ** (power + extra - half);
}

function bits(value: bigint): number {
  return value === 0n ? 0 : value.toString(16).length * 4;
}
