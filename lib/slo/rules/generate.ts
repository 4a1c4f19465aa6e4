/** An SLO file -> Prometheus rules, their unit tests, and what a person should know of both. Pure. */
import { remarks } from "../feasibility.ts";
import { windowsOf } from "../meter.ts";
import type { Slo, SloFile } from "../slo.ts";
import { type CompileOptions, compileSource, type Counters, type SourceRefusal } from "../source.ts";
import { alertGroup } from "./alerts.ts";
import { recordingGroups } from "./recording.ts";
import { type RuleGroup, yamlText } from "./rule.ts";
import { unitTests } from "./unit_tests.ts";

export interface Generated {
  /** Text of rules.yaml and of rules_test.yaml. */
  readonly rules: string;
  readonly tests: string;
  readonly slos: readonly { readonly slo: Slo; readonly notes: readonly string[]; readonly rules: number }[];
}

const HEAD = ["Written by sloctl slo rules. Change the SLO file and write it again."];

/** @throws UsageError naming the field of the SLO that Prometheus cannot count */
export function generateRules(file: SloFile, options: CompileOptions): Generated {
  const compiled = file.slos.map((slo, i) => ({ slo, counters: countersOf(file, slo, i, options) }));
  // The parts of a composite come first, as they are read within the same evaluation of a test.
  const ordered = [...compiled].sort((a, b) => Number(a.counters === null) - Number(b.counters === null));
  const built = ordered.map(({ slo, counters }) => ({
    slo,
    notes: [...(counters?.notes ?? []), ...remarks(slo)],
    groups: [
      ...recordingGroups({ file, slo, counters }, windowsOf(slo, file.slos)),
      alertGroup(file, slo, counters),
    ],
  }));
  const groups: RuleGroup[] = built.flatMap(({ groups }) => groups);
  const tests = unitTests(file, ordered, groups.map(({ name }) => name));
  return {
    rules: yamlText([...HEAD, ...headNotes(compiled)], { groups }),
    tests: yamlText([...HEAD, "Run it: promtool test rules rules_test.yaml", ...tests.notes], tests.document),
    slos: built.map(({ slo, notes, groups }) => ({
      slo,
      notes,
      rules: groups.reduce((sum, { rules }) => sum + rules.length, 0),
    })),
  };
}

function headNotes(compiled: readonly { slo: Slo; counters: Counters | null }[]): string[] {
  return compiled.flatMap(({ slo, counters }) => (counters?.notes ?? []).map((note) => `${slo.name}: ${note}`));
}

function countersOf(file: SloFile, slo: Slo, index: number, options: CompileOptions): Counters | null {
  if (slo.sli.kind === "composite") return null;
  const found = compileSource(slo, options);
  if (!isRefusal(found)) return found;
  throw file.refuse(index, found.field, found.state, found.hint);
}

function isRefusal(found: Counters | SourceRefusal): found is SourceRefusal {
  return "state" in found;
}
