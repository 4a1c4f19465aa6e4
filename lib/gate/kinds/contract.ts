/**
 * A surface that others rely on (events, metrics, flags, files) beside that of an earlier release. Pure.
 *
 * A surface: {schema: "surface/v1", version: "1.4.0", count: 2, items: {name: anything, other: {deprecated_in: "1.2.0"}}}. `count` is
 * there so that an item that is gone cannot pass for one that never was.
 */
import type { Case, Evidence } from "../evidence.ts";
import { undecided } from "../finding.ts";
import type { Judgement } from "../judgement.ts";
import type { Gate } from "../policy.ts";

type Contract = Extract<Gate, { kind: "contract" }>;

interface Surface {
  readonly version: readonly [major: number, minor: number];
  readonly items: Readonly<Record<string, unknown>>;
}

export function judgeContract(gate: Contract, evidence: Evidence, { documents }: Case): Judgement {
  const limit = `changes: ${gate.allow.join(", ") || "none"}`;
  const [file] = evidence.files;
  const [now, before] = [readSurface(file?.document), readSurface(documents.get(gate.baseline))];
  for (const [what, surface] of [[file?.path ?? gate.surface, now], [gate.baseline, before]] as const) {
    if (typeof surface === "string") return undecided("not-evaluated", "no-surface", `${what} ${surface}`, limit);
  }
  const [ours, theirs] = [now, before] as [Surface, Surface];
  const same = (name: string) => canonical(ours.items[name]) === canonical(theirs.items[name]);
  const added = Object.keys(ours.items).filter((name) => !Object.hasOwn(theirs.items, name));
  const removed = Object.keys(theirs.items).filter((name) => !Object.hasOwn(ours.items, name));
  const changed = Object.keys(theirs.items).filter((name) => Object.hasOwn(ours.items, name) && !same(name));
  const allowed = (kind: "add" | "change" | "remove") => gate.allow.includes(kind);
  const refused = [
    ...(allowed("add") ? [] : added.map((name) => `added ${name}`)),
    ...(allowed("change") ? [] : changed.map((name) => `changed ${name}`)),
    ...removed.filter((name) => !allowed("remove") && !isDue(theirs.items[name], ours.version, gate.deprecateMinors))
      .map((name) => `removed ${name}`),
  ];
  const n = Object.keys(theirs.items).length;
  const base = { value: refused.length, limit, n, interval: null, method: "surface" };
  const seen = `${added.length} added, ${changed.length} changed, ${removed.length} removed of ${n}`;
  if (refused.length === 0) return { ...base, verdict: "pass", reason: null, said: seen };
  const more = refused.length > 5 ? ` and ${refused.length - 5} more` : "";
  return { ...base, verdict: "fail", reason: "changed", said: `${refused.slice(0, 5).join(", ")}${more} (${seen})` };
}

/** What is wrong with it, in words, where something is. */
function readSurface(document: unknown): Surface | string {
  if (document === undefined) return "is not there";
  if (typeof document !== "object" || document === null) return "is no surface/v1";
  const { schema, version, count, items } = document as Readonly<Record<string, unknown>>;
  if (schema !== "surface/v1") return `says schema ${JSON.stringify(schema ?? null)}, not surface/v1`;
  const [, major, minor] = /^v?(\d+)\.(\d+)\.\d+/.exec(String(version)) ?? [];
  if (minor === undefined) return "says no version such as 1.4.0";
  if (typeof items !== "object" || items === null || Array.isArray(items)) return "holds no items";
  const found = Object.keys(items).length;
  if (found === 0) return "holds no items";
  if (count !== found) return `says count ${JSON.stringify(count ?? null)} and holds ${found} items`;
  return { version: [Number(major), Number(minor)], items: items as Record<string, unknown> };
}

/** Deprecated so many minor releases ago that it may go; a major release may drop what was deprecated at all. */
function isDue(item: unknown, [major, minor]: readonly [number, number], minors: number | null): boolean {
  if (minors === null || typeof item !== "object" || item === null) return false;
  const [, from, since] = /^v?(\d+)\.(\d+)/.exec(String((item as Record<string, unknown>).deprecated_in ?? "")) ?? [];
  if (since === undefined) return false;
  return major > Number(from) || (major === Number(from) && minor - Number(since) >= minors);
}

/** Members in the order of their names: how a file is written is no change. Being deprecated is none either: it is a notice. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (key, member: unknown) => {
    if (key === "deprecated_in") return undefined;
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => a < b ? -1 : 1));
  }) ?? "";
}
