/** The text of toolkit.yaml -> the values it sets, each with its place; or a refusal naming line and column. Pure. */
import { isAlias, isMap, isScalar, LineCounter, parseDocument } from "yaml";
import type { Document, Node, YAMLMap } from "yaml";
import { UsageError } from "../model/errors.ts";
import { nearest } from "../model/nearest.ts";
import { checkValue, type Refusal } from "./check.ts";
import { type Field, FIELDS, type Value } from "./fields.ts";

export const API_VERSION = "toolkit.llm-slo.dev/v1alpha1";
export const KIND = "ToolkitConfig";

/** One value the file sets, and where: `toolkit.yaml:7:3`. */
export interface FileValue {
  readonly value: Value;
  readonly place: string;
}

const HEADER: readonly Field[] = [
  { path: "apiVersion", type: "string", default: "", values: [API_VERSION], help: "" },
  { path: "kind", type: "string", default: "", values: [KIND], help: "" },
];

/** A secret may be given by the name of a file instead. */
const SECRET_FILES: readonly Field[] = FIELDS.filter((field) => field.secret === true)
  .map((field) => ({ path: `${field.path}_file`, type: "string", default: "", help: "" }));

const KNOWN = new Map([...HEADER, ...FIELDS, ...SECRET_FILES].map((field) => [field.path, field]));
const GROUPS = new Set([...KNOWN.keys()].filter((path) => path.includes(".")).map((path) => path.split(".")[0]!));

/**
 * What the file sets, by path. `name` is the file's name, for messages.
 *
 * @throws UsageError for the first thing that is wrong, naming its line and column.
 */
export function readConfigText(text: string, name: string): Map<string, FileValue> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "silent" });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { name, line: Math.max(1, line), col: Math.max(1, col) };
  };
  const [broken] = document.errors;
  if (broken !== undefined) {
    throw refuse(place(broken.pos[0]), { state: broken.message.split("\n")[0]!, hint: "Correct the YAML there" });
  }
  return new Reader(document, place).read(name);
}

interface Place {
  readonly name: string;
  readonly line: number;
  readonly col: number;
}

class Reader {
  readonly #found = new Map<string, FileValue>();

  constructor(private readonly document: Document, private readonly place: (offset: number) => Place) {}

  read(name: string): Map<string, FileValue> {
    const root = this.document.contents;
    if (!isMap(root)) {
      const state = root === null ? "it is empty" : "it is not a mapping";
      throw refuse({ name }, { state, hint: `Begin it with apiVersion: ${API_VERSION} and kind: ${KIND}` });
    }
    this.#map(root, "");
    for (const { path, values } of HEADER) {
      if (this.#found.has(path)) continue;
      throw refuse({ name }, { state: `${path} is missing`, hint: `Add ${path}: ${values![0]}` });
    }
    return this.#found;
  }

  #map(map: YAMLMap, prefix: string): void {
    for (const { key, value } of map.items) {
      const offset = (key as Node).range?.[0] ?? 0;
      const word = isScalar(key) ? String(key.value) : "?";
      const path = prefix + word;
      const node = this.#resolved(value as Node | null);
      if (GROUPS.has(path)) this.#group(node, path, offset);
      else this.#value(node, path, offset);
    }
  }

  /** A section that is there without content sets nothing. */
  #group(node: Node | null, path: string, offset: number): void {
    if (isMap(node)) return this.#map(node, `${path}.`);
    if (node === null || (isScalar(node) && node.value === null)) return;
    const at = this.place(node.range?.[0] ?? offset);
    throw refuse(at, { state: `${path} is not a mapping`, hint: `Write its keys below it, indented` });
  }

  #value(node: Node | null, path: string, offset: number): void {
    const field = KNOWN.get(path);
    if (field === undefined) throw refuse(this.place(offset), unknownKey(path));
    const at = this.place(node?.range?.[0] ?? offset);
    const checked = checkValue(field, node === null ? null : node.toJS(this.document));
    if ("refusal" in checked) {
      throw refuse(at, { ...checked.refusal, state: `${path}: ${checked.refusal.state}` });
    }
    this.#found.set(path, { value: checked.value, place: `${at.name}:${at.line}:${at.col}` });
  }

  #resolved(node: Node | null): Node | null {
    return isAlias(node) ? node.resolve(this.document) ?? null : node;
  }
}

function unknownKey(path: string): Refusal {
  const [group, key] = path.includes(".") ? path.split(".") as [string, string] : ["", path];
  const inGroup = [...KNOWN.keys()].filter((known) => known.startsWith(`${group}.`)).map((known) =>
    known.split(".")[1]!
  );
  const siblings = group === "" ? [...GROUPS, ...[...KNOWN.keys()].filter((known) => !known.includes("."))] : inGroup;
  const meant = nearest(key, siblings);
  return {
    state: `there is no key "${path}"`,
    hint: meant === undefined ? `Use one of: ${siblings.join(", ")}` : `Write "${meant}" if that is what you meant`,
  };
}

/** `place` without a line: the file as a whole. */
function refuse(place: Pick<Place, "name"> & Partial<Place>, { state, hint }: Refusal): UsageError {
  const where = place.line === undefined ? "" : ` line ${place.line}, column ${place.col}:`;
  return new UsageError(`Cannot read "${place.name}":${where} ${state}`, hint);
}
