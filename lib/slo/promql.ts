/** PromQL as far as rules need it: is it well formed, and which series does a selector mean? Parsed by Prometheus' own grammar. Pure. */
import { parser } from "@prometheus-io/lezer-promql";

export interface Matcher {
  readonly label: string;
  readonly op: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

/** Where the window of a rate stands in an expression. */
export const WINDOW = "[$window]";
const WINDOW_SPELLINGS = /\[\s*(?:\$window|\$\{window\}|\{\{\s*\.window\s*\}\})\s*\]/g;

type Tree = ReturnType<typeof parser.parse>;
type Node = Tree["topNode"];

/** Why the text is no PromQL, or null. */
export function promqlProblem(text: string): string | null {
  let at: number | null = null;
  parser.parse(text).iterate({
    enter: (node) => {
      if (node.type.isError) at ??= node.from;
    },
  });
  return at === null ? null : `it is no PromQL at character ${at + 1}`;
}

/** A bare selector such as `http_requests_total{code="200"}`; null when the text is anything else. */
export function parseSelector(text: string): Selector | null {
  const trimmed = text.trim();
  if (promqlProblem(trimmed) !== null) return null;
  const node = parser.parse(trimmed).topNode.firstChild;
  if (node?.name !== "VectorSelector") return null;
  const of = (child: Node | null) => child === null ? "" : trimmed.slice(child.from, child.to);
  let metric = of(node.getChild("Identifier"));
  const matchers: Matcher[] = [];
  for (let child = node.getChild("LabelMatchers")?.firstChild ?? null; child !== null; child = child.nextSibling) {
    if (child.name === "QuotedLabelName") metric = unquoted(of(child));
    const name = child.getChild("LabelName") ?? child.getChild("QuotedLabelName");
    const value = child.getChild("StringLiteral");
    if (name === null || value === null || child.name === "QuotedLabelName") continue;
    const matcher = {
      label: name.name === "QuotedLabelName" ? unquoted(of(name)) : of(name),
      op: of(child.getChild("MatchOp")) as Matcher["op"],
      value: unquoted(of(value)),
    };
    if (matcher.label === "__name__" && matcher.op === "=") metric = matcher.value;
    else matchers.push(matcher);
  }
  return metric === "" ? null : { metric, matchers };
}

/** A Go string literal: quoted in one of three ways. */
function unquoted(literal: string): string {
  const inner = literal.slice(1, -1);
  if (literal.startsWith("`")) return inner;
  const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
  return inner.replace(
    /\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)/g,
    (_all, code: string) => code.length > 1 ? String.fromCharCode(parseInt(code.slice(1), 16)) : escapes[code] ?? code,
  );
}

const PLAIN_NAME = /^[A-Za-z_:][\w:]*$/;
const PLAIN_LABEL = /^[A-Za-z_]\w*$/;

/** A name with dots is written inside the braces, in quotes (Prometheus 3). */
export function selectorText({ metric, matchers }: Selector): string {
  const inner = matchers.map(({ label, op, value }) =>
    `${PLAIN_LABEL.test(label) ? label : quoted(label)}${op}${quoted(value)}`
  );
  if (!PLAIN_NAME.test(metric)) return `{${[quoted(metric), ...inner].join(",")}}`;
  return inner.length === 0 ? metric : `${metric}{${inner.join(",")}}`;
}

export function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

export function hasWindow(text: string): boolean {
  return new RegExp(WINDOW_SPELLINGS).test(text);
}

/** Events in a window of that length: the sum over the selector's series, or the expression with its rates made increases. */
export function increaseOver(counter: string, window: string): string {
  const selector = parseSelector(counter);
  if (selector !== null) return `sum(increase(${selectorText(selector)}[${window}]))`;
  return increases(counter.trim().replace(WINDOW_SPELLINGS, `[${window}]`));
}

/** `rate` is per second: what is wanted is how many. */
function increases(expression: string): string {
  const rates: number[] = [];
  parser.parse(expression).iterate({
    enter: (node) => {
      if (node.name === "FunctionIdentifier" && expression.slice(node.from, node.to) === "rate") rates.push(node.from);
    },
  });
  return rates.reverse().reduce(
    (text, at) => `${text.slice(0, at)}increase${text.slice(at + "rate".length)}`,
    expression,
  );
}

/** Why `counter` counts no events over a window, or null. */
export function counterProblem(counter: string): { readonly state: string; readonly hint: string } | null {
  const hint = 'Give a counter such as http_requests_total{code="200"}, or an expression with [$window]';
  if (!hasWindow(counter)) {
    if (parseSelector(counter) !== null) return null;
    const broken = promqlProblem(counter.trim());
    return { state: broken ?? "is neither a selector nor an expression with [$window]", hint };
  }
  const broken = promqlProblem(counter.trim().replace(WINDOW_SPELLINGS, "[5m]"));
  return broken === null ? null : { state: broken, hint };
}
