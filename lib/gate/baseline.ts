/** May this baseline be compared with at all? Pure: the time is an argument. */
import { parseTimeMs } from "../model/time.ts";
import type { Judged } from "./m5_evidence.ts";
import type { BaselineManifest } from "../model/bench_run.ts";
import type { Verdict } from "./verdict.ts";

/** What is known of where an arm of a scenario comes from; digests and names as its runs and its manifest give them. */
export interface ArmOrigin {
  readonly synthetic: boolean;
  /** SHA-256 of each run's raw_samples.jsonl. */
  readonly files: readonly string[];
  readonly commits: readonly string[];
  readonly hosts: readonly string[];
  readonly scenarios: readonly string[];
}

export interface BaselineQuestion {
  readonly scenario: string;
  readonly candidate: ArmOrigin;
  readonly baseline: ArmOrigin;
  readonly manifest: BaselineManifest | null;
  /** As the caller named it; "": by the candidate's own runs, where they say. */
  readonly candidateCommit: string;
  readonly requireManifest: boolean;
  readonly allowSameCommit: boolean;
  /** RFC 3339. */
  readonly now: string;
}

export interface Fitness extends Judged {
  /** As it was read. */
  readonly manifest: BaselineManifest | null;
  /** What older manifests and runs do not say; it blocks nothing. */
  readonly missing_keys: readonly string[];
  /** Both arms are one commit, and that was asked for: an A/A calibration. */
  readonly calibration: boolean;
}

export const OLDEST_BASELINE_DAYS = 30;
/** Clocks of two machines may be so far apart. */
const SKEW_MS = 3_600_000;
/** So many digits of a commit name it. */
const FEWEST_DIGITS = 7;

export function judgeBaseline(q: BaselineQuestion): Fitness {
  const { candidate, baseline, manifest } = q;
  const calibration = q.allowSameCommit && sameCommit(q);
  const missing_keys = manifest === null ? [] : [
    ...(["origin", "host_sha256", "scenario_sha256"] as const).filter((key) => manifest[key] === null),
  ];
  const notes = [
    ...(missing_keys.length > 0 ? [`the manifest does not say ${missing_keys.join(", ")}`] : []),
    ...(candidateCommits(q).length === 0
      ? ["the candidate's commit is not known: that it is another one rests on the files alone"]
      : []),
    ...(copies(candidate) ? ["runs of the candidate are copies of one file, and no reruns"] : []),
    ...(copies(baseline) ? ["runs of the baseline are copies of one file, and no reruns"] : []),
    ...(calibration ? ["both arms are one commit: an A/A calibration, no release decision"] : []),
  ];
  const said = (verdict: Verdict, reason: string | null, sentence?: string): Fitness => ({
    verdict,
    reason,
    reasons: sentence === undefined ? [] : [`baseline ${q.scenario}: ${sentence}`],
    notes,
    manifest,
    missing_keys,
    calibration,
    ...(verdict === "pass" ? {} : {
      settle: `sloctl benchgen --live --scenario ${q.scenario} --runs 10, with the released version on this host`,
    }),
  });
  if (candidate.files.length === 0) return said("not-evaluated", "no-data", "the candidate has no raw_samples.jsonl");
  if (baseline.files.length === 0) return said("not-evaluated", "no-data", "it has no raw_samples.jsonl");
  if (manifest === null) {
    return said(q.requireManifest ? "fail" : "not-evaluated", "no-manifest", "no manifest.json says what it is");
  }
  if (manifest.origin === "synthetic" || candidate.synthetic || baseline.synthetic) {
    return said("not-evaluated", "synthetic", "the samples are synthetic");
  }
  const theirs = new Set(baseline.files);
  if (candidate.files.some((digest) => theirs.has(digest))) {
    return said("not-evaluated", "baseline-is-candidate", "the same file stands in both arms (baseline-is-candidate)");
  }
  const commit = manifest.source_commit ?? "";
  if (!isKnown(commit)) return said("not-evaluated", "unknown-commit", "the baseline's commit is unknown");
  if (q.candidateCommit !== "" && !isKnown(q.candidateCommit)) {
    return said("not-evaluated", "unknown-commit", `the candidate's commit "${q.candidateCommit}" names no source`);
  }
  if (sameCommit(q) && !q.allowSameCommit) {
    return said("not-evaluated", "same-commit", `both are commit ${commit} (same-commit)`);
  }
  return aged(manifest, q.now, said) ?? placed(q, said) ?? said("pass", null);
}

function copies({ files }: ArmOrigin): boolean {
  return new Set(files).size < files.length;
}

type Said = (verdict: Verdict, reason: string | null, sentence?: string) => Fitness;

function aged({ generated_at: at }: BaselineManifest, now: string, said: Said): Fitness | null {
  const age = (parseTimeMs(now) - parseTimeMs(at ?? "")) / 86_400_000;
  if (Number.isNaN(age)) return said("not-evaluated", "stale", `generated_at "${at ?? ""}" is no time (stale)`);
  if (age > OLDEST_BASELINE_DAYS) {
    return said("not-evaluated", "stale", `generated ${at}: older than ${OLDEST_BASELINE_DAYS} days (stale)`);
  }
  if (age * 86_400_000 < -SKEW_MS) {
    return said("inconclusive", "clock-skew", `generated ${at}, which is still to come: a clock is wrong (clock-skew)`);
  }
  return null;
}

/** Host and configuration, where both sides say them. */
function placed({ candidate, baseline, manifest }: BaselineQuestion, said: Said): Fitness | null {
  const differ = (ours: readonly string[], theirs: readonly (string | null)[]) =>
    new Set([...ours, ...theirs.filter((digest) => digest !== null)]).size > 1;
  if (differ(candidate.hosts, [manifest!.host_sha256, ...baseline.hosts])) {
    return said("not-evaluated", "other-host", "not all runs are of one host (other-host)");
  }
  if (differ(candidate.scenarios, [manifest!.scenario_sha256, ...baseline.scenarios])) {
    return said("not-evaluated", "other-scenario", "the scenario was configured otherwise (other-scenario)");
  }
  return null;
}

function candidateCommits({ candidateCommit, candidate }: BaselineQuestion): string[] {
  return candidateCommit !== "" ? [candidateCommit] : candidate.commits.filter(isKnown);
}

function sameCommit(q: BaselineQuestion): boolean {
  const baseline = q.manifest?.source_commit ?? "";
  return isKnown(baseline) && candidateCommits(q).some((commit) => same(commit, baseline));
}

/** A short name of a commit is the commit, in capitals too. */
function same(one: string, other: string): boolean {
  const names = [one, other].map((name) => name.trim().toLowerCase()) as [string, string];
  const [short, long] = names[0].length < names[1].length ? names : [names[1], names[0]];
  return short === long || (short.length >= FEWEST_DIGITS && /^[0-9a-f]+$/.test(short) && /^[0-9a-f]+$/.test(long) &&
    long.startsWith(short));
}

function isKnown(commit: string): boolean {
  return !["", "local", "unknown"].includes(commit.trim().toLowerCase());
}
