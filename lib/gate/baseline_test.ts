import { assert, assertEquals } from "@std/assert";
import { type ArmOrigin, type BaselineQuestion, judgeBaseline } from "./baseline.ts";

const arm = (part: Partial<ArmOrigin> = {}): ArmOrigin => ({
  synthetic: false,
  files: ["aa"],
  commits: [],
  hosts: [],
  scenarios: [],
  ...part,
});

const question: BaselineQuestion = {
  scenario: "s",
  candidate: arm(),
  baseline: arm({ files: ["bb"] }),
  manifest: {
    source_ref: "main",
    source_commit: "ba5eba11",
    generated_at: "2026-06-01T00:00:00Z",
    origin: null,
    host_sha256: null,
    scenario_sha256: null,
  },
  candidateCommit: "c0ffee00",
  requireManifest: false,
  allowSameCommit: false,
  now: "2026-06-15T00:00:00Z",
};

Deno.test("baseline: what may be compared with, and why not", () => {
  const manifest = question.manifest!;
  const rows: [Partial<BaselineQuestion>, string, string | null][] = [
    [{}, "pass", null],
    [{ candidate: arm({ files: [] }) }, "not-evaluated", "no-data"],
    [{ baseline: arm({ files: [] }) }, "not-evaluated", "no-data"],
    [{ manifest: null }, "not-evaluated", "no-manifest"],
    [{ manifest: null, requireManifest: true }, "fail", "no-manifest"],
    [{ manifest: { ...manifest, origin: "synthetic" } }, "not-evaluated", "synthetic"],
    [{ candidate: arm({ synthetic: true }) }, "not-evaluated", "synthetic"],
    [{ baseline: arm() }, "not-evaluated", "baseline-is-candidate"],
    [{ manifest: { ...manifest, source_commit: null } }, "not-evaluated", "unknown-commit"],
    [{ manifest: { ...manifest, source_commit: "local" } }, "not-evaluated", "unknown-commit"],
    [{ candidateCommit: "local" }, "not-evaluated", "unknown-commit"],
    [{ candidateCommit: "ba5eba11" }, "not-evaluated", "same-commit"],
    [{ candidateCommit: "ba5eba11c0de" }, "not-evaluated", "same-commit"], // one of them is the short name
    [{ candidateCommit: "BA5EBA11C0DE" }, "not-evaluated", "same-commit"],
    [{ candidateCommit: "", candidate: arm({ commits: ["ba5eba11"] }) }, "not-evaluated", "same-commit"],
    [{ candidateCommit: "ba5eba11", allowSameCommit: true }, "pass", null],
    [{ candidateCommit: "" }, "pass", null],
    [{ manifest: { ...manifest, generated_at: "2026-05-01T00:00:00Z" } }, "not-evaluated", "stale"],
    [{ manifest: { ...manifest, generated_at: "yesterday" } }, "not-evaluated", "stale"],
    [{ manifest: { ...manifest, generated_at: "build 2026" } }, "not-evaluated", "stale"],
    [{ manifest: { ...manifest, generated_at: "2026-05-16" } }, "pass", null], // UTC, as all that names no zone
    [{ manifest: { ...manifest, generated_at: "2026-06-16T00:00:00Z" } }, "inconclusive", "clock-skew"],
    [{ manifest: { ...manifest, host_sha256: "h1" }, candidate: arm({ hosts: ["h1"] }) }, "pass", null],
    [
      { manifest: { ...manifest, host_sha256: "h1" }, candidate: arm({ hosts: ["h2"] }) },
      "not-evaluated",
      "other-host",
    ],
    [{ candidate: arm({ hosts: ["h1", "h2"] }) }, "not-evaluated", "other-host"],
    [
      { baseline: arm({ files: ["bb"], scenarios: ["x"] }), candidate: arm({ scenarios: ["y"] }) },
      "not-evaluated",
      "other-scenario",
    ],
  ];
  for (const [part, verdict, reason] of rows) {
    const judged = judgeBaseline({ ...question, ...part });
    assertEquals([judged.verdict, judged.reason], [verdict, reason], JSON.stringify(part));
    assertEquals(judged.reasons.length, verdict === "pass" ? 0 : 1);
  }
});

Deno.test("baseline: what an older manifest lacks is named, the same ref is no fault, and a calibration says what it is", () => {
  assertEquals(judgeBaseline(question).missing_keys, ["origin", "host_sha256", "scenario_sha256"]);
  const calibration = judgeBaseline({ ...question, candidateCommit: "ba5eba11", allowSameCommit: true });
  assert(calibration.calibration);
  const copied = judgeBaseline({ ...question, candidate: arm({ files: ["aa", "aa"] }) });
  assert(copied.verdict === "pass" && copied.notes!.join().includes("copies of one file"));
  assertEquals(copied.manifest, question.manifest);
  assert(calibration.notes!.join().includes("A/A calibration"));
});
