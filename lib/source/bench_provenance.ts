/** provenance.json of a run and manifest.json of a baseline, of which older ones lack this and that. */
import type { BaselineManifest, RunProblem } from "../model/bench_run.ts";
import { doubledKey } from "../model/doubled_key.ts";
import { parseTimeMs } from "../model/time.ts";
import type { RunWindow } from "./raw_samples.ts";

/** null, or empty, where the file does not say. */
export interface RunProvenance {
  readonly commit: string;
  readonly synthetic: boolean;
  readonly host: string | null;
  readonly scenario: string | null;
  /** By file name, hex. */
  readonly files: Readonly<Record<string, string>>;
  /** Why overhead was not measured; null where it was, or nothing is said. */
  readonly overheadUnmeasured: string | null;
  readonly window: RunWindow | null;
  /** How many runs were to be made of this scenario. */
  readonly planned: number | null;
  readonly problems: readonly RunProblem[];
}

const NOTHING: RunProvenance = {
  commit: "",
  synthetic: false,
  host: null,
  scenario: null,
  files: {},
  overheadUnmeasured: null,
  window: null,
  planned: null,
  problems: [],
};

/** @param text null where there is no such file, which blocks nothing: older runs have none */
export function parseProvenance(text: string | null, path: string): RunProvenance {
  if (text === null) return NOTHING;
  const value = object(text);
  if (value === null) {
    const sentence = `"${path}": not a JSON object that says each key once`;
    return { ...NOTHING, problems: [{ verdict: "not-evaluated", reason: "unreadable", sentence }] };
  }
  const digests = record(value.digests);
  const overhead = record(value.overhead);
  const [startMs, endMs] = [value.started, value.finished].map((at) => parseTimeMs(String(at))) as [number, number];
  const planned = record(value.runs).planned;
  return {
    commit: word(value.commit) ?? "",
    synthetic: value.synthetic === true || value.origin === "synthetic",
    host: digest(digests.host_sha256 ?? value.host_sha256),
    scenario: digest(digests.scenario_sha256 ?? value.scenario_sha256),
    files: Object.fromEntries(
      Object.entries(digests).flatMap(([name, hex]) => {
        const known = name.includes(".") ? digest(hex) : null;
        return known === null ? [] : [[name, known]];
      }),
    ),
    overheadUnmeasured: overhead.measured === false ? word(overhead.reason) ?? "not measured" : null,
    window: startMs <= endMs ? { startMs, endMs } : null,
    planned: Number.isInteger(planned) && (planned as number) > 0 ? planned as number : null,
    problems: [],
  };
}

/** null for what is no JSON object. At the root, `scenario_sha256` may be a map by scenario. */
export function parseManifest(text: string, scenario: string): BaselineManifest | null {
  const value = object(text);
  if (value === null) return null;
  const { scenario_sha256: of } = value;
  return {
    source_ref: word(value.source_ref),
    source_commit: word(value.source_commit),
    generated_at: word(value.generated_at),
    origin: word(value.origin),
    host_sha256: digest(value.host_sha256),
    scenario_sha256: digest(typeof of === "object" ? record(of)[scenario] : of),
  };
}

function object(text: string): Record<string, unknown> | null {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) && doubledKey(text) === null
      ? value
      : null;
  } catch {
    return null;
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

function word(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Lower case, without the name of its kind. */
function digest(value: unknown): string | null {
  return word(value)?.replace(/^sha256:/, "").toLowerCase() ?? null;
}
