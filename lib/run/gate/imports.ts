/** Reports of other tools as one row of numbers. Null for what is no such report. */
import type { Row } from "../../gate/evidence.ts";

/** JUnit XML: the sums over its suites. The outermost elements that count are taken, so that nothing counts twice. */
export function junitRow(text: string): Row | null {
  const all = [...text.matchAll(/<(testsuites|testsuite)\b([^>]*)>/g)].map(([, name, rest]) => ({
    name,
    attributes: Object.fromEntries(
      [...rest!.matchAll(/([\w-]+)\s*=\s*"([^"]*)"/g)].map(([, key, value]) => [key!, value!]),
    ),
  }));
  const outer = all.filter(({ name, attributes }) => name === "testsuites" && attributes.tests !== undefined);
  const suites = outer.length > 0 ? outer : all.filter(({ name }) => name === "testsuite");
  if (suites.length === 0 || suites.some(({ attributes }) => !/^\d+$/.test(attributes.tests ?? ""))) return null;
  const sum = (...keys: string[]) =>
    suites.reduce((total, { attributes }) => total + Number(keys.map((key) => attributes[key]).find(Boolean) ?? 0), 0);
  const [tests, failures, errors, skipped] = [sum("tests"), sum("failures"), sum("errors"), sum("skipped", "disabled")];
  const timestamp = all.map(({ attributes }) => attributes.timestamp).filter(Boolean).sort().at(-1);
  return {
    tests,
    failures,
    errors,
    skipped,
    passed: tests - failures - errors - skipped,
    ...(timestamp === undefined ? {} : { timestamp }),
  };
}

/** lcov: lines found and hit, over all files. */
export function coverageRow(text: string): Row | null {
  const sum = (tag: string) => {
    const found = [...text.matchAll(new RegExp(`^${tag}:(\\d+)$`, "gm"))];
    return found.length === 0 ? null : found.reduce((total, [, n]) => total + Number(n), 0);
  };
  const [found, hit] = [sum("LF"), sum("LH")];
  if (found === null || hit === null) return null;
  return { lines_found: found, lines_hit: hit, line_rate: found === 0 ? null : hit / found };
}

const SEVERITIES = ["critical", "high", "medium", "low"];

/** Trivy's or Grype's JSON: vulnerabilities by severity. What the scanner gave no severity counts as critical. */
export function scannerRow(document: unknown): Row | null {
  const { Results, matches, SchemaVersion, descriptor, CreatedAt } = (document ?? {}) as Record<string, unknown>;
  const found: unknown[] | null = Array.isArray(Results) && SchemaVersion !== undefined
    ? Results.flatMap((one: { Vulnerabilities?: { Severity?: unknown }[] } | null) =>
      (one?.Vulnerabilities ?? []).map(({ Severity }) => Severity)
    )
    : Array.isArray(matches) && descriptor !== undefined
    ? matches.map((one: { vulnerability?: { severity?: unknown } } | null) => one?.vulnerability?.severity)
    : null;
  if (found === null) return null;
  const severities = found.map((value) => {
    const text = String(value ?? "").toLowerCase();
    return text === "negligible" ? "low" : SEVERITIES.includes(text) ? text : "critical";
  });
  const count = (name: string) => severities.filter((one) => one === name).length;
  const timestamp = CreatedAt ?? (descriptor as { timestamp?: unknown } | undefined)?.timestamp;
  return {
    ...Object.fromEntries(SEVERITIES.map((name) => [name, count(name)])),
    total: severities.length,
    ...(typeof timestamp === "string" ? { timestamp } : {}),
  };
}
