/** The part of an SLO that says what a good event is. Pure. */
import { checkLabels } from "./labels.ts";
import { decimal } from "./literal.ts";
import { parsePredicate, type Predicate } from "./predicate.ts";
import { counterProblem } from "./promql.ts";
import type { Decimal, Sli, Source } from "./slo.ts";
import type { Refuse, SliEntry } from "./slo_file.ts";

const FORMS = "Write a predicate (sli: ttft_ms <= 800ms), or good and total";

export function readSli(entry: string | SliEntry, refuse: Refuse): Sli {
  if (typeof entry === "string") return { kind: "events", predicate: predicate(entry, ["sli"], refuse), source: NONE };
  if (entry.parts !== undefined) return composite(entry, refuse);
  if (entry.predicate === undefined && entry.good === undefined && entry.total === undefined) {
    throw refuse(["sli"], "says nothing of what is good", FORMS);
  }
  const lone = entry.good === undefined ? "total" : "good";
  if ((entry.good === undefined) !== (entry.total === undefined)) {
    throw refuse(["sli", lone], `stands without ${lone === "good" ? "total" : "good"}`, "Give both counters");
  }
  for (const field of ["good", "total"] as const) {
    const problem = entry[field] === undefined ? null : counterProblem(entry[field]);
    if (problem !== null) throw refuse(["sli", field], problem.state, problem.hint);
  }
  for (const field of ["metric", "bounds", "labels"] as const) {
    if (entry[field] === undefined) continue;
    if (entry.good !== undefined) throw refuse(["sli", field], "stands beside good and total", "Keep one of the two");
  }
  if (entry.bounds !== undefined && entry.metric === undefined) {
    throw refuse(["sli", "bounds"], "stands without metric", "Name the histogram whose bounds they are");
  }
  checkLabels(entry.labels ?? {}, (label, state, hint) => refuse(["sli", "labels", label], state, hint));
  return {
    kind: "events",
    predicate: entry.predicate === undefined ? null : predicate(entry.predicate, ["sli", "predicate"], refuse),
    source: {
      metric: entry.metric ?? null,
      bounds: entry.bounds === undefined ? null : bounds(entry.bounds, refuse),
      labels: entry.labels ?? {},
      good: entry.good ?? null,
      total: entry.total ?? null,
    },
  };
}

const NONE: Source = { metric: null, bounds: null, labels: {}, good: null, total: null };

function predicate(text: string, field: readonly string[], refuse: Refuse): Predicate {
  const parsed = parsePredicate(text);
  if ("state" in parsed) throw refuse(field, parsed.state, parsed.hint);
  return parsed;
}

function bounds(entry: readonly (string | number)[], refuse: Refuse): Decimal[] {
  const found = entry.map((value, i) => {
    const bound = decimal(value);
    if (bound === null) throw refuse(["sli", "bounds", i], `is "${value}", which is no decimal`, "Leave +Inf out");
    return bound;
  });
  const wrong = found.findIndex((bound, i) => i > 0 && bound.n * found[i - 1]!.d <= found[i - 1]!.n * bound.d);
  if (wrong >= 0) throw refuse(["sli", "bounds", wrong], "is not above the one before it", "Sort them");
  return found;
}

function composite(entry: SliEntry, refuse: Refuse): Sli {
  const more = Object.keys(entry).find((key) => key !== "parts");
  if (more !== undefined) throw refuse(["sli", more], "stands beside parts", "Keep one of the two");
  return {
    kind: "composite",
    parts: entry.parts!.map(({ slo, weight }, i) => {
      const found = decimal(weight);
      if (found === null || found.n <= 0n) {
        throw refuse(
          ["sli", "parts", i, "weight"],
          `is "${weight}", which is no positive decimal`,
          'Write it as "0.5"',
        );
      }
      return { slo, weight: found };
    }),
  };
}
