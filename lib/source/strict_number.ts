/** Numbers by one strict grammar: what JavaScript would quietly take for 0, 16 or 12 is no number here. */

const WORDS: Readonly<Record<string, number>> = {
  NaN: NaN,
  Inf: Infinity,
  "+Inf": Infinity,
  "-Inf": -Infinity,
  Infinity: Infinity,
  "+Infinity": Infinity,
  "-Infinity": -Infinity,
};

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** The number a text writes; NaN for any other text, "" and " " among them. */
export function strictNumber(text: string): number {
  if (DECIMAL.test(text)) return Number(text);
  return Object.hasOwn(WORDS, text) ? WORDS[text]! : NaN;
}
