/** One gate of a policy: its kind, and the closed set of keys of that kind. Pure. */
import { AGGREGATES, ARTIFACT_FORMATS, BOUNDS, type Gate, type Kind, KINDS } from "./policy.ts";
import { count, duration, level, list, map, name, number, one, type Read, text, within } from "./policy_fields.ts";
import {
  consecutive,
  dimensions,
  expectation,
  margin,
  ratio,
  relOrAbs,
  requirements,
  resampling,
} from "./policy_mappings.ts";

type Raw = Readonly<Record<string, unknown>>;
/** Complains about a key of one gate. */
export type RefuseKey = (key: string, state: string, hint: string) => Error;

export interface Defaults {
  readonly enforce: Gate["enforce"];
  readonly onInconclusive: "block" | "warn";
  readonly minSamples: number | null;
  readonly maxAgeMs: number | null;
  readonly maxMissing: number;
}

const OPS = ["<", "<=", ">", ">=", "=="] as const;
const COMMON = [
  "id",
  "kind",
  "title",
  "enforce",
  "on_inconclusive",
  "category",
  "weight",
  "path",
  "max_age",
  "on_fail",
  "looser_than_slo",
];

/** Which keys each kind may have beside the common ones. */
export const KEYS: Readonly<Record<Kind, readonly string[]>> = {
  threshold: [
    "evidence",
    "field",
    "ratio",
    "by",
    "agg",
    "reduce",
    "op",
    "value",
    "warn_value",
    "bound",
    "level",
    "min_samples",
    "max_missing",
  ],
  trend: ["evidence", "field", "per", "agg", "stat", "over", "op", "value", "level", "min_samples"],
  variance: ["evidence", "field", "agg", "per", "by", "stat", "op", "value", "min_runs", "min_samples"],
  regression: [
    "evidence",
    "field",
    "agg",
    "by",
    "direction",
    "margin",
    "alpha",
    "ci",
    "adjust",
    "mode",
    "min_samples",
  ],
  query: [
    "source",
    "query",
    "good",
    "total",
    "op",
    "value",
    "every",
    "window",
    "settle",
    "for",
    "min_requests",
    "on_breach",
  ],
  smoke: ["target", "steps", "timeout"],
  scenario: ["evidence", "expect"],
  contract: ["surface", "baseline", "allow", "deprecate_minors"],
  artifact: ["evidence", "format", "require"],
  attestation: ["predicate", "signers", "subject_match"],
  determinism: ["evidence", "field", "agree", "of"],
  approval: ["roles", "threshold"],
  coverage: ["over", "of", "require"],
  all_of: ["gates", "deadline"],
  canary: ["ref"],
};

export function readGate(raw: Raw, defaults: Defaults, refuseKey: RefuseKey): Gate {
  const kind = one(...KINDS)(raw.kind, (state, hint) => refuseKey("kind", state, hint));
  const keys = [...COMMON, ...KEYS[kind]];
  // A complaint about a key that is too many stands at that key.
  const unknown = Object.keys(raw).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    map(raw, keys, (_state, hint) => refuseKey(unknown, `is no key of a gate of kind ${kind}`, hint));
  }
  const get: Get = (key, read, otherwise) => {
    if (raw[key] === undefined) {
      if (otherwise !== undefined) return otherwise;
      throw refuseKey("id", `"${raw.id}" says nothing of ${key}`, `A gate of kind ${kind} needs ${key}`);
    }
    return read(raw[key], (state, hint) => refuseKey(key, state, hint));
  };
  const common = {
    id: get("id", name),
    title: get("title", text, null),
    enforce: get("enforce", one("block", "warn", "info"), defaults.enforce),
    onInconclusive: get("on_inconclusive", one("block", "warn"), defaults.onInconclusive),
    category: get("category", name, null),
    weight: get("weight", within(0, Infinity), null),
    path: get("path", text, null),
    maxAgeMs: get("max_age", duration, defaults.maxAgeMs),
    downgrade: get("on_fail", downgrade, null),
    looserThanSlo: get("looser_than_slo", text, null),
  };
  return { ...common, ...READERS[kind](get, raw, defaults, refuseKey) } as Gate;
}

type Get = <T>(key: string, read: Read<T>, otherwise?: T) => T;
type Reader = (get: Get, raw: Raw, defaults: Defaults, refuse: RefuseKey) => Record<string, unknown>;

const downgrade: Read<string> = (value, refuse) => {
  const label = map(value, ["downgrade"], refuse).downgrade;
  return name(label, (state, hint) => refuse(`downgrade ${state}`, hint));
};

const READERS: Readonly<Record<Kind, Reader>> = {
  threshold(get, raw, defaults, refuse) {
    if ((raw.field === undefined) === (raw.ratio === undefined)) {
      throw refuse(
        raw.field === undefined ? "id" : "ratio",
        "is to be judged by a field or by a ratio",
        "Write one of the two",
      );
    }
    const agg = get("agg", one(...AGGREGATES), raw.ratio === undefined ? undefined : "rate");
    const gate = {
      kind: "threshold",
      evidence: get("evidence", name),
      field: get("field", name, null),
      ratio: get("ratio", ratio, null),
      by: get("by", list(name), []),
      agg,
      reduce: get("reduce", one("max", "min", "all"), "all"),
      op: get("op", one(...OPS)),
      value: get("value", number),
      warnValue: get("warn_value", number, null),
      bound: get("bound", one(...BOUNDS), "point"),
      level: get("level", level, 0.95),
      minSamples: get("min_samples", count(1), defaults.minSamples),
      maxMissing: get("max_missing", within(0, 1), defaults.maxMissing),
    } as const;
    checkBound(gate, refuse);
    return gate;
  },
  trend: (get, raw) => ({
    kind: "trend",
    evidence: get("evidence", name),
    field: get("field", name),
    per: get("per", one("second", "minute", "hour"), "minute"),
    agg: get("agg", one(...AGGREGATES), "p50"),
    stat: raw.stat === undefined ? "theil_sen" : get("stat", one("theil_sen")),
    over: raw.over === undefined ? "full" : get("over", one("full")),
    op: get("op", one("<=", ">=")),
    value: get("value", relOrAbs),
    level: get("level", level, 0.95),
    minSamples: get("min_samples", count(1), null),
  }),
  variance: (get, raw, defaults) => ({
    kind: "variance",
    evidence: get("evidence", name),
    field: get("field", name),
    agg: get("agg", one(...AGGREGATES)),
    per: raw.per === undefined ? "run" : get("per", one("run")),
    stat: raw.stat === undefined ? "cv_pct" : get("stat", one("cv_pct")),
    by: get("by", list(name), []),
    op: get("op", one("<", "<=")),
    value: get("value", within(0, Infinity)),
    minRuns: get("min_runs", count(2), 3),
    minSamples: defaults.minSamples,
    ...(raw.min_samples === undefined ? {} : { minSamples: get("min_samples", count(1)) }),
  }),
  regression(get, raw, defaults, refuse) {
    const ci = get("ci", resampling, { replicates: 2000, seed: 42 });
    const evidence = get("evidence", list(name, 2));
    if (evidence.length !== 2) throw refuse("evidence", "is not two", "Write [candidate, baseline]");
    return {
      kind: "regression",
      evidence,
      field: get("field", name),
      agg: get("agg", one("p50", "p95", "p99")),
      by: get("by", list(name), []),
      direction: get("direction", one("lower_is_better", "higher_is_better")),
      margin: get("margin", margin),
      alpha: get("alpha", within(1e-6, 0.5), 0.025),
      ...ci,
      holm: get("adjust", one("holm", "none"), "holm") === "holm",
      mode: raw.mode === undefined ? "noninferiority" : get("mode", one("noninferiority")),
      minSamples: get("min_samples", count(1), defaults.minSamples),
    };
  },
  scenario: (get) => ({ kind: "scenario", evidence: get("evidence", name), ...get("expect", expectation) }),
  contract: (get) => ({
    kind: "contract",
    surface: get("surface", name),
    baseline: get("baseline", text),
    allow: get("allow", list(one("add", "change", "remove")), []),
    deprecateMinors: get("deprecate_minors", count(0), null),
  }),
  artifact: (get) => ({
    kind: "artifact",
    evidence: get("evidence", name),
    format: get("format", (value, refuse) => list(one(...ARTIFACT_FORMATS), 1)([value].flat(), refuse)),
    require: get("require", requirements),
  }),
  determinism(get, _raw, _defaults, refuse) {
    const gate = { agree: get("agree", count(2)), of: get("of", count(2)) };
    if (gate.agree > gate.of) {
      throw refuse("agree", `is ${gate.agree} of ${gate.of}, which no sample could meet`, "Write less");
    }
    return { kind: "determinism", evidence: get("evidence", name), field: get("field", name), ...gate };
  },
  approval(get, _raw, _defaults, refuse) {
    const gate = { roles: get("roles", list(name, 1)), threshold: get("threshold", count(1)) };
    if (gate.threshold > new Set(gate.roles).size) {
      throw refuse(
        "threshold",
        `is ${gate.threshold} of ${gate.roles.length} roles, which nobody could meet`,
        "Write less",
      );
    }
    return { kind: "approval", ...gate };
  },
  coverage: (get) => ({
    kind: "coverage",
    over: get("over", dimensions),
    of: get("of", name),
    require: get("require", within(Number.MIN_VALUE, 1), 1),
  }),
  all_of: (get) => ({
    kind: "all_of",
    gates: get("gates", list(name, 1)),
    deadlineMs: get("deadline", duration, null),
  }),
  query(get, raw, _defaults, refuse) {
    if (raw.op === undefined || raw.value === undefined) throw refuse("id", "has no bound", "Write op and value");
    get("op", one(...OPS));
    get("value", number);
    const [every, window] = [get("every", duration, 0), get("window", duration, 0)];
    for (const key of ["settle", "for"]) get(key, duration, 0);
    const breaches = get("on_breach", consecutive, 1);
    if (window > every && breaches > 1) {
      const state = `is longer than every, so that one bad minute would count ${breaches} times`;
      throw refuse("window", state, "Write a window that is no longer than every");
    }
    return { kind: "query" };
  },
  smoke: (get) => ({ kind: "smoke", steps: get("steps", list(text, 1)) }),
  attestation: (get) => ({ kind: "attestation", predicate: get("predicate", text) }),
  canary: (get) => ({ kind: "canary", ref: get("ref", one("canary")) }),
};

interface Bounded {
  readonly agg: string;
  readonly bound: typeof BOUNDS[number];
  readonly op: typeof OPS[number];
  readonly value: number;
  readonly warnValue: number | null;
  readonly level: number;
}

/** A bound that fits neither what is bounded nor any sample there could be. */
function checkBound({ agg, bound, op, value, warnValue, level }: Bounded, refuse: RefuseKey): void {
  const upper = op === "<" || op === "<=";
  if (bound !== "point" && op === "==") {
    throw refuse("op", "is ==, and an interval is never one number", "Use <= or >=");
  }
  if (/^(wilson|exact)/.test(bound) && agg !== "rate") {
    throw refuse("bound", `is ${bound}, which is one of shares`, "Use agg: rate or ratio, or another bound");
  }
  if (bound === "order_stat_upper" && !/^p\d/.test(agg)) {
    throw refuse("bound", `is ${bound}, which is one of quantiles`, "Use agg: p50, p95 or p99");
  }
  if (bound !== "point" && bound.endsWith("upper") !== upper) {
    throw refuse("bound", `is ${bound}, and op is ${op}`, `Use a ${upper ? "upper" : "lower"} bound`);
  }
  const beyond = agg === "rate" && bound !== "point" && (upper ? value <= 0 : value >= 1);
  if (beyond) throw refuse("value", `is ${value}, which no sample could meet with ${bound}`, "Ask for less");
  if (bound === "order_stat_upper" && !(level > 0.5)) {
    throw refuse("level", `is ${level}, which bounds nothing`, "Write more than 0.5, such as 0.95");
  }
  if (warnValue !== null && !(upper ? warnValue < value : op === "==" ? false : warnValue > value)) {
    throw refuse(
      "warn_value",
      `is ${warnValue}, not on the good side of ${value}`,
      "Write a stricter number than value",
    );
  }
}
