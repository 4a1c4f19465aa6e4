/** One comparison of a filter: a field, an operator, a value. */
import { fieldOf, type FieldValue, noField } from "./fields.ts";
import { FilterError, type Token } from "./filter_tokens.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import { inside, parseNetwork } from "./network.ts";

export type Predicate = (event: ProbeEvent) => boolean;

const MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1000, m: 60_000 };

/** Fields whose values are addresses: they also take a network, `10.0.0.0/8`. */
const ADDRESSES: readonly string[] = ["src", "dst", "conn_tuple.src_ip", "conn_tuple.dst_ip"];

/**
 * An event without the field is only `!=` and `!~`; it is neither equal, nor more, nor less.
 *
 * @throws FilterError
 */
export function comparison(name: Token, operator: Token, value: Token): Predicate {
  const field = fieldOf(name.value);
  if (field === undefined) throw new FilterError(name.column, noField(name.value));
  const { read } = field;
  switch (operator.value) {
    case "=":
    case "==": {
      const same = sameAs(name.value, value);
      return (event) => same(read(event));
    }
    case "!=": {
      const same = sameAs(name.value, value);
      return (event) => !same(read(event));
    }
    case "~":
    case "!~": {
      const pattern = regularExpression(value);
      const wanted = operator.value === "~";
      return (event) => {
        const text = read(event);
        return (text !== undefined && pattern.test(String(text))) === wanted;
      };
    }
    case ">":
    case ">=":
    case "<":
    case "<=": {
      const limit = numberOf(value);
      if (Number.isNaN(limit)) throw new FilterError(value.column, `"${value.value}" is no number: 10, 2.5, 200us, 1s`);
      const holds = ORDER[operator.value]!;
      return (event) => {
        const number = read(event);
        return number !== undefined && holds(Number(number), limit);
      };
    }
    default:
      throw new FilterError(operator.column, `"${operator.value}" compares nothing: use == != > >= < <= ~ !~`);
  }
}

const ORDER: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
};

function sameAs(field: string, { value, column }: Token): (read: FieldValue) => boolean {
  if (ADDRESSES.includes(field)) {
    const network = parseNetwork(value);
    if (network === null) throw new FilterError(column, `"${value}" is no address and no network`);
    return (read) => read !== undefined && inside(network, String(read));
  }
  const number = numberOf({ value });
  return (read) => {
    if (read === undefined) return false;
    return typeof read === "string" ? read === value : Number(read) === number;
  };
}

/** Milliseconds where a unit of time stands behind it. */
function numberOf({ value }: Pick<Token, "value">): number {
  const [, digits, unit] = /^(-?\d+(?:\.\d+)?)(ns|us|ms|s|m)?$/.exec(value) ?? [];
  return digits === undefined ? NaN : Number(digits) * (unit === undefined ? 1 : MS[unit]!);
}

function regularExpression({ value, column }: Token): RegExp {
  try {
    return new RegExp(value);
  } catch (error) {
    throw new FilterError(
      column,
      `"${value}" is no regular expression: ${(error as Error).message.split(": ").at(-1)}`,
    );
  }
}
