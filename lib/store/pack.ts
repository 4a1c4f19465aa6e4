/**
 * Values as JSON says them, and back without loss: whole numbers beyond 2^53, bytes, NaN, and which numbers came as doubles. What JSON
 * has no word for becomes an object with one key that begins with "$"; an object that has such a key of its own is written as a list.
 */
import { DOUBLES } from "../model/span.ts";

type Doubles = { readonly [DOUBLES]?: ReadonlySet<string> };

/** The same value where there is nothing to say differently. */
export function pack(value: unknown): unknown {
  if (typeof value === "bigint") return { $n: String(value) };
  if (typeof value === "number") return isPlain(value) ? value : { $f: Object.is(value, -0) ? "-0" : String(value) };
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return { $b: value.toBase64() };
  const marked = (value as Doubles)[DOUBLES];
  const packed = Array.isArray(value) ? packList(value) : packObject(value as Record<string, unknown>);
  return marked === undefined ? packed : { $d: [...marked], $v: packed };
}

/** @param value as JSON.parse gave it; it is used up @throws TypeError when `pack` did not write it */
export function unpack(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = unpack(value[i]);
    return value;
  }
  const object = value as Record<string, unknown>;
  for (const key in object) {
    if (key.charCodeAt(0) === 0x24) return untag(object);
    const member = object[key];
    if (typeof member === "object") object[key] = unpack(member);
  }
  return object;
}

function isPlain(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}

function packList(list: readonly unknown[]): unknown[] {
  let out: unknown[] | null = null;
  for (let i = 0; i < list.length; i++) {
    const packed = pack(list[i]);
    if (packed !== list[i] && out === null) out = list.slice(0, i);
    out?.push(packed);
  }
  return out ?? list as unknown[];
}

function packObject(object: Record<string, unknown>): unknown {
  let out: Record<string, unknown> | null = null;
  for (const key in object) {
    if (key.charCodeAt(0) === 0x24 || key === "__proto__") {
      return { $o: Object.entries(object).map(([name, member]) => [name, pack(member)]) };
    }
    const packed = pack(object[key]);
    if (packed === object[key]) continue;
    out ??= { ...object };
    out[key] = packed;
  }
  return out ?? object;
}

function untag(tagged: Record<string, unknown>): unknown {
  if (typeof tagged.$n === "string") return BigInt(tagged.$n);
  if (typeof tagged.$f === "string") return Number(tagged.$f);
  if (typeof tagged.$b === "string") return Uint8Array.fromBase64(tagged.$b);
  if (Array.isArray(tagged.$o)) {
    return Object.fromEntries((tagged.$o as [string, unknown][]).map(([key, member]) => [key, unpack(member)]));
  }
  if (Array.isArray(tagged.$d)) {
    const value = unpack(tagged.$v) as { [DOUBLES]?: Set<string> };
    value[DOUBLES] = new Set(tagged.$d as string[]);
    return value;
  }
  throw new TypeError(`no value has the keys ${Object.keys(tagged).join(", ").slice(0, 80)}`);
}
