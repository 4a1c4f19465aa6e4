/** What the parts of a policy say of one another: every name resolves, and none twice. Pure. */
import type { YamlFile } from "../config/yaml.ts";
import { nearest } from "../model/nearest.ts";
import type { EvidenceType, Gate, Policy } from "./policy.ts";

type RefuseAt = YamlFile["refuse"];

/** Evidence that is rows with numbers in them. */
const ROWS: readonly EvidenceType[] = [
  "raw-samples/v1",
  "overhead-csv/v1",
  "correlation/v1",
  "attribution/v1",
  "report-import/v1",
  "scenario-result/v1",
];

/** @throws UsageError */
export function checkReferences(policy: Policy, refuse: RefuseAt): void {
  unique(policy.gates.map(({ id }) => id), (i) => ["gates", i, "id"], refuse);
  unique(policy.evidence.map(({ id }) => id), (i) => ["evidence", i, "id"], refuse);
  const gates = policy.gates.map(({ id }) => id);
  policy.gates.forEach((gate, i) =>
    checkGate(gate, policy, (key, state, hint) => refuse(["gates", i, key], state, hint))
  );
  for (const [name, profile] of Object.entries(policy.profiles)) {
    for (const gate of profile.gates ?? []) {
      known(gate, gates, "gate", (state, hint) => refuse(["profiles", name, "gates"], state, hint));
    }
  }
  policy.waivers.forEach(({ gate }, i) =>
    known(gate, gates, "gate", (state, hint) => refuse(["waivers", i, "gate"], state, hint))
  );
  const looped = policy.gates.findIndex((gate) => reaches(gate.id, gate.id, policy.gates, new Set()));
  if (looped >= 0) throw refuse(["gates", looped, "gates"], "lead back to itself", "Take it out of its own list");
}

function checkGate(gate: Gate, policy: Policy, refuse: (key: string, state: string, hint: string) => Error): void {
  const evidence = (id: string, key: string, types: readonly EvidenceType[]) => {
    known(id, policy.evidence.map((one) => one.id), "evidence", (state, hint) => refuse(key, state, hint));
    const { type } = policy.evidence.find((one) => one.id === id)!;
    if (!types.includes(type)) {
      throw refuse(key, `is of type ${type}`, `A ${gate.kind} gate wants ${types.join(" or ")}`);
    }
  };
  switch (gate.kind) {
    case "threshold":
    case "trend":
    case "variance":
    case "determinism":
      return evidence(gate.evidence, "evidence", ROWS);
    case "regression":
      for (const id of gate.evidence) evidence(id, "evidence", ROWS);
      if (gate.evidence[0] === gate.evidence[1]) {
        throw refuse("evidence", "compares a thing with itself", "Write [candidate, baseline]");
      }
      return;
    case "scenario":
      return evidence(gate.evidence, "evidence", ["scenario-result/v1"]);
    case "contract":
      return evidence(gate.surface, "surface", ["surface/v1"]);
    case "artifact":
      return evidence(gate.evidence, "evidence", [...ROWS, "surface/v1"]);
    case "coverage": {
      const of = policy.gates.find(({ id }) => id === gate.of);
      if (of !== undefined) {
        if (of.kind === "scenario") return;
        throw refuse("of", `is a gate of kind ${of.kind}`, "Name a scenario gate, or its evidence");
      }
      return evidence(gate.of, "of", ["scenario-result/v1"]);
    }
    case "all_of":
      for (const id of gate.gates) {
        known(id, policy.gates.map((one) => one.id), "gate", (state, hint) => refuse("gates", state, hint));
      }
      return;
    case "canary":
      if (policy.canary === null) throw refuse("ref", "refers to no canary", "Write a canary: section");
  }
}

function known(id: string, ids: readonly string[], what: string, refuse: (state: string, hint: string) => Error): void {
  if (ids.includes(id)) return;
  const meant = nearest(id, ids);
  const hint = meant === undefined ? `There are: ${ids.join(", ") || "none"}` : `Did you mean ${meant}?`;
  throw refuse(`names the ${what} "${id}", which is not declared`, hint);
}

function unique(ids: readonly string[], path: (i: number) => (string | number)[], refuse: RefuseAt): void {
  ids.forEach((id, i) => {
    if (ids.indexOf(id) < i) throw refuse(path(i), `is "${id}" again`, "Give each an id of its own");
  });
}

function reaches(from: string, to: string, gates: readonly Gate[], seen: Set<string>): boolean {
  const gate = gates.find(({ id }) => id === from);
  if (gate?.kind !== "all_of") return false;
  return gate.gates.some((next) => {
    if (next === to) return true;
    if (seen.has(next)) return false;
    seen.add(next);
    return reaches(next, to, gates, seen);
  });
}
