/**
 * How Prometheus counts the good and all events of an SLO: the file's own counters, one bucket of a histogram, or the counters the
 * collector keeps per SLO. A limit off the bucket bounds is refused or moved, never interpolated. Pure.
 */
import { HISTOGRAMS } from "../model/histograms.ts";
import { fraction } from "../stats/decimal.ts";
import { type CompileOptions, leMatcher, snapped, spellings, translated } from "./bucket.ts";
import { times } from "./literal.ts";
import type { Term } from "./predicate.ts";
import { counterProblem, type Matcher, parseSelector, type Selector, selectorText } from "./promql.ts";
import type { Slo, Source } from "./slo.ts";

/** Selectors of counters, or expressions with [$window]. */
export interface Counters {
  readonly good: string;
  readonly total: string;
  /** What a reader of the rules should know of how they count. */
  readonly notes: string[];
}

export interface SourceRefusal {
  /** Below the SLO in its file. */
  readonly field: readonly string[];
  readonly state: string;
  readonly hint: string;
}

export { type CompileOptions, NAME_STYLES, type NameStyle } from "./bucket.ts";

/** The collector's own: one pair of counters for every SLO it judges. */
export const EVENT_COUNTERS = { good: "llm_slo_good_events_total", total: "llm_slo_events_total" } as const;

/** Of an SLO that is no composite. */
export function compileSource(slo: Slo, options: CompileOptions): Counters | SourceRefusal {
  if (slo.sli.kind === "composite") throw new TypeError(`Cannot count "${slo.name}": it is a composite`);
  const { source, predicate } = slo.sli;
  if (source.good !== null && source.total !== null) return given(source.good, source.total, options);
  if (predicate === null) {
    return refuse(["sli"], "has neither a predicate nor good and total", "Write sli: ttft_ms <= 800ms");
  }
  const [term, ...more] = predicate.terms;
  const single = term !== undefined && more.length === 0 && !predicate.statusOk ? term : null;
  const metric = source.metric ?? single?.kind.metric ?? null;
  if (metric !== null && metric !== EVENT_COUNTERS.total) {
    if (single === null) {
      return refuse(
        ["sli", "metric"],
        `counts one limit, and "${predicate.text}" has several: they cannot be told apart in a histogram`,
        `Leave metric out: the collector counts such requests (${EVENT_COUNTERS.total})`,
      );
    }
    return bucket(single, metric, source, options);
  }
  const unmeasured = predicate.terms.find(({ kind }) => kind.sli === null);
  if (unmeasured !== undefined) {
    return refuse(
      ["sli"],
      `speaks of ${unmeasured.kind.id}, which no metric counts and no span measures`,
      "Give good and total, or a definition id that spans measure, such as server.ttft",
    );
  }
  const matchers: Matcher[] = [
    { label: "service", op: "=", value: slo.service },
    { label: "slo", op: "=", value: slo.name },
    ...matchersOf(source.labels),
  ];
  const counter = (metric: string) => selectorText({ metric, matchers });
  return { good: counter(EVENT_COUNTERS.good), total: counter(EVENT_COUNTERS.total), notes: [] };
}

function matchersOf(labels: Readonly<Record<string, string>>): Matcher[] {
  return Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1)
    .map(([label, value]) => ({ label, op: "=", value }));
}

function given(good: string, total: string, options: CompileOptions): Counters | SourceRefusal {
  const counters: string[] = [];
  const notes: string[] = [];
  for (const [field, text] of [["good", good], ["total", total]] as const) {
    const problem = counterProblem(text);
    if (problem !== null) return refuse(["sli", field], `${problem.state}`, problem.hint);
    const selector = parseSelector(text);
    if (selector === null) counters.push(text.trim());
    else {
      const checked = boundInSelector(selector, field, options);
      if ("state" in checked) return checked;
      counters.push(selectorText(checked.selector));
      notes.push(...checked.notes);
    }
  }
  return { good: counters[0]!, total: counters[1]!, notes };
}

/** `le="1"` also finds what a client wrote as 1.0; where the bounds are known, it has to be one. */
function boundInSelector(
  selector: Selector,
  field: string,
  options: CompileOptions,
): { selector: Selector; notes: string[] } | SourceRefusal {
  const notes: string[] = [];
  const histogram = HISTOGRAMS.find((h) => spellings(h).includes(selector.metric.replace(/_bucket$/, "")));
  const matchers: Matcher[] = [];
  for (const matcher of selector.matchers) {
    const value = matcher.label === "le" && matcher.op === "=" ? fraction(matcher.value) : null;
    if (value === null) {
      matchers.push(matcher);
      continue;
    }
    const bound = histogram === undefined ? { bound: value, note: null } : snapped(value, histogram, options);
    if ("state" in bound) return { ...bound, field: ["sli", field] };
    if (bound.note !== null) notes.push(bound.note);
    matchers.push(leMatcher(bound.bound));
  }
  return { selector: { ...selector, matchers }, notes };
}

function bucket(term: Term, name: string, source: Source, options: CompileOptions): Counters | SourceRefusal {
  const base = name.replace(/_bucket$/, "");
  const known = HISTOGRAMS.find((h) => h.name === base || spellings(h).includes(base));
  const unit = known?.unit ?? (/_seconds$/.test(base) ? "s" : /_(ms|milliseconds)$/.test(base) ? "ms" : null);
  if (unit === null || (known === undefined && source.bounds === null)) {
    return refuse(
      ["sli", "metric"],
      unit === null ? `"${name}" does not say its unit` : `"${name}" has bucket bounds that are not known here`,
      unit === null ? "Give good and total instead" : "Add bounds: [...], its upper bounds in its unit",
    );
  }
  if (term.kind.unit !== "ms") {
    return refuse(["sli", "metric"], `counts time, and ${term.kind.id} is in ${term.kind.unit}`, "Leave metric out");
  }
  const histogram = {
    name: base,
    unit,
    bounds: source.bounds?.map(({ text }) => text) ?? known!.bounds,
  };
  const limit = unit === "ms" ? term.limit : times(term.limit, { n: 1n, d: 1000n });
  const found = snapped(limit, histogram, options);
  if ("state" in found) return { ...found, field: ["sli"] };
  // A catalogue name is translated; a name the file spells is taken as it stands.
  const metric = known?.name === base ? translated(known, options.nameStyle) : base;
  const labels = matchersOf(source.labels);
  const note = `${metric} counts only requests that have ${term.kind.id}: give failures an SLO of their own`;
  return {
    good: selectorText({ metric: `${metric}_bucket`, matchers: [...labels, leMatcher(found.bound)] }),
    total: selectorText({ metric: `${metric}_count`, matchers: labels }),
    notes: found.note === null ? [note] : [found.note, note],
  };
}

function refuse(field: readonly string[], state: string, hint: string): SourceRefusal {
  return { field, state, hint };
}
