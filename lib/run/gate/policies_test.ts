/** Every policy that ships: it can pass, and nothing that is taken away from its evidence makes anything better. */
import { assert, assertEquals } from "@std/assert";
import { evaluate, type Evaluation } from "../../gate/evaluate.ts";
import { lint } from "../../gate/lint.ts";
import { NOT_JUDGED, type Policy } from "../../gate/policy.ts";
import { parsePolicy } from "../../gate/policy_file.ts";
import { AT, writePassingEvidence } from "../../testing/gate_evidence.ts";
import { listFiles } from "./files.ts";
import { readCase } from "./read_case.ts";

const FOLDER = new URL("../../../deploy/policies/", import.meta.url).pathname;
const NAMES = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).sort();

/** As it ships, with fewer of what is alike: two of seven scenarios, three of ten runs, a hundred resamples. */
async function shipped(name: string): Promise<Policy> {
  const { policy } = parsePolicy(await Deno.readTextFile(FOLDER + name), name);
  assertEquals(lint({ policy, announced: policy.announced, slos: [], evidence: null }), []);
  return {
    ...policy,
    evidence: policy.evidence.map((spec) => ({
      ...spec,
      expect: { ...spec.expect, runs: spec.expect.runs && 3, scenarios: spec.expect.scenarios.slice(0, 2) },
    })),
    gates: policy.gates.map((gate) => gate.kind === "regression" ? { ...gate, replicates: 100 } : gate),
  };
}

/** Of files that differ by a number the first two do. */
const ALIKE = /[-/]([3-9]|1\d)\.json$/;

async function judge(policy: Policy, dir: string, trust: string): Promise<Evaluation> {
  const given = await readCase(policy, { folder: dir, trust, atMs: Date.parse(AT), seed: 1 });
  return evaluate(policy, given, null);
}

const verdicts = ({ gates }: Evaluation) => new Map(gates.map(({ id, verdict }) => [id, verdict]));

/** No gate may pass that did not, nor the run. */
function nothingBetter(before: Evaluation, after: Evaluation, what: string): void {
  const then = verdicts(before);
  for (const [id, verdict] of verdicts(after)) {
    assert(verdict !== "pass" || then.get(id) === "pass", `${what}: ${id} was ${then.get(id)} and passes`);
  }
  assert(!after.pass || before.pass, `${what}: the run passes`);
}

/** What a line or a document holds, key by key, deepest last. */
function keysOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [[...path, key], ...keysOf(member, [...path, key])]);
}

function without(value: unknown, [key, ...rest]: readonly string[]): unknown {
  const copy = (Array.isArray(value) ? [...value] : { ...value as object }) as Record<string, unknown>;
  if (rest.length === 0) delete copy[key!];
  else copy[key!] = without(copy[key!], rest);
  return copy;
}

/** The file without each of its keys in turn: of many rows, of the first. */
function* mutilated(path: string, text: string): Generator<[string, string]> {
  if (path.endsWith(".json")) {
    const document = JSON.parse(text);
    for (const key of keysOf(document)) yield [key.join("."), JSON.stringify(without(document, key))];
  } else if (path.endsWith(".jsonl")) {
    const [first, ...rest] = text.split("\n");
    const row = JSON.parse(first!);
    for (const key of keysOf(row)) yield [key.join("."), [JSON.stringify(without(row, key)), ...rest].join("\n")];
  } else if (path.endsWith(".csv")) {
    const lines = text.trimEnd().split("\n").map((line) => line.split(","));
    for (const [at, name] of lines[0]!.entries()) {
      yield [name, lines.map((cells) => cells.filter((_, i) => i !== at).join()).join("\n") + "\n"];
    }
  } else if (path.endsWith(".xml")) {
    for (const { 0: attribute, index } of text.matchAll(/ [\w-]+="[^"]*"/g)) {
      yield [attribute, text.slice(0, index) + text.slice(index + attribute.length)];
    }
  } else if (path.endsWith(".info")) {
    for (const line of text.trimEnd().split("\n")) yield [line, text.replace(`${line}\n`, "")];
  }
}

for (const name of NAMES) {
  Deno.test(`policy ${name}: its evidence can pass; what is deleted passes nothing`, async () => {
    const policy = await shipped(name);
    const dir = await Deno.makeTempDir();
    const trust = await writePassingEvidence(policy, dir);
    const good = await judge(policy, dir, trust);
    const judged = good.gates.filter(({ kind }) => !NOT_JUDGED.includes(kind));
    assertEquals(
      judged.filter(({ verdict }) => verdict !== "pass").map(({ id, verdict, said }) => [id, verdict, said]),
      [],
    );
    assertEquals([good.verdict, good.exitCode], ["pass", 0]);

    // Every folder of a run, every file: gone, and the run no longer passes.
    const files = listFiles(dir).filter((path) => !path.startsWith("attestations/"));
    for (const path of files.filter((path) => !ALIKE.test(path))) {
      await Deno.rename(`${dir}/${path}`, `${dir}.aside`);
      const cut = await judge(policy, dir, trust);
      nothingBetter(good, cut, `without ${path}`);
      assert(!cut.pass, `without ${path} the run passes`);
      await Deno.rename(`${dir}.aside`, `${dir}/${path}`);
    }
    await Deno.remove(dir, { recursive: true });
  });
}

/** Makes the evidence bad: every number of one file a thousand times larger, every outcome another. */
function spoiled(path: string, text: string): string {
  if (/\.(jsonl?|yaml)$/.test(path)) {
    const spoil = (value: unknown): unknown =>
      typeof value === "number"
        ? (value === 0 ? 7 : value <= 1 ? value / 3 : value * 1000)
        : value === "pass" || value === "rejected"
        ? "fail"
        : typeof value === "boolean"
        ? !value
        : Array.isArray(value)
        ? value.map(spoil)
        : typeof value === "object" && value !== null
        ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, spoil(member)]))
        : value;
    const lines = path.endsWith(".jsonl") ? text.trimEnd().split("\n") : [text];
    return lines.map((line) => JSON.stringify(spoil(JSON.parse(line)))).join("\n") + (lines.length > 1 ? "\n" : "");
  }
  if (path.endsWith(".xml")) return text.replaceAll(/ (failures|errors|skipped)="0"/g, ' $1="7"');
  if (path.endsWith(".info")) return text.replace(/^LH:.*$/m, "LH:1");
  return text.replaceAll(/,([\d.]+)/g, (_all, n) => `,${1000 * Number(n)}`);
}

for (const name of NAMES) {
  Deno.test(`policy ${name}: of evidence that fails, nothing that is deleted helps`, async () => {
    const policy = await shipped(name);
    const dir = await Deno.makeTempDir();
    const trust = await writePassingEvidence(policy, dir);
    const files = listFiles(dir).filter((path) =>
      !/^(attestations|contracts|subject)/.test(path) && !/manifest.json$/.test(path)
    );
    const first = files.filter((path) => !/run-[2-9]\//.test(path) && !ALIKE.test(path));
    for (const path of first) {
      const text = await Deno.readTextFile(`${dir}/${path}`);
      const bad = spoiled(path, text);
      await Deno.writeTextFile(`${dir}/${path}`, bad);
      const failing = await judge(policy, dir, trust);
      for (const [key, cut] of mutilated(path, bad)) {
        await Deno.writeTextFile(`${dir}/${path}`, cut);
        nothingBetter(failing, await judge(policy, dir, trust), `${path} without ${key}`);
      }
      await Deno.remove(`${dir}/${path}`);
      nothingBetter(failing, await judge(policy, dir, trust), `without ${path}`);
      await Deno.writeTextFile(`${dir}/${path}`, text);
    }
    // And key by key of what does pass.
    const good = await judge(policy, dir, trust);
    for (const path of [...first, "subject.json"]) {
      const text = await Deno.readTextFile(`${dir}/${path}`);
      for (const [key, cut] of mutilated(path, text)) {
        await Deno.writeTextFile(`${dir}/${path}`, cut);
        nothingBetter(good, await judge(policy, dir, trust), `${path} without ${key}`);
      }
      await Deno.writeTextFile(`${dir}/${path}`, text);
    }
    await Deno.remove(dir, { recursive: true });
  });
}
