/** Evidence by which every gate of a policy that this version judges passes: made from the policy, for tests that then take it apart. */
import { pae, PAYLOAD_TYPE, STATEMENT_TYPE } from "../evidence/dsse.ts";
import { APPROVAL, WAIVER } from "../gate/kinds/approval.ts";
import type { EvidenceSpec, Gate, Policy } from "../gate/policy.ts";

export const AT = "2026-06-01T12:00:00Z";
const MEASURED = "2026-06-01T06:00:00Z";
export const SUBJECT = {
  git_commit: "c0ffee0000000000000000000000000000000001",
  sha256: "ab".repeat(32),
  started: "2026-05-31T12:00:00Z",
};
const BASELINE_COMMIT = "baadf00d00000000000000000000000000000002";

type Fields = Record<string, unknown>;

/** Writes it below `dir`; returns the text of a trust file. */
export async function writePassingEvidence(policy: Policy, dir: string): Promise<string> {
  await write(dir, "subject.json", SUBJECT);
  for (const spec of policy.evidence) {
    if (spec.glob === null) continue;
    for (const path of pathsOf(spec)) await writeFile(policy, spec, dir, path);
    if (spec.provenance !== null) {
      await write(dir, spec.provenance.manifest, {
        source_ref: "v1.0.0",
        source_commit: BASELINE_COMMIT,
        generated_at: "2026-05-25T00:00:00Z",
        origin: "measured",
      });
    }
  }
  for (const gate of policy.gates) {
    if (gate.kind === "contract") await write(dir, gate.baseline, SURFACE);
  }
  const roles = new Set(policy.gates.flatMap((gate) => gate.kind === "approval" ? gate.roles : []));
  return await writeApprovals(dir, [...roles]);
}

function pathsOf({ glob, expect }: EvidenceSpec): string[] {
  if (!/[*?]/.test(glob!)) return [glob!];
  const scenarios = expect.scenarios.length > 0 ? expect.scenarios : ["mixed"];
  if (glob!.includes("run-*")) {
    return scenarios.flatMap((scenario) =>
      Array.from({ length: expect.runs ?? 3 }, (_, i) => glob!.replace("*", scenario).replace("run-*", `run-${i + 1}`))
    );
  }
  return Array.from({ length: expect.files ?? 1 }, (_, i) => glob!.replace("*", String(i + 1)));
}

async function writeFile(policy: Policy, spec: EvidenceSpec, dir: string, path: string): Promise<void> {
  const gates = policy.gates.filter((gate) => evidenceOf(gate, policy).includes(spec.id));
  const [, run = "0"] = /run-(\d+)/.exec(path) ?? [];
  // Runs differ a little, and the arms of a comparison hold other bytes.
  const wobble = (i: number) => 1 + 0.001 * Number(run) + 0.0005 * (i % 7) + (path.startsWith("baseline") ? 0.0001 : 0);
  if (spec.type === "surface/v1") return await write(dir, path, SURFACE);
  const extension = /\.(\w+)$/.exec(path)![1]!;
  const rows = Math.max(1, ...gates.map((gate) => rowsFor(gate, extension)));
  const list = Array.from({ length: rows }, (_, i) => row(gates, i, wobble(i), path));
  if (extension === "csv") {
    const columns = Object.keys(list[0]!);
    return await write(
      dir,
      path,
      [columns.join(), ...list.map((one) => columns.map((key) => one[key]).join())].join("\n") + "\n",
    );
  }
  if (extension === "jsonl") return await write(dir, path, list.map((one) => JSON.stringify(one)).join("\n") + "\n");
  if (extension === "xml") {
    return await write(dir, path, '<testsuites tests="100" failures="0" errors="0" skipped="0"></testsuites>\n');
  }
  if (extension === "info") return await write(dir, path, "SF:a.ts\nLF:200\nLH:180\nend_of_record\n");
  if (extension === "md") return await write(dir, path, headings(gates));
  if (path.includes("sbom")) return await write(dir, path, SBOM);
  await write(dir, path, coverageCell(gates, path, list[0]!));
}

/** How many rows let the gate decide. */
function rowsFor(gate: Gate, extension: string): number {
  if (extension === "json" || extension === "yaml") return 1;
  switch (gate.kind) {
    case "threshold":
      return gate.bound !== "point" && gate.ratio === null
        ? Math.max(400, gate.minSamples ?? 0)
        : gate.ratio !== null
        ? 1
        : Math.max(60, gate.minSamples ?? 60);
    case "trend":
      return Math.max(60, gate.minSamples ?? 60);
    case "variance":
    case "regression":
      return 60;
    default:
      return 1;
  }
}

function row(gates: readonly Gate[], i: number, wobble: number, path: string): Fields {
  const fields: Fields = { timestamp: MEASURED };
  for (const gate of gates) {
    switch (gate.kind) {
      case "threshold":
        for (const key of gate.by) if (key !== "run" && key !== "scenario") fields[key] = `${key}-1`;
        for (const [key, value] of Object.entries(thresholdFields(gate, wobble))) {
          // Of two upper limits on one field the stricter one.
          const known = fields[key];
          const upper = gate.op === "<" || gate.op === "<=";
          fields[key] = upper && typeof known === "number" && typeof value === "number"
            ? Math.min(known, value)
            : value;
        }
        break;
      case "trend":
        Object.assign(fields, {
          timestamp: new Date(Date.parse(MEASURED) + i * 60_000).toISOString(),
          [gate.field]: 10 + (i % 3),
        });
        break;
      case "determinism":
        fields[gate.field] = "d1ce";
        break;
      case "scenario":
        Object.assign(fields, {
          scenario: path,
          outcome: gate.outcome,
          trials: Math.max(100, gate.minTrials),
          failures: 0,
        });
        break;
      case "artifact":
        for (const key of [...gate.require.keys, ...gate.require.allEqual]) fields[key] ??= "1.2.3";
        for (const [key, value] of Object.entries(gate.require.equals)) put(fields, key.split("."), value);
    }
  }
  // Both arms of a comparison hold the same, whatever other gates ask of one of them.
  for (const gate of gates) {
    if (gate.kind === "variance" || gate.kind === "regression") fields[gate.field] = 100 * wobble;
  }
  return fields;
}

function thresholdFields(gate: Extract<Gate, { kind: "threshold" }>, wobble: number): Fields {
  const { op, value, ratio, field, agg } = gate;
  const upper = op === "<" || op === "<=";
  if (ratio !== null) {
    return { [ratio.total]: 100_000, [ratio.good]: upper ? 0 : op === "==" ? 100_000 * value : 100_000 };
  }
  if (agg === "rate") return { [field!]: upper ? 0 : 1 };
  if (op === "==") return { [field!]: value };
  const inside = agg === "sum" ? 0 : (value / 4) * wobble;
  return { [field!]: upper ? inside : agg === "mean" && value <= 1 ? 1 : value * 2 * wobble };
}

/** One file is one cell of the matrix, where there is one. */
function coverageCell(gates: readonly Gate[], path: string, fields: Fields): Fields {
  const coverage = gates.find((gate) => gate.kind === "coverage");
  if (coverage?.kind !== "coverage") return fields;
  let at = Number(/(\d+)\.json$/.exec(path)![1]) - 1;
  const cell: Fields = {};
  for (const [key, values] of Object.entries(coverage.over)) {
    cell[key] = values[at % values.length];
    at = Math.floor(at / values.length);
  }
  return { ...fields, scenario: path, outcome: "pass", trials: 1, ...cell };
}

function headings(gates: readonly Gate[]): string {
  return gates.flatMap((gate) => gate.kind === "artifact" ? gate.require.headings : []).map((head) =>
    `## ${head}\n\n- x\n`
  ).join("\n");
}

function put(fields: Fields, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) fields[key] = value;
  else put((fields[key] ??= {}) as Fields, rest, value);
}

export const SURFACE = {
  schema: "surface/v1",
  version: "1.4.0",
  count: 2,
  items: { ttft_ms: { unit: "ms" }, error_rate: { unit: "ratio" } },
};

const SBOM = {
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  metadata: {
    timestamp: MEASURED,
    component: { name: "sloctl", hashes: [{ alg: "SHA-256", content: SUBJECT.sha256 }] },
  },
  components: [{ type: "library", name: "yaml", version: "2.9.1", purl: "pkg:npm/yaml@2.9.1" }],
};

function evidenceOf(gate: Gate, policy: Policy): readonly string[] {
  if (gate.kind === "coverage") {
    const of = policy.gates.find(({ id }) => id === gate.of);
    return [of?.kind === "scenario" ? of.evidence : gate.of];
  }
  if (!("evidence" in gate)) return [];
  return typeof gate.evidence === "string" ? [gate.evidence] : gate.evidence;
}

async function write(dir: string, path: string, content: unknown): Promise<void> {
  await Deno.mkdir(`${dir}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
  await Deno.writeTextFile(`${dir}/${path}`, typeof content === "string" ? content : JSON.stringify(content, null, 1));
}

export interface Signer {
  readonly pem: string;
  readonly roles: readonly string[];
  sign(predicateType: string, predicate: Fields, sha256?: string): Promise<string>;
}

export async function signer(roles: readonly string[]): Promise<Signer> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey("Ed25519", true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  const der = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  return {
    pem: `-----BEGIN PUBLIC KEY-----\n${der.toBase64()}\n-----END PUBLIC KEY-----\n`,
    roles,
    async sign(predicateType, predicate, sha256 = SUBJECT.sha256) {
      const statement = {
        _type: STATEMENT_TYPE,
        subject: [{ name: "sloctl", digest: { sha256 } }],
        predicateType,
        predicate,
      };
      const body = new TextEncoder().encode(JSON.stringify(statement));
      const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, pae(PAYLOAD_TYPE, body)));
      return JSON.stringify({
        payloadType: PAYLOAD_TYPE,
        payload: body.toBase64(),
        signatures: [{ sig: signature.toBase64() }],
      });
    },
  };
}

export function trustOf(signers: readonly Signer[]): string {
  return JSON.stringify({
    schema: "trust/v1",
    threshold: 1,
    keys: signers.map(({ pem, roles }) => ({ public_key: pem, roles, predicate_types: [APPROVAL, WAIVER] })),
  });
}

async function writeApprovals(dir: string, roles: readonly string[]): Promise<string> {
  const signers = await Promise.all(roles.map((role) => signer([role])));
  for (const [i, role] of roles.entries()) {
    const predicate = { role, decision: "approve", time: "2026-06-01T09:00:00Z" };
    await write(dir, `attestations/${role}.dsse.json`, await signers[i]!.sign(APPROVAL, predicate));
  }
  return trustOf(signers);
}
