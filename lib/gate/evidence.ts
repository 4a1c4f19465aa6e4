/** Evidence as a gate sees it: files that were read, with what is wrong with them. Plain values; lib/run/gate_evidence.ts reads. */
import type { EvidenceSpec } from "./policy.ts";

/** A line of a table: columns of a CSV, members of a JSON line. */
export type Row = Readonly<Record<string, unknown>>;

export interface Problem {
  readonly verdict: "inconclusive" | "not-evaluated";
  /** Stands above every verdict: something was altered, or cannot be. */
  readonly integrity: boolean;
  readonly reason: string;
  readonly said: string;
}

export interface EvidenceFile {
  /** Below the evidence folder. */
  readonly path: string;
  readonly sha256: string;
  /** `run-3` of bench/dns_latency/run-3/raw_samples.jsonl; "" where no folder is called so. */
  readonly run: string;
  /** The folder of its runs; "" likewise. */
  readonly scenario: string;
  readonly rows: readonly Row[];
  /** The file as one document, where it is one. */
  readonly document: unknown;
  readonly text: string;
  /** The newest moment it speaks of, Unix milliseconds; null: none. */
  readonly newestMs: number | null;
  readonly synthetic: boolean;
  /** Of what it was measured, as provenance.json beside it says; null: it does not. */
  readonly commit: string | null;
  /** Rows that were a second copy of another. */
  readonly duplicates: number;
  readonly problems: readonly Problem[];
}

export interface Evidence {
  readonly spec: EvidenceSpec;
  readonly files: readonly EvidenceFile[];
  /** What is wrong with it as a whole: nothing there, runs missing. */
  readonly problems: readonly Problem[];
}

/** All a policy is judged by; `at` is the only clock. */
export interface Case {
  readonly evidence: ReadonlyMap<string, Evidence>;
  /** Other files a policy names: baselines of contracts, manifests. */
  readonly documents: ReadonlyMap<string, unknown>;
  /** subject.json: what is to be released. */
  readonly subject: Readonly<Record<string, unknown>>;
  /** Signed statements, verified by whoever read them. */
  readonly statements: readonly Statement[];
  readonly atMs: number;
  readonly seed: number | null;
}

/** A signed statement whose signature holds under a key that is trusted for this role and kind. */
export interface Statement {
  readonly role: string;
  readonly keyid: string;
  readonly predicateType: string;
  readonly predicate: Readonly<Record<string, unknown>>;
  /** `sha256:...` of what it is about. */
  readonly subjects: readonly string[];
}

export function problem(reason: string, said: string, verdict: Problem["verdict"] = "not-evaluated"): Problem {
  return { verdict, integrity: false, reason, said };
}

export function altered(reason: string, said: string): Problem {
  return { verdict: "not-evaluated", integrity: true, reason, said };
}

/** A member by its dotted path; undefined where there is none. */
export function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null && Object.hasOwn(inner, key)
        ? (inner as Record<string, unknown>)[key]
        : undefined,
    value,
  );
}
