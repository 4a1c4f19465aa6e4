/**
 * JSON without losing numbers: integers beyond 2^53 survive both ways, and what JSON cannot say leaves as a named string.
 */

// TypeScript does not know JSON.rawJSON yet; the runtime does.
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

/**
 * One line of JSON (or indented text). bigint becomes a bare integer; NaN and the infinities become the strings "NaN",
 * "+Inf" and "-Inf", where JSON.stringify would say null.
 */
export function toJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === "bigint") return rawJson(String(member));
    if (typeof member === "number" && !Number.isFinite(member)) {
      return Number.isNaN(member) ? "NaN" : member > 0 ? "+Inf" : "-Inf";
    }
    return member;
  }, indent);
}

/** A bare integer of 16 digits or more where a JSON value may stand; not the fraction or exponent of a longer number. */
const LONG_INTEGER = /(?<![\w.+-])-?[1-9]\d{15,}(?=\s*(?:[,\]}]|$))/g;

/**
 * Puts quotes around bare integers of 16 digits or more, so that JSON.parse hands them over as text instead of rounding
 * them (one step at 1.7e18 is 256 ns). Strings, fractions and keys are untouched; malformed JSON stays malformed.
 */
export function quoteLongIntegers(text: string): string {
  if (!mayHoldLongInteger(text)) return text;
  let out = "";
  let copied = 0;
  for (let from = 0; from < text.length;) {
    const quote = text.indexOf('"', from);
    const end = quote < 0 ? text.length : quote;
    // Between two strings there are usually two or three characters: too few to hold a long integer.
    if (end - from >= 16) {
      const gap = text.slice(from, end);
      const quoted = gap.replace(LONG_INTEGER, (digits) => `"${digits}"`);
      if (quoted !== gap) {
        out += text.slice(copied, from) + quoted;
        copied = end;
      }
    }
    if (quote < 0) break;
    from = endOfString(text, quote) + 1;
  }
  return copied === 0 ? text : out + text.slice(copied);
}

const LEAST_DIGITS = 16;

/** Looks at every 16th character: none of the digit runs in question can hide between two of them. */
function mayHoldLongInteger(text: string): boolean {
  for (let at = LEAST_DIGITS - 1; at < text.length; at += LEAST_DIGITS) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let first = at;
    while (first > 0 && isDigit(text.charCodeAt(first - 1))) first--;
    let last = at;
    while (last + 1 < text.length && isDigit(text.charCodeAt(last + 1))) last++;
    // Most runs are in quotes, as OTLP wants them, or part of a hex id.
    if (last - first + 1 >= LEAST_DIGITS && (first === 0 || !/["\w]/.test(text[first - 1]!))) return true;
    at = last;
  }
  return false;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Index of the quote that closes the string opened at `open`, or the end of the text. */
function endOfString(text: string, open: number): number {
  for (let at = open + 1;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return quote;
    at = quote + 1;
  }
}
