/** Reports of other tools as one row of numbers. Null for what is no such report, or not all of one. */
import type { Row } from "../../gate/evidence.ts";
import { elements, type XmlElement } from "./xml.ts";

const COUNTS = ["tests", "failures", "errors", "skipped"] as const;
/** Null: the report does not tell. */
type Counts = Readonly<Record<typeof COUNTS[number], number | null>>;

/**
 * JUnit XML: the sums over its suites. The outermost elements that count are taken, so that nothing counts twice. A count that is
 * not told is that of the test cases, where all of them are listed, and missing otherwise; more failures listed than told are
 * believed.
 */
export function junitRow(text: string): Row | null {
  const root = elements(text);
  if (root === null || !/^testsuites?$/.test(root.name)) return null;
  const counts = countsOf(root);
  const { tests, failures, errors, skipped } = counts;
  if (tests === null) return null;
  const stamps = [root, ...below(root, "testsuite")].map(({ attributes }) => attributes.timestamp).filter(Boolean);
  const timestamp = stamps.sort().at(-1);
  return {
    ...Object.fromEntries(COUNTS.flatMap((name) => counts[name] === null ? [] : [[name, counts[name]]])),
    ...(failures === null || errors === null || skipped === null
      ? {}
      : { passed: tests - failures - errors - skipped }),
    ...(timestamp === undefined ? {} : { timestamp }),
  };
}

/** What a suite tells of itself; else the sum of its parts. */
function countsOf(suite: XmlElement): Counts {
  const parts = suite.children.filter(({ name }) => name === "testsuite");
  if (suite.attributes.tests !== undefined || parts.length === 0) return ownCounts(suite, below(suite, "testcase"));
  const loose = suite.children.filter(({ name }) => name === "testcase");
  const all = [...parts.map(countsOf), ...(loose.length > 0 ? [ownCounts({ ...suite, attributes: {} }, loose)] : [])];
  return Object.fromEntries(
    COUNTS.map((name) => [name, all.reduce<number | null>((sum, one) => plus(sum, one[name]), 0)]),
  ) as Counts;
}

function plus(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one + other;
}

function ownCounts({ attributes }: XmlElement, cases: readonly XmlElement[]): Counts {
  const listed = (name: string) => cases.filter(({ children }) => children.some((child) => child.name === name)).length;
  const told = (name: string) => attributes[name] === undefined ? null : whole(attributes[name]);
  const tests = told("tests") ?? (attributes.tests === undefined && cases.length > 0 ? cases.length : null);
  const count = (name: string, told: number | null) => {
    if (told !== null) return Math.max(told, listed(name));
    return tests !== null && cases.length >= tests ? listed(name) : null;
  };
  return {
    tests,
    failures: count("failure", told("failures")),
    errors: count("error", told("errors")),
    skipped: count("skipped", told("skipped") ?? told("disabled")),
  };
}

/** All of that name inside it, at any depth. */
function below(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap((child) => [...(child.name === name ? [child] : []), ...below(child, name)]);
}

function whole(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** lcov: lines found and hit, over all files. Every record has to be whole: one that does not tell would count for nothing. */
export function coverageRow(text: string): Row | null {
  const records = text.trim().split(/^end_of_record\s*$/m);
  if (records.length < 2 || records.pop()!.trim() !== "") return null;
  const told = records.map(linesOf);
  const sum = (of: "found" | "hit") =>
    told.reduce<number | null>((total, one) => total === null || one === null ? null : total + one[of], 0);
  const [found, hit] = [sum("found"), sum("hit")];
  if (found === null || hit === null) return null;
  return { lines_found: found, lines_hit: hit, line_rate: found === 0 ? null : hit / found };
}

/** Of one record; where LF or LH is not told, by its lines. */
function linesOf(record: string): { readonly found: number; readonly hit: number } | null {
  const all = (tag: string) => [...record.matchAll(new RegExp(`^${tag}:(.*)$`, "gm"))].map(([, rest]) => rest!.trim());
  const [files, found, hit, lines] = ["SF", "LF", "LH", "DA"].map(all) as [string[], string[], string[], string[]];
  if (files.length > 1 || found.length > 1 || hit.length > 1) return null;
  const counted = {
    found: found.length === 1 ? whole(found[0]!) : lines.length > 0 ? lines.length : null,
    hit: hit.length === 1 ? whole(hit[0]!) : lines.filter((line) => Number(line.split(",")[1]) > 0).length,
  };
  return counted.found === null || counted.hit === null || counted.hit > counted.found
    ? null
    : { found: counted.found, hit: counted.hit };
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
