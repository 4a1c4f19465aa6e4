/** Do several who judged the same come to the same? Pure. */
import { at, type Evidence } from "../evidence.ts";
import { undecided } from "../finding.ts";
import type { Judgement } from "../judgement.ts";
import type { Gate } from "../policy.ts";

type Determinism = Extract<Gate, { kind: "determinism" }>;

export function judgeDeterminism(gate: Determinism, evidence: Evidence): Judgement {
  const limit = `${gate.agree} of ${gate.of} say the same ${gate.field}`;
  const rows = evidence.files.flatMap(({ rows }) => rows);
  const said = rows.map((row) => at(row, gate.field)).filter((value) =>
    typeof value === "string" && value !== ""
  ) as string[];
  if (said.length < gate.of) {
    const words = `${said.length} of ${gate.of} say ${gate.field}`;
    return undecided("not-evaluated", "too-few", words, limit, said.length);
  }
  const counts = new Map<string, number>();
  for (const value of said) counts.set(value, (counts.get(value) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const base = { value: most, limit, n: said.length, interval: null, method: "equal" };
  const words = `${most} of ${said.length} agree${counts.size > 1 ? `, ${counts.size} answers in all` : ""}`;
  return most >= gate.agree
    ? { ...base, verdict: "pass", reason: null, said: words }
    : { ...base, verdict: "fail", reason: "disagree", said: words };
}
