/** A policy: what must be true of the evidence before a release. As the file says it, checked (policy_file.ts). Times in milliseconds. */
import type { Comparison } from "./cd.ts";

export const KINDS = [
  "threshold",
  "trend",
  "variance",
  "regression",
  "query",
  "smoke",
  "scenario",
  "contract",
  "artifact",
  "attestation",
  "determinism",
  "approval",
  "coverage",
  "all_of",
  "canary",
] as const;
export type Kind = typeof KINDS[number];

/** Kinds that look at something live, or at what another command has to make first: this version declares them and judges none. */
export const NOT_JUDGED: readonly Kind[] = ["query", "smoke", "attestation", "canary"];

export const EVIDENCE_TYPES = [
  "raw-samples/v1",
  "overhead-csv/v1",
  "scenario-result/v1",
  "surface/v1",
  "correlation/v1",
  "attribution/v1",
  "report-import/v1",
  "prometheus",
  "bundle",
] as const;
export type EvidenceType = typeof EVIDENCE_TYPES[number];

export const AGGREGATES = ["mean", "p50", "p95", "p99", "sum", "rate"] as const;
export type Aggregate = typeof AGGREGATES[number];

export const BOUNDS = [
  "point",
  "wilson_lower",
  "wilson_upper",
  "exact_lower",
  "exact_upper",
  "order_stat_upper",
] as const;
export type Bound = typeof BOUNDS[number];

export type Enforce = "block" | "warn" | "info";

interface Common {
  readonly id: string;
  readonly title: string | null;
  readonly enforce: Enforce;
  readonly onInconclusive: "block" | "warn";
  readonly category: string | null;
  readonly weight: number | null;
  /** Which route the samples are to have taken; null: any. */
  readonly path: string | null;
  readonly maxAgeMs: number | null;
  /** The label a failing gate attaches to the result instead of blocking. */
  readonly downgrade: string | null;
  /** Why this gate may ask less than the objective it belongs to. */
  readonly looserThanSlo: string | null;
}

export type Margin = { readonly rel: number; readonly abs: number };

export type Gate =
  | Common & {
    readonly kind: "threshold";
    readonly evidence: string;
    readonly field: string | null;
    readonly ratio: { readonly good: string; readonly total: string } | null;
    readonly by: readonly string[];
    readonly agg: Aggregate;
    readonly reduce: "max" | "min" | "all";
    readonly op: Comparison;
    readonly value: number;
    /** On the good side of `value`; beyond it the gate passes with half its weight. */
    readonly warnValue: number | null;
    readonly bound: Bound;
    readonly level: number;
    readonly minSamples: number | null;
    readonly maxMissing: number;
  }
  | Common & {
    readonly kind: "trend";
    readonly evidence: string;
    readonly field: string;
    readonly per: "second" | "minute" | "hour";
    readonly agg: Aggregate;
    readonly op: Comparison;
    /** Of the rise over all the time there is: a share of the value at its begin, or absolute. */
    readonly value: { readonly rel: number } | { readonly abs: number };
    readonly level: number;
    readonly minSamples: number | null;
  }
  | Common & {
    readonly kind: "variance";
    readonly evidence: string;
    readonly field: string;
    readonly agg: Aggregate;
    readonly by: readonly string[];
    readonly op: Comparison;
    /** Coefficient of variation over runs, percent. */
    readonly value: number;
    readonly minRuns: number;
    readonly minSamples: number | null;
  }
  | Common & {
    readonly kind: "regression";
    readonly evidence: readonly [candidate: string, baseline: string];
    readonly field: string;
    readonly agg: "p50" | "p95" | "p99";
    readonly by: readonly string[];
    readonly direction: "lower_is_better" | "higher_is_better";
    readonly margin: Margin;
    readonly alpha: number;
    readonly replicates: number;
    readonly seed: number;
    readonly holm: boolean;
    readonly minSamples: number | null;
  }
  | Common & {
    readonly kind: "scenario";
    readonly evidence: string;
    readonly outcome: "pass" | "rejected";
    readonly minTrials: number;
  }
  | Common & {
    readonly kind: "contract";
    /** Evidence of type surface/v1. */
    readonly surface: string;
    /** File in the evidence folder. */
    readonly baseline: string;
    readonly allow: readonly ("add" | "change" | "remove")[];
    readonly deprecateMinors: number | null;
  }
  | Common & {
    readonly kind: "artifact";
    readonly evidence: string;
    readonly format: readonly ArtifactFormat[];
    readonly require: ArtifactRequirements;
  }
  | Common & {
    readonly kind: "determinism";
    readonly evidence: string;
    readonly field: string;
    readonly agree: number;
    readonly of: number;
  }
  | Common & {
    readonly kind: "approval";
    readonly roles: readonly string[];
    readonly threshold: number;
  }
  | Common & {
    readonly kind: "coverage";
    readonly over: Readonly<Record<string, readonly string[]>>;
    /** A scenario gate, or evidence of type scenario-result/v1. */
    readonly of: string;
    readonly require: number;
  }
  | Common & {
    readonly kind: "all_of";
    readonly gates: readonly string[];
    readonly deadlineMs: number | null;
  }
  | Common & { readonly kind: "query" | "smoke" | "attestation" | "canary" };

export const ARTIFACT_FORMATS = ["cyclonedx-1.6", "spdx-2.3", "json", "yaml", "markdown"] as const;
export type ArtifactFormat = typeof ARTIFACT_FORMATS[number];

export interface ArtifactRequirements {
  readonly componentsMin: number | null;
  readonly subjectMatch: boolean;
  /** Dotted paths that must hold something. */
  readonly keys: readonly string[];
  readonly equals: Readonly<Record<string, string | number | boolean>>;
  /** Dotted paths whose values must all be the same. */
  readonly allEqual: readonly string[];
  /** Of Markdown. */
  readonly headings: readonly string[];
}

export interface EvidenceSpec {
  readonly id: string;
  readonly type: EvidenceType;
  readonly glob: string | null;
  readonly unit: string | null;
  /** The route its samples took. */
  readonly path: string | null;
  readonly expect: {
    readonly runs: number | null;
    readonly files: number | null;
    readonly scenarios: readonly string[];
  };
  readonly provenance: {
    readonly manifest: string;
    readonly origin: "measured" | null;
    readonly distinctFrom: string | null;
  } | null;
}

export interface Score {
  readonly weights: Readonly<Record<string, number>>;
  readonly pass: number | null;
  readonly grades: readonly (readonly [grade: string, from: number])[];
  readonly minCoverage: number;
}

export interface Waiver {
  readonly gate: string;
  readonly subject: string;
  /** RFC 3339 date or time. */
  readonly until: string;
  readonly reason: string;
  readonly signedBy: string;
}

export interface Profile {
  readonly onInconclusive: "block" | "warn" | null;
  readonly gates: readonly string[] | null;
}

export interface Policy {
  readonly name: string;
  readonly version: string;
  /** How many gates the plan says it has; null: it does not. */
  readonly announced: number | null;
  /** What subject.json has to say. */
  readonly subject: readonly string[];
  readonly evidence: readonly EvidenceSpec[];
  readonly gates: readonly Gate[];
  readonly profiles: Readonly<Record<string, Profile>>;
  readonly score: Score | null;
  readonly waivers: readonly Waiver[];
  /** As written; whoever rolls out reads it. */
  readonly canary: Readonly<Record<string, unknown>> | null;
}
