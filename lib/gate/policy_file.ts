/** Text of a policy -> Policy, every complaint with its line and column. Pure. */
import { parseTimeMs } from "../model/time.ts";
import { readYaml, type YamlFile } from "../config/yaml.ts";
import {
  EVIDENCE_TYPES,
  type EvidenceSpec,
  type Gate,
  type Policy,
  type Profile,
  type Score,
  type Waiver,
} from "./policy.ts";
import { count, duration, flag, list, map, name, one, type Read, type Refuse, text, within } from "./policy_fields.ts";
import { type Defaults, readGate } from "./policy_gate.ts";
import { checkReferences } from "./policy_references.ts";

type Raw = Readonly<Record<string, unknown>>;
type Path = readonly (string | number)[];

/** As the schema gate-policy/v1 has it. */
interface PolicyDocument {
  readonly metadata: { readonly name: string; readonly version?: string | number; readonly gate_count?: number };
  readonly subject?: { readonly require?: readonly string[] };
  readonly defaults?: Raw;
  readonly evidence?: readonly Raw[];
  readonly gates: readonly Raw[];
  readonly profiles?: Readonly<Record<string, Raw>>;
  readonly score?: Raw;
  readonly waivers?: readonly Raw[];
  readonly canary?: Raw;
}

export interface PolicyFile {
  readonly policy: Policy;
  /** A complaint about a place in the file. */
  readonly refuse: YamlFile["refuse"];
}

/** @throws UsageError naming line and column of the first thing that is wrong, and what to write instead */
export function parsePolicy(source: string, fileName: string): PolicyFile {
  const file = readYaml(source, fileName, "gate-policy/v1");
  const document = file.value as PolicyDocument;
  const at = (...path: Path): Refuse => (state, hint) => file.refuse(path, state, hint);
  const defaults = readDefaults(document.defaults ?? {}, at);
  const policy: Policy = {
    name: document.metadata.name,
    version: String(document.metadata.version ?? ""),
    announced: document.metadata.gate_count ?? null,
    subject: document.subject?.require ?? [],
    evidence: (document.evidence ?? []).map((raw, i) => readEvidence(raw, (...path) => at("evidence", i, ...path))),
    gates: document.gates.map((raw, i): Gate =>
      readGate(raw, defaults, (key, state, hint) => file.refuse(["gates", i, key], state, hint))
    ),
    profiles: Object.fromEntries(
      Object.entries(document.profiles ?? {}).map(([key, raw]) => [key, readProfile(raw, at("profiles", key))]),
    ),
    score: document.score === undefined ? null : readScore(document.score, (...path) => at("score", ...path)),
    waivers: (document.waivers ?? []).map((raw, i) => readWaiver(raw, (...path) => at("waivers", i, ...path))),
    canary: document.canary ?? null,
  };
  checkReferences(policy, file.refuse);
  return { policy, refuse: file.refuse };
}

type At = (...path: Path) => Refuse;

/** Reads the keys of a mapping that may hold no others. */
function keysOf(raw: Raw, keys: readonly string[], at: At): <T>(key: string, read: Read<T>, otherwise: T) => T {
  const unknown = Object.keys(raw).find((key) => !keys.includes(key));
  if (unknown !== undefined) map(raw, keys, (_state, hint) => at(unknown)("is no key here", hint));
  return (key, read, otherwise) => raw[key] === undefined ? otherwise : read(raw[key], at(key));
}

function readDefaults(raw: Raw, at: At): Defaults {
  const keys = ["enforce", "on_inconclusive", "min_samples", "max_age", "max_missing", "series"];
  const get = keysOf(raw, keys, (...path) => at("defaults", ...path));
  get("series", one("exactly_one"), "exactly_one");
  return {
    enforce: get("enforce", one("block", "warn", "info"), "block"),
    onInconclusive: get("on_inconclusive", one("block", "warn"), "block"),
    minSamples: get<number | null>("min_samples", count(1), null),
    maxAgeMs: get<number | null>("max_age", duration, null),
    maxMissing: get("max_missing", within(0, 1), 0),
  };
}

/** Kinds of evidence that no file holds. */
const LIVE = ["prometheus", "bundle"];

function readEvidence(raw: Raw, at: At): EvidenceSpec {
  const keys = [
    "id",
    "type",
    "glob",
    "cluster",
    "unit",
    "path",
    "expect",
    "required",
    "provenance",
    "url",
    "timeout",
    "max_staleness",
  ];
  const get = keysOf(raw, keys, at);
  const type = one(...EVIDENCE_TYPES)(raw.type, at("type"));
  const glob = get<string | null>("glob", relative, null);
  if (glob === null && !LIVE.includes(type)) {
    throw at("id")("has no glob", "Say which files it is: glob: bench/*.jsonl");
  }
  get("cluster", one("run"), "run");
  get("required", flag, true);
  get<string | null>("url", text, null);
  get("timeout", duration, 0);
  get("max_staleness", duration, 0);
  return {
    id: name(raw.id, at("id")),
    type,
    glob,
    unit: get<string | null>("unit", text, null),
    path: get<string | null>("path", text, null),
    expect: get("expect", expected, { runs: null, files: null, scenarios: [] }),
    provenance: get<EvidenceSpec["provenance"]>("provenance", provenance, null),
  };
}

/** Inside the evidence folder, and nowhere else. */
const relative: Read<string> = (value, refuse) => {
  const glob = text(value, refuse);
  if (!glob.startsWith("/") && !glob.split("/").includes("..")) return glob;
  throw refuse(`is "${glob}", which leaves the evidence folder`, "Write a path below it");
};

const expected: Read<EvidenceSpec["expect"]> = (value, refuse) => {
  const { runs, files, scenarios = [] } = map(value, ["runs", "files", "scenarios"], refuse);
  const named = (key: string): Refuse => (state, hint) => refuse(`${key} ${state}`, hint);
  return {
    runs: runs === undefined ? null : count(1)(runs, named("runs")),
    files: files === undefined ? null : count(1)(files, named("files")),
    scenarios: list(name)(scenarios, named("scenarios")),
  };
};

const provenance: Read<EvidenceSpec["provenance"]> = (value, refuse) => {
  const found = map(value, ["manifest", "origin", "distinct_from", "per"], refuse);
  if (found.per !== undefined) one("scenario")(found.per, (state, hint) => refuse(`per ${state}`, hint));
  return {
    manifest: relative(found.manifest, (state, hint) => refuse(`manifest ${state}`, hint)),
    origin: found.origin === undefined ? null : one("measured")(found.origin, refuse),
    distinctFrom: found.distinct_from === undefined ? null : text(found.distinct_from, refuse),
  };
};

function readProfile(raw: Raw, refuse: Refuse): Profile {
  const { on_inconclusive, gates } = map(raw, ["on_inconclusive", "gates"], refuse);
  return {
    onInconclusive: on_inconclusive === undefined ? null : one("block", "warn")(on_inconclusive, refuse),
    gates: gates === undefined ? null : list(name, 1)(gates, refuse),
  };
}

function readScore(raw: Raw, at: At): Score {
  const get = keysOf(raw, ["weights", "pass", "grades", "min_coverage"], at);
  return {
    weights: get("weights", weights, {}),
    pass: get<number | null>("pass", within(0, 1), null),
    grades: [...get("grades", list(grade), [])].sort((a, b) => b[1] - a[1]),
    minCoverage: get("min_coverage", within(0, 1), 1),
  };
}

const weights: Read<Readonly<Record<string, number>>> = (value, refuse) => {
  const entries = Object.entries(map(value, Object.keys(value ?? {}), refuse));
  return Object.fromEntries(
    entries.map(([key, weight]) => [
      key,
      within(0, Infinity)(weight, (state, hint) => refuse(`${key} ${state}`, hint)),
    ]),
  );
};

const grade: Read<readonly [string, number]> = (value, refuse) => {
  if (!Array.isArray(value) || value.length !== 2) throw refuse("holds no pair", "Write [[A, 0.95], [B, 0.85]]");
  return [text(value[0], refuse), within(0, 1)(value[1], refuse)];
};

function readWaiver(raw: Raw, at: At): Waiver {
  const get = keysOf(raw, ["gate", "subject", "until", "reason", "signed_by"], at);
  const needed = (key: string) => get<string | null>(key, text, null) ?? text(undefined, at(key));
  const until = needed("until");
  if (Number.isNaN(parseTimeMs(until))) {
    throw at("until")(`is "${until}", which is no date`, "Write 2026-12-31, or 2026-12-31T12:00:00Z");
  }
  return {
    gate: needed("gate"),
    subject: needed("subject"),
    until,
    reason: needed("reason"),
    signedBy: needed("signed_by"),
  };
}
