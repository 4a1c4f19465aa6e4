/**
 * A configuration file in YAML, checked against one of our schemas, each complaint with its line and column. Pure.
 *
 * YAML 1.2 core: `on`, `off` and dates are strings. Anchors, aliases and tags are refused: one thing is written in one place. So are
 * numbers in octal or hex: one reader takes 0200 for 200, another for 128.
 */
import { LineCounter, parseDocument, visit } from "yaml";
import { UsageError } from "../model/errors.ts";
import type { SchemaName } from "../model/schema/mod.ts";
import { validate } from "../report/validate.ts";

type Document = ReturnType<typeof parseDocument>;

/** A file that was read, and how to complain about a place in it. */
export interface YamlFile {
  readonly value: unknown;
  /** A complaint about the value at `path`, with its line and column: `slos.0.objective is 1`. */
  readonly refuse: (path: readonly (string | number)[], state: string, hint: string) => UsageError;
}

/**
 * The file's content as plain values.
 *
 * @param name of the file, for messages
 * @throws UsageError `Cannot read "FILE": line 3, column 7: ...`
 */
export function parseYaml(text: string, name: string, schema: SchemaName): unknown {
  return readYaml(text, name, schema).value;
}

/** The same, for a reader that has more to check than the schema can say. @throws UsageError */
export function readYaml(text: string, name: string, schema: SchemaName): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    uniqueKeys: true,
    lineCounter: lines,
    prettyErrors: false,
  });
  const refuse = (offset: number, what: string, hint: string) => {
    const { line, col } = lines.linePos(offset);
    const place = `line ${Math.max(1, line)}, column ${Math.max(1, col)}`;
    return new UsageError(`Cannot read "${name}": ${place}: ${what}`, hint);
  };
  const follow = `Correct it; the schema is ${schema}`;
  const bad = document.errors[0] ?? document.warnings[0];
  if (bad !== undefined) throw refuse(bad.pos[0], sentence(bad.message), follow);
  const indirect = firstIndirection(document);
  if (indirect !== null) throw refuse(indirect, "anchors and aliases are not allowed", follow);

  const odd = firstOddNumber(document);
  if (odd !== null) {
    throw refuse(odd.at, `${odd.source} is read as different numbers by different readers`, "Write it as a decimal");
  }

  const value: unknown = document.toJS();
  if (value === null || value === undefined) throw refuse(0, "it is empty", follow);
  const [first, ...rest] = validate(schema, value);
  if (first !== undefined) {
    const [path, what] = split(first);
    const more = rest.slice(0, 4).map((text) => text.replace(/^\/ /, ""));
    throw refuse(
      offsetOf(document, path),
      what,
      more.length === 0 ? follow : `Correct it, and also: ${more.join("; ")}`,
    );
  }
  return {
    value,
    refuse: (path, state, hint) =>
      refuse(offsetOf(document, path.map(String)), `${path.join(".")} ${state}`.trim(), hint),
  };
}

function firstIndirection(document: Document): number | null {
  let found: number | null = null;
  visit(document, {
    Alias: (_key, node) => {
      found ??= node.range?.[0] ?? 0;
    },
    Value: (_key, node) => {
      if ("anchor" in node && node.anchor !== undefined) found ??= node.range?.[0] ?? 0;
    },
  });
  return found;
}

/** 0200 is 200 here and 128 elsewhere; 0x10 and 0o20 are 16 here and text elsewhere. */
function firstOddNumber(document: Document): { readonly at: number; readonly source: string } | null {
  let found: { at: number; source: string } | null = null;
  visit(document, {
    Scalar: (_key, { value, source = "", range }) => {
      if (typeof value === "number" && /^[-+]?0[0-9xo]/i.test(source)) found ??= { at: range?.[0] ?? 0, source };
    },
  });
  return found;
}

/** `/a/b must be number` -> where, and what for a person: `a.b must be number`. */
function split(complaint: string): [string[], string] {
  const [pointer = ""] = complaint.split(" ", 1);
  const path = pointer.split("/").filter((part) => part !== "");
  const rest = complaint.slice(pointer.length + 1);
  return [path, path.length === 0 ? `the file ${rest}` : `${path.join(".")} ${rest}`];
}

/** Of the key a complaint is about, or of the innermost thing around it that is there. */
function offsetOf(document: Document, path: readonly string[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const parent: unknown = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1).map(index), true);
    const key = path[depth - 1]!;
    if (!isCollection(parent)) continue;
    for (const [i, item] of parent.items.entries()) {
      const node = item as Ranged & { readonly key?: Ranged & { readonly value?: unknown } };
      const named = node.key === undefined ? String(i) : String(node.key.value);
      if (named === key) return (node.key ?? node).range?.[0] ?? 0;
    }
  }
  return document.contents?.range?.[0] ?? 0;
}

interface Ranged {
  readonly range?: readonly number[] | null;
}

function isCollection(node: unknown): node is { readonly items: readonly unknown[] } {
  return typeof node === "object" && node !== null && Array.isArray((node as { items?: unknown }).items);
}

function index(part: string): string | number {
  return /^\d+$/.test(part) ? Number(part) : part;
}

function sentence(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, "");
}
