/** Which of our schemas a document is meant to follow: by what it says, else by its keys. */
import { type SchemaName, SCHEMAS } from "../model/schema/mod.ts";

/** What a schema says of a document's own keys, references followed. */
interface Shape {
  readonly name: SchemaName;
  readonly required: readonly string[];
  readonly known: ReadonlySet<string>;
  /** The only values of a key, where there are only some. */
  readonly values: ReadonlyMap<string, ReadonlySet<unknown>>;
  /** What `schema` must say, where it must say something. */
  readonly says: string | undefined;
}

interface Node {
  readonly $id?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** A schema is data to us here, of a looser type than TypeScript infers from the files. */
const ROOTS = SCHEMAS as unknown as Readonly<Record<SchemaName, Node>>;

/** Less than this share of a schema's required keys, and a document was hardly meant to follow it. */
const LEAST_SHARE = 0.5;

/** `known`: the schema meant. `unknown`: the document names one that we do not have. Null: nothing is like it. */
export type Detected = { readonly known: SchemaName } | { readonly unknown: string } | null;

/** Kinds of payload that a line {kind, payload} may wrap and that we have a schema for. */
const WRAPPED = new Set(["slo", "probe", "incident"]);

export function detectSchema(document: unknown): Detected {
  if (document === null || typeof document !== "object" || Array.isArray(document)) return null;
  const own = document as Readonly<Record<string, unknown>>;
  if (typeof own.schema === "string") {
    const said = shapes().find(({ name, says }) => says === own.schema || name === own.schema);
    return said === undefined ? { unknown: own.schema } : { known: said.name };
  }
  const keys = Object.keys(own);
  let best: Shape | undefined;
  let bestFit = 0;
  for (const shape of shapes()) {
    const { required, known, values } = shape;
    const share = required.filter((key) => keys.includes(key)).length / required.length;
    if (required.length === 0 || share < LEAST_SHARE) continue;
    // Strangers count against a schema: of two versions the one that knows every key and word is meant, and the older of two that do.
    const strange = (key: string) => !known.has(key) || values.get(key)?.has(own[key]) === false;
    const fit = share - keys.filter(strange).length / keys.length;
    if (best === undefined || fit > bestFit) [best, bestFit] = [shape, fit];
  }
  return best === undefined ? null : { known: best.name };
}

/** The document inside a line {kind, payload}, or undefined where there is none we can judge. */
export function wrapped(document: unknown): unknown {
  const { kind, payload } = document as { readonly kind?: unknown; readonly payload?: unknown };
  return typeof kind === "string" && WRAPPED.has(kind) ? payload : undefined;
}

let cache: readonly Shape[] | undefined;

function shapes(): readonly Shape[] {
  cache ??= (Object.keys(SCHEMAS) as SchemaName[]).map((name) => {
    const chain = [...references(ROOTS[name])];
    const says = (chain[0]?.properties?.schema as { readonly const?: unknown } | undefined)?.const;
    return {
      name,
      required: chain.flatMap((node) => node.required ?? []),
      known: new Set(chain.flatMap((node) => Object.keys(node.properties ?? {}))),
      values: new Map(
        chain.flatMap((node) => Object.entries(node.properties ?? {})).flatMap(([key, property]) => {
          const { enum: words } = property as { readonly enum?: readonly unknown[] };
          return words === undefined ? [] : [[key, new Set(words)]];
        }),
      ),
      says: typeof says === "string" ? says : undefined,
    };
  });
  return cache;
}

/** The schema and whatever it refers to at its top, nearest first. */
function* references(root: Node): Generator<Node> {
  for (let node: Node | undefined = root, home = root; node !== undefined;) {
    yield node;
    if (node.$ref === undefined) return;
    const [id, pointer = ""] = node.$ref.split("#") as [string, string?];
    if (id !== "") home = Object.values(ROOTS).find((schema) => schema.$id === id) ?? home;
    node = pointer.startsWith("/$defs/") ? home.$defs?.[pointer.slice("/$defs/".length)] : home;
  }
}
