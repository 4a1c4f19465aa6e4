/** What if? Objectives and limits asked for on the command line, in place of those of the SLO file. */
import { UsageError } from "../model/errors.ts";
import { nearest } from "../model/nearest.ts";
import { readObjective, type SloEntry } from "../slo/slo_file.ts";

export interface Change {
  /** By SLO name; "" is every SLO. */
  readonly objectives: ReadonlyMap<string, string>;
  readonly limits: ReadonlyMap<string, string>;
}

/** @param objectives `NAME=0.999`, or `0.999` for every SLO; @param limits `NAME=500ms`. @throws UsageError */
export function parseChange(objectives: readonly string[], limits: readonly string[]): Change {
  const found = (flag: string, items: readonly string[]) =>
    new Map(items.map((item): [string, string] => {
      const [, name = "", value] = /^(?:([^=]*)=)?([^=]+)$/.exec(item) ?? [];
      if (value === undefined || (flag === "limit" && name === "")) {
        throw new UsageError(
          `Cannot use "--${flag} ${item}": it is no NAME=VALUE`,
          flag === "limit" ? "Write --limit ttft-p95=500ms" : "Write --objective errors=0.9995",
        );
      }
      return [name.trim(), value.trim()];
    }));
  const change = { objectives: found("objective", objectives), limits: found("limit", limits) };
  for (const value of change.objectives.values()) {
    readObjective(value, "it", (_field, state, hint) => {
      return new UsageError(`Cannot use "--objective ${value}": it ${state}`, hint);
    });
  }
  return change;
}

export function isChanged({ objectives, limits }: Change, name: string): boolean {
  return objectives.has("") || objectives.has(name) || limits.has(name);
}

/** Every name must be one of the file. @throws UsageError */
export function checkNames({ objectives, limits }: Change, names: readonly string[]): void {
  for (const [flag, map] of [["objective", objectives], ["limit", limits]] as const) {
    for (const name of map.keys()) {
      if (name === "" || names.includes(name)) continue;
      const meant = nearest(name, names);
      throw new UsageError(
        `Cannot use "--${flag} ${name}=...": the file has no SLO of that name`,
        meant === undefined ? `Use one of: ${names.join(", ")}` : `Write ${meant} if that is what you meant`,
      );
    }
  }
}

/** The entry of the file as it would be. @throws UsageError */
export function changed({ objectives, limits }: Change): (entry: SloEntry) => SloEntry {
  return (entry) => {
    const objective = objectives.get(entry.name) ?? objectives.get("") ?? entry.objective;
    const limit = limits.get(entry.name);
    return { ...entry, objective, sli: limit === undefined ? entry.sli : withLimit(entry, limit) };
  };
}

const LIMIT = /(<=|≤|>=|≥)\s*[^\s∧&]+(?:\s(?!and\b)[^\s∧&]+)?/gi;

function withLimit({ name, sli }: SloEntry, limit: string): SloEntry["sli"] {
  const text = typeof sli === "string" ? sli : sli.predicate;
  if (text === undefined || text.match(LIMIT)?.length !== 1) {
    throw new UsageError(
      `Cannot use "--limit ${name}=${limit}": ${name} has no predicate with just one limit`,
      "Change the SLO file instead, and check that",
    );
  }
  const predicate = text.replace(LIMIT, (_all, operator: string) => `${operator} ${limit}`);
  return typeof sli === "string" ? predicate : { ...sli, predicate };
}
