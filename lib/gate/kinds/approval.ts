/** Who has to agree, and has: signed statements of roles about this very subject. Pure: signatures were verified by the reader. */
import { parseTimeMs } from "../../model/time.ts";
import type { Case } from "../evidence.ts";
import { undecided } from "../finding.ts";
import type { Judgement } from "../judgement.ts";
import type { Gate, Waiver } from "../policy.ts";

type Approval = Extract<Gate, { kind: "approval" }>;

export const APPROVAL = "https://toolkit.llm-slo.dev/approval/v1";
export const WAIVER = "https://toolkit.llm-slo.dev/waiver/v1";

/** Predicate of an approval: {role, decision: "approve" | "reject", time}. A refusal of any of the roles is one. */
export function judgeApproval(gate: Approval, { statements, subject, atMs }: Case): Judgement {
  const limit = `${gate.threshold} of ${gate.roles.join(", ")}`;
  const about = digestOf(subject);
  if (about === null) return undecided("not-evaluated", "no-subject", "subject.json does not say sha256", limit);
  const own = statements.filter(({ predicateType, role, subjects }) =>
    predicateType === APPROVAL && gate.roles.includes(role) && subjects.includes(about)
  );
  const fresh = own.filter(({ predicate }) => {
    const age = atMs - parseTimeMs(String(predicate.time));
    return age >= 0 && (gate.maxAgeMs === null || age <= gate.maxAgeMs);
  });
  const of = (decision: string) => fresh.filter(({ predicate }) => predicate.decision === decision);
  const spoken = rolesSpokenFor(of("approve"));
  const agreed = spoken.size;
  const base = { value: agreed, limit, n: own.length, interval: null, method: "signatures" };
  const refusals = of("reject").map(({ role }) => role);
  if (refusals.length > 0) {
    return { ...base, verdict: "fail", reason: "refused", said: `refused by ${refusals.join(", ")}` };
  }
  const open = gate.roles.filter((role) => !spoken.has(role));
  const late = own.length - fresh.length;
  const said = `${agreed} signed${open.length > 0 ? `; not yet: ${open.join(", ")}` : ""}${
    late > 0 ? `; ${late} too old, or dated ahead` : ""
  }`;
  return agreed >= gate.threshold
    ? { ...base, verdict: "pass", reason: null, said }
    : { ...base, verdict: "not-evaluated", reason: "not-signed", said };
}

/** As many roles as may have a key of their own: one key is one voice, whatever roles it signs for, in whatever order. */
function rolesSpokenFor(statements: Case["statements"]): ReadonlySet<string> {
  const keysOf = Map.groupBy(statements, ({ role }) => role);
  const roleOf = new Map<string, string>();
  const takes = (role: string, asked: Set<string>): boolean =>
    (keysOf.get(role) ?? []).some(({ keyid }) => {
      if (asked.has(keyid)) return false;
      asked.add(keyid);
      const holder = roleOf.get(keyid);
      if (holder !== undefined && !takes(holder, asked)) return false;
      roleOf.set(keyid, role);
      return true;
    });
  return new Set([...keysOf.keys()].sort().filter((role) => takes(role, new Set())));
}

/** Why a waiver does not count, or null. */
export function waiverProblem({ gate, subject, until, signedBy }: Waiver, given: Case): string | null {
  const about = digestOf(given.subject);
  if (about === null || subject !== about) return "it is for another subject";
  if (given.atMs > endOf(until)) return `it expired (${until})`;
  const signed = given.statements.some(({ predicateType, role, predicate, subjects }) =>
    predicateType === WAIVER && role === signedBy && predicate.gate === gate && predicate.until === until &&
    subjects.includes(about)
  );
  return signed ? null : `no signature of ${signedBy} is about it`;
}

/** A date lasts until its end, in UTC. */
function endOf(until: string): number {
  return parseTimeMs(until) + (/^\d{4}-\d\d-\d\d$/.test(until) ? 86_400_000 - 1 : 0);
}

function digestOf(subject: Case["subject"]): string | null {
  const { sha256 } = subject;
  if (typeof sha256 !== "string" || sha256 === "") return null;
  return sha256.startsWith("sha256:") ? sha256 : `sha256:${sha256}`;
}
