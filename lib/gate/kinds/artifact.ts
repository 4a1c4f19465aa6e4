/** What an artefact holds: never that it is there. A bill of materials without components is a valid document and no evidence. Pure. */
import { at, type Case, type Evidence, type EvidenceFile } from "../evidence.ts";
import { undecided } from "../finding.ts";
import { type Judgement, worstOf } from "../judgement.ts";
import type { ArtifactFormat, Gate } from "../policy.ts";

type Artifact = Extract<Gate, { kind: "artifact" }>;
type Json = Readonly<Record<string, unknown>>;

export function judgeArtifact(gate: Artifact, evidence: Evidence, given: Case): Judgement {
  const limit = `${gate.format.join(" or ")}, content`;
  return worstOf(evidence.files.map((file) => [file.path, judge(gate, file, given, limit)]), limit);
}

function judge(gate: Artifact, file: EvidenceFile, { subject }: Case, limit: string): Judgement {
  const format = gate.format.find((one) => isOf(one, file));
  const base = { value: null, limit, n: 1, interval: null, method: "content" };
  const fail = (reason: string, said: string): Judgement => ({ ...base, verdict: "fail", reason, said });
  if (format === undefined) return fail("format", `is no ${gate.format.join(", no ")}`);
  const { componentsMin, subjectMatch, keys, equals, allEqual, headings } = gate.require;
  const document = file.document as Json;
  if (componentsMin !== null || subjectMatch) {
    const bill = billOf(format, document);
    if (bill === null) return fail("format", "is no bill of materials");
    if (bill.components.length < (componentsMin ?? 0)) {
      return fail("components", `${bill.components.length} components, ${componentsMin} are asked for`);
    }
    const bare = bill.components.find(({ name, version, proof }) => !name || !version || !proof);
    if (bare !== undefined) {
      return fail("components", `component "${bare.name}" has no name, no version, or neither purl nor hash`);
    }
    if (subjectMatch) {
      const wanted = subject.sha256;
      if (typeof wanted !== "string") {
        return undecided("not-evaluated", "no-subject", "subject.json does not say sha256", limit);
      }
      if (!bill.subjects.includes(wanted.replace(/^sha256:/, "").toLowerCase())) {
        return fail("subject", "it is the bill of something else: no digest in it is the subject's");
      }
    }
  }
  const missing = keys.find((path) => isEmpty(at(document, path)));
  if (missing !== undefined) return undecided("not-evaluated", "no-key", `it does not say ${missing}`, limit);
  for (const [path, wanted] of Object.entries(equals)) {
    const found = at(document, path);
    if (found === undefined) return undecided("not-evaluated", "no-key", `it does not say ${path}`, limit);
    if (found !== wanted) return fail("differs", `${path} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
  }
  const silent = allEqual.find((path) => isEmpty(at(document, path)));
  if (silent !== undefined) return undecided("not-evaluated", "no-key", `it does not say ${silent}`, limit);
  if (new Set(allEqual.map((path) => JSON.stringify(at(document, path)))).size > 1) {
    return fail("differs", allEqual.map((path) => `${path} ${JSON.stringify(at(document, path))}`).join(", "));
  }
  const heads = new Set([...file.text.matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)].map(([, head]) => head));
  const unheaded = headings.find((head) => !heads.has(head));
  if (unheaded !== undefined) return undecided("not-evaluated", "no-heading", `it has no heading "${unheaded}"`, limit);
  return { ...base, verdict: "pass", reason: null, said: format };
}

function isOf(format: ArtifactFormat, { document, text }: EvidenceFile): boolean {
  const json = typeof document === "object" && document !== null;
  switch (format) {
    case "cyclonedx-1.6":
      return json && at(document, "bomFormat") === "CycloneDX" && at(document, "specVersion") === "1.6";
    case "spdx-2.3":
      return json && at(document, "spdxVersion") === "SPDX-2.3";
    case "markdown":
      return text.trim() !== "";
    default:
      return json;
  }
}

interface Bill {
  readonly components: readonly { readonly name: string; readonly version: string; readonly proof: boolean }[];
  /** SHA-256 of what the bill is about, hex. */
  readonly subjects: readonly string[];
}

function billOf(format: ArtifactFormat, document: Json): Bill | null {
  if (format === "cyclonedx-1.6") {
    const hashes = list(at(document, "metadata.component.hashes"));
    return {
      components: list(document.components).map((one) => ({
        name: text(one.name),
        version: text(one.version),
        proof: text(one.purl) !== "" || list(one.hashes).some(({ content }) => text(content) !== ""),
      })),
      subjects: hashes.filter(({ alg }) => alg === "SHA-256").map(({ content }) => text(content).toLowerCase()),
    };
  }
  if (format !== "spdx-2.3") return null;
  const described = list(document.relationships).filter(({ relationshipType }) => relationshipType === "DESCRIBES")
    .map(({ relatedSpdxElement }) => text(relatedSpdxElement));
  const packages = list(document.packages);
  const sums = (one: Json) => list(one.checksums).filter(({ algorithm }) => algorithm === "SHA256");
  return {
    components: packages.filter(({ SPDXID }) => !described.includes(text(SPDXID))).map((one) => ({
      name: text(one.name),
      version: text(one.versionInfo),
      proof: list(one.checksums).length > 0 ||
        list(one.externalRefs).some(({ referenceType }) => referenceType === "purl"),
    })),
    subjects: packages.filter(({ SPDXID }) => described.includes(text(SPDXID)))
      .flatMap((one) => sums(one).map(({ checksumValue }) => text(checksumValue).toLowerCase())),
  };
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "object" && one !== null) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}
