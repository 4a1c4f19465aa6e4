/**
 * Which events to show.
 *
 *     filter     = all { ("or" | "||") all }
 *     all        = one { ("and" | "&&" | ",") one }
 *     one        = ("not" | "!") one | "(" filter ")" | FIELD OP VALUE | primitive
 *     OP         = "==" | "=" | "!=" | ">" | ">=" | "<" | "<=" | "~" | "!~"
 *     primitive  = ["src" | "dst"] ("host" ADDRESS | "net" NETWORK | "port" NUMBER) | "tcp" | "udp" | KIND
 *
 * A VALUE is a word, or anything between quotes; `~` takes a regular expression; a number may have a unit of time (200us, 1.5s).
 */
import { UsageError } from "../model/errors.ts";
import { comparison, type Predicate } from "./compare.ts";
import { noField } from "./fields.ts";
import { FilterError, type Token, tokens } from "./filter_tokens.ts";
import { kindOf, KINDS } from "./kinds.ts";
import { inside, parseNetwork } from "./network.ts";

/** Words deep at most: a filter that is made by a program gone wrong ends in words, not in a stack. */
const MOST_DEPTH = 100;

/** An empty filter shows everything. @throws UsageError naming the column */
export function parseFilter(text: string): Predicate {
  try {
    const reader = new Reader(tokens(text));
    return reader.atEnd() ? () => true : reader.whole();
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw new UsageError(
      `Cannot filter by "${text}": ${error.message}`,
      "Write field==value joined by and, or, not: comm==curl and value>10ms, or port 53 (docs/agent.md)",
    );
  }
}

class Reader {
  #at = 0;
  #depth = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  atEnd(): boolean {
    return this.#next().kind === "end";
  }

  whole(): Predicate {
    const predicate = this.#either();
    const { kind, value, column } = this.#next();
    if (kind === "close") throw new FilterError(column, "nothing was opened that this closes");
    if (kind !== "end") throw new FilterError(column, `"${value}" is one too many: and, or, or a comma is missing`);
    return predicate;
  }

  #either(): Predicate {
    if (++this.#depth > MOST_DEPTH) throw new FilterError(this.#next().column, "it is nested too deep");
    const parts = [this.#all()];
    while (this.#takes("or", "||")) parts.push(this.#all());
    this.#depth--;
    return parts.length === 1 ? parts[0]! : (event) => parts.some((part) => part(event));
  }

  #all(): Predicate {
    const parts = [this.#one()];
    while (this.#takes("and", "&&", ",")) parts.push(this.#one());
    return parts.length === 1 ? parts[0]! : (event) => parts.every((part) => part(event));
  }

  #one(): Predicate {
    let negated = false;
    while (this.#takes("not", "!")) negated = !negated;
    const predicate = this.#positive();
    return negated ? (event) => !predicate(event) : predicate;
  }

  #positive(): Predicate {
    const token = this.#take();
    if (token.kind === "open") {
      const inner = this.#either();
      const { kind, column } = this.#take();
      if (kind !== "close") throw new FilterError(column, `the bracket of column ${token.column} is not closed`);
      return inner;
    }
    if (token.kind === "end") throw new FilterError(token.column, "something to compare is missing at the end");
    if (token.kind !== "word") throw new FilterError(token.column, `"${token.value}" stands where a field should`);
    if (this.#next().kind === "operator" && this.#next().value !== "!") {
      const operator = this.#take();
      return comparison(token, operator, this.#value(operator));
    }
    return this.#primitive(token);
  }

  #primitive(token: Token): Predicate {
    const { value: word, column } = token;
    if (word === "src" || word === "dst") {
      const what = this.#take();
      if (!["host", "net", "port"].includes(what.value)) {
        throw new FilterError(what.column, `after "${word}" comes host, net, port or an operator`);
      }
      return this.#ends(what, [word]);
    }
    if (word === "host" || word === "net" || word === "port") return this.#ends(token, ["src", "dst"]);
    if (word === "tcp" || word === "udp") return ({ conn_tuple }) => conn_tuple?.protocol === word;
    if (Object.hasOwn(KINDS, word)) return ({ signal }) => kindOf(signal) === word;
    const { kind, column: next } = this.#next();
    if (kind === "text" || kind === "word") throw new FilterError(next, `an operator is missing after "${word}"`);
    throw new FilterError(column, noField(word));
  }

  #ends(what: Token, ends: readonly ("src" | "dst")[]): Predicate {
    const value = this.#value(what);
    if (what.value === "port") {
      const port = Number(value.value);
      if (!/^\d{1,5}$/.test(value.value) || port > 65_535) {
        throw new FilterError(value.column, `"${value.value}" is no port`);
      }
      return ({ conn_tuple: conn }) => conn !== undefined && ends.some((end) => conn[`${end}_port`] === port);
    }
    const network = parseNetwork(value.value);
    if (network === null || (what.value === "host" && value.value.includes("/"))) {
      throw new FilterError(value.column, `"${value.value}" is no ${what.value === "net" ? "network" : "address"}`);
    }
    return ({ conn_tuple: conn }) => conn !== undefined && ends.some((end) => inside(network, conn[`${end}_ip`]));
  }

  #value(after: Token): Token {
    const token = this.#take();
    if (token.kind === "word" || token.kind === "text") return token;
    throw new FilterError(token.column, `a value is missing after "${after.value}"`);
  }

  #takes(...values: readonly string[]): boolean {
    const { kind, value } = this.#next();
    if (kind === "text" || !values.includes(value)) return false;
    this.#at++;
    return true;
  }

  #next(): Token {
    return this.tokens[Math.min(this.#at, this.tokens.length - 1)]!;
  }

  #take(): Token {
    const token = this.#next();
    this.#at++;
    return token;
  }
}
