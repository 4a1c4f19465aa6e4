/** Values of a gate that are mappings themselves: their keys, and what each may be. Pure. */
import type { ArtifactRequirements } from "./policy.ts";
import { count, flag, list, map, name, number, one, type Read, type Refuse, text, within } from "./policy_fields.ts";

export const ratio: Read<{ good: string; total: string }> = (value, refuse) => {
  const { good, total } = map(value, ["good", "total"], refuse);
  return { good: name(good, named(refuse, "good")), total: name(total, named(refuse, "total")) };
};

export const margin: Read<{ rel: number; abs: number }> = (value, refuse) => {
  const { rel = 0, abs = 0 } = map(value, ["rel", "abs"], refuse);
  const read = within(0, Infinity);
  return { rel: read(rel, named(refuse, "rel")), abs: read(abs, named(refuse, "abs")) };
};

export const relOrAbs: Read<{ rel: number } | { abs: number }> = (value, refuse) => {
  const found = map(value, ["rel", "abs"], refuse);
  if (Object.keys(found).length !== 1) throw refuse("is not one of rel and abs", "Write {rel: 0.05}");
  return found.rel === undefined
    ? { abs: number(found.abs, named(refuse, "abs")) }
    : { rel: number(found.rel, named(refuse, "rel")) };
};

export const resampling: Read<{ replicates: number; seed: number }> = (value, refuse) => {
  const ci = map(value, ["method", "cluster", "B", "seed"], refuse);
  if (ci.method !== undefined) one("cluster_percentile")(ci.method, named(refuse, "method"));
  if (ci.cluster !== undefined) one("run")(ci.cluster, named(refuse, "cluster"));
  return {
    replicates: ci.B === undefined
      ? 2000
      : count(100)(within(100, 100_000)(ci.B, named(refuse, "B")), named(refuse, "B")),
    seed: ci.seed === undefined ? 42 : count(0)(ci.seed, named(refuse, "seed")),
  };
};

export const expectation: Read<{ outcome: "pass" | "rejected"; minTrials: number }> = (value, refuse) => {
  const { outcome, min_trials = 1 } = map(value, ["outcome", "min_trials"], refuse);
  return {
    outcome: one("pass", "rejected")(outcome, named(refuse, "outcome")),
    minTrials: count(1)(min_trials, named(refuse, "min_trials")),
  };
};

export const consecutive: Read<number> = (value, refuse) =>
  count(1)(map(value, ["consecutive"], refuse).consecutive, named(refuse, "consecutive"));

export const dimensions: Read<Readonly<Record<string, readonly string[]>>> = (value, refuse) => {
  if (typeof value !== "object" || value === null || Array.isArray(value) || Object.keys(value).length === 0) {
    throw refuse("names no dimension", "Write {arch: [x86_64, arm64]}");
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, cells]) => [key, list(text, 1)(cells, named(refuse, key))]),
  );
};

export const requirements: Read<ArtifactRequirements> = (value, refuse) => {
  const keys = ["components_min", "subject_match", "keys", "equals", "all_equal", "headings"];
  const found = map(value, keys, refuse);
  // Presence is no content: an artefact gate has to ask for something.
  if (Object.keys(found).length === 0) throw refuse("asks for nothing", `Write one or more of ${keys.join(", ")}`);
  const read = <T>(key: string, read: Read<T>, otherwise: T) =>
    found[key] === undefined ? otherwise : read(found[key], named(refuse, key));
  return {
    componentsMin: read("components_min", count(1), null),
    subjectMatch: read("subject_match", flag, false),
    keys: read("keys", list(text, 1), []),
    equals: read("equals", scalars, {}),
    allEqual: read("all_equal", list(text, 2), []),
    headings: read("headings", list(text, 1), []),
  };
};

const scalars: Read<Readonly<Record<string, string | number | boolean>>> = (value, refuse) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refuse("is no mapping", "Write {key: value}");
  }
  for (const [key, member] of Object.entries(value)) {
    if (!["string", "number", "boolean"].includes(typeof member)) throw refuse(`${key} is no plain value`, "Write one");
  }
  return value as Record<string, string | number | boolean>;
};

function named(refuse: Refuse, key: string): Refuse {
  return (state, hint) => refuse(`${key} ${state}`, hint);
}
