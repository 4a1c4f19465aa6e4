/** The text of a filter as tokens, each with the column it begins at. */

export interface Token {
  readonly kind: "word" | "text" | "operator" | "open" | "close" | "comma" | "end";
  /** Of `text`: without its quotes. */
  readonly value: string;
  /** From 1. */
  readonly column: number;
}

/** What is wrong with a filter, and where. */
export class FilterError extends Error {
  constructor(readonly column: number, readonly state: string) {
    super(`column ${column}: ${state}`);
  }
}

const SPACE = /\s+/y;
const OPERATOR = /==|!=|>=|<=|!~|&&|\|\||[=<>~!]/y;
const WORD = /[^\s()<>=!~,&|"']+/y;
const PUNCTUATION: Readonly<Record<string, Token["kind"]>> = { "(": "open", ")": "close", ",": "comma" };

/** @throws FilterError */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (let at = 0; at < text.length;) {
    const column = at + 1;
    const take = (pattern: RegExp) => {
      pattern.lastIndex = at;
      return pattern.exec(text)?.[0];
    };
    const char = text[at]!;
    const space = take(SPACE);
    const operator = take(OPERATOR);
    const word = take(WORD);
    if (space !== undefined) at += space.length;
    else if (PUNCTUATION[char] !== undefined) {
      found.push({ kind: PUNCTUATION[char], value: char, column });
      at++;
    } else if (operator !== undefined) {
      found.push({ kind: "operator", value: operator, column });
      at += operator.length;
    } else if (char === '"' || char === "'") {
      const end = text.indexOf(char, at + 1);
      if (end < 0) throw new FilterError(column, "this quote is not closed");
      found.push({ kind: "text", value: text.slice(at + 1, end), column });
      at = end + 1;
    } else if (word !== undefined) {
      found.push({ kind: "word", value: word, column });
      at += word.length;
    } else {
      throw new FilterError(column, `"${char}" means nothing here`);
    }
  }
  found.push({ kind: "end", value: "", column: text.length + 1 });
  return found;
}
