import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { APPROVAL, WAIVER } from "../../gate/kinds/approval.ts";
import { IoError, UsageError } from "../../model/errors.ts";
import { validate } from "../../report/validate.ts";
import { fakeIo } from "../../testing/fake_io.ts";
import { AT, signer, SUBJECT, trustOf } from "../../testing/gate_evidence.ts";
import { type EvalOptions, gateEval, type GateResultDocument } from "./eval.ts";
import { globPattern } from "./files.ts";
import { gateLint } from "./lint.ts";

const POLICY = `apiVersion: toolkit.llm-slo.dev/v1alpha1
kind: GatePolicy
metadata: { name: small, version: 1.0.0 }
evidence:
  - { id: bench, type: raw-samples/v1, glob: "bench/*/run-*/raw_samples.jsonl", expect: { runs: 3, scenarios: [mixed] } }
  - { id: overhead, type: overhead-csv/v1, glob: "bench/*/run-*/collector_overhead.csv", expect: { runs: 3 } }
gates:
  - { id: D3, kind: variance, evidence: bench, field: ttft_ms, agg: p95, by: [scenario], op: "<=", value: 10 }
  - { id: B5, kind: threshold, evidence: overhead, field: collector_cpu_pct, by: [node], agg: p95, op: "<=", value: 3 }
`;

/** A folder with a policy beside it and three runs in it. */
async function folder(): Promise<{ path: string; policy: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  for (const run of [1, 2, 3]) {
    const dir = `${path}/bench/mixed/run-${run}`;
    await Deno.mkdir(dir, { recursive: true });
    const rows = Array.from(
      { length: 60 },
      (_, i) => JSON.stringify({ request_id: `r${i}`, ttft_ms: 100 + run + i % 5 }),
    );
    await Deno.writeTextFile(`${dir}/raw_samples.jsonl`, rows.join("\n") + "\n");
    const csv = ["timestamp,node,collector_cpu_pct", ...Array(20).fill("2026-06-01T06:00:00Z,a,1.5")];
    await Deno.writeTextFile(`${dir}/collector_overhead.csv`, csv.join("\n") + "\n");
  }
  const policy = `${path}.policy.yaml`;
  await Deno.writeTextFile(policy, POLICY);
  return {
    path,
    policy,
    [Symbol.asyncDispose]: async () => {
      await Deno.remove(path, { recursive: true });
      await Deno.remove(policy);
    },
  };
}

const NONE: EvalOptions = {
  policy: undefined,
  evidence: undefined,
  profile: undefined,
  at: AT,
  seed: 42,
  trust: undefined,
  subject: [],
  outJson: undefined,
  outMd: undefined,
  json: true,
};

async function run(
  part: Partial<EvalOptions>,
): Promise<{ code: number; document: GateResultDocument; stderr: string }> {
  const io = fakeIo();
  const code = await gateEval({ ...NONE, ...part }, io);
  const document = JSON.parse(io.stdout);
  assertEquals(validate("gate-result/v1", document), []);
  return { code, document, stderr: io.stderr };
}

Deno.test("gate eval: the same case gives the same digest and the same bytes; each damage is named", async (test) => {
  await using dir = await folder();
  const at = { policy: dir.policy, evidence: dir.path };
  const good = await run(at);
  assertEquals([good.code, good.document.verdict], [0, "pass"], JSON.stringify(good.document.gates));
  assertEquals((await run(at)).document, good.document);
  assertEquals(good.document.evidence[0]!.files.length, 3);
  const one = `${dir.path}/bench/mixed/run-2`;
  const samples = await Deno.readTextFile(`${one}/raw_samples.jsonl`);
  const overhead = await Deno.readTextFile(`${one}/collector_overhead.csv`);
  const damages: [string, string, string, number, string, string][] = [
    ["torn last line", "raw_samples.jsonl", samples.slice(0, -20), 4, "torn", "run-2/raw_samples.jsonl: line 60: torn"],
    ["a line that is none", "raw_samples.jsonl", `x\n${samples}`, 4, "unreadable", "line 1: no JSON object"],
    ["empty", "raw_samples.jsonl", "", 4, "no-data", "it holds no rows"],
    ["header only", "collector_overhead.csv", "timestamp,node,collector_cpu_pct\n", 4, "no-data", "it holds no rows"],
    ["cells are missing", "collector_overhead.csv", overhead.slice(0, -5), 4, "torn", "line 21: 2 cells of 3"],
    ["no JSON at all", "raw_samples.jsonl", "\u00ff\n\n", 4, "unreadable", "line 1: no JSON object"],
    ["negative", "raw_samples.jsonl", samples.replace("102", "-102"), 5, "negative", "below 0"],
    [
      "a key twice",
      "raw_samples.jsonl",
      samples.replace('"r3",', '"r3","ttft_ms":1,'),
      4,
      "unreadable",
      'says "ttft_ms" twice',
    ],
    [
      "a column twice",
      "collector_overhead.csv",
      overhead.replace("timestamp", "node"),
      4,
      "unreadable",
      '"node" stands there',
    ],
    [
      "two say of one request",
      "raw_samples.jsonl",
      samples.replace('"r3"', '"r4"'),
      3,
      "contradiction",
      'of request "r4" say',
    ],
    ["one value is none", "raw_samples.jsonl", samples.replace("102", '"fast"'), 3, "nan", "no numbers"],
  ];
  for (const [name, file, text, code, reason, said] of damages) {
    await test.step(name, async () => {
      const kept = await Deno.readTextFile(`${one}/${file}`);
      await Deno.writeTextFile(`${one}/${file}`, text);
      const { code: found, document } = await run(at);
      const gate = document.gates.find((one) => one.reason === reason);
      assert(gate !== undefined, JSON.stringify(document.gates));
      assertEquals(found, code);
      assertStringIncludes(gate.said, said);
      assert(document.digest !== good.document.digest);
      await Deno.writeTextFile(`${one}/${file}`, kept);
    });
  }
  await test.step("the same request twice is one", async () => {
    await Deno.writeTextFile(`${one}/raw_samples.jsonl`, samples + samples);
    const [gate] = (await run(at)).document.gates;
    assertEquals([gate!.value, gate!.notes], [good.document.gates[0]!.value, [
      "60 rows were second copies, and count once",
    ]]);
    await Deno.writeTextFile(`${one}/raw_samples.jsonl`, samples);
  });
  await test.step("rows without an id are no copies of each other", async () => {
    await Deno.writeTextFile(`${one}/raw_samples.jsonl`, samples.replaceAll(/"r\d+"/g, "null"));
    const [gate] = (await run(at)).document.gates;
    assertEquals([gate!.verdict, gate!.notes], [good.document.gates[0]!.verdict, []]);
    await Deno.writeTextFile(`${one}/raw_samples.jsonl`, samples);
  });
  await test.step("overhead that nobody measured is no overhead", async () => {
    await Deno.writeTextFile(`${one}/provenance.json`, '{"overhead": {"measured": false, "reason": "no agent ran"}}');
    const { code, document } = await run(at);
    assertEquals([code, document.gates[0]!.verdict, document.gates[1]!.reason], [4, "pass", "unmeasured"]);
    await Deno.writeTextFile(`${one}/provenance.json`, '{"overhead": {"measured": false');
    const torn = await run(at);
    assertEquals([torn.code, torn.document.gates[1]!.reason], [4, "unreadable"]);
    await Deno.remove(`${one}/provenance.json`);
  });
  await test.step("what is released may be named by the caller", async () => {
    await Deno.writeTextFile(dir.policy, POLICY.replace("evidence:", "subject: { require: [git_commit] }\nevidence:"));
    assertEquals((await run(at)).code, 4);
    const named = await run({ ...at, subject: ["git_commit=abc123"] });
    assertEquals([named.code, named.document.subject], [0, { git_commit: "abc123" }]);
    await Deno.writeTextFile(dir.policy, POLICY);
  });
  await test.step("what this version does not judge is named, and passes for nothing", async () => {
    await Deno.writeTextFile(
      dir.policy,
      `${POLICY}  - { id: smoke, kind: smoke, target: "http://a", steps: [health] }\n`,
    );
    assertEquals((await run(at)).code, 4);
    await Deno.writeTextFile(
      dir.policy,
      `${POLICY}  - { id: attest, kind: attestation, predicate: p, enforce: info }\n`,
    );
    const io = fakeIo();
    assertEquals(await gateEval({ ...NONE, ...at, json: false, outMd: `${dir.path}.md` }, io), 0);
    for (const text of [io.stdout, await Deno.readTextFile(`${dir.path}.md`)]) {
      assertStringIncludes(text, "not judged by this version, and no part of the verdict: attest (attestation)");
    }
    await Deno.remove(`${dir.path}.md`);
    await Deno.writeTextFile(dir.policy, POLICY);
  });
  await test.step("a run that is gone is named", async () => {
    await Deno.remove(one, { recursive: true });
    const { code, document } = await run(at);
    assertEquals([code, document.gates[0]!.reason], [4, "missing-runs"]);
    assertStringIncludes(document.gates[0]!.said, "2 of 3 runs of mixed: no run-2");
  });
});

Deno.test("gate eval: files are written whole, or the verdict is said and the exit code is 4", async () => {
  await using dir = await folder();
  const at = { policy: dir.policy, evidence: dir.path };
  const out = await Deno.makeTempDir();
  const io = fakeIo();
  assertEquals(await gateEval({ ...NONE, ...at, json: false, outJson: `${out}/r.json`, outMd: `${out}/r.md` }, io), 0);
  assertStringIncludes(io.stdout, "pass: small 1.0.0");
  assertStringIncludes(await Deno.readTextFile(`${out}/r.md`), "| D3 | pass |");
  assertEquals(JSON.parse(await Deno.readTextFile(`${out}/r.json`)).schema, "gate-result/v1");
  await Deno.remove(out, { recursive: true });
  const broken = fakeIo();
  await assertRejects(() => gateEval({ ...NONE, ...at, outJson: "/dev/full" }, broken), IoError, "the disk is full");
  assertEquals([broken.stdout, broken.stderr], ["", "sloctl: the verdict was pass; it could not be recorded\n"]);
  const rows: [Partial<EvalOptions>, typeof IoError | typeof UsageError, string][] = [
    [{ policy: undefined }, UsageError, "--policy is missing"],
    [{ evidence: undefined }, UsageError, "--evidence is missing"],
    [{ evidence: "/nowhere" }, IoError, "there is no such folder"],
    [{ policy: "/nowhere" }, IoError, "there is no such file"],
    [{ profile: "pr" }, UsageError, "the policy has no such profile"],
    [{ at: "soon" }, UsageError, "it is no time"],
    [{ subject: ["abc123"] }, UsageError, "it is no KEY=VALUE"],
  ];
  for (const [part, kind, message] of rows) await assertRejects(() => run({ ...at, ...part }), kind, message);
});

Deno.test("gate eval: only a signature of a trusted key, for the role, about the subject, counts", async () => {
  await using dir = await folder();
  const text = `${POLICY}  - { id: signoff, kind: approval, roles: [release, sre], threshold: 2, max_age: 48h }
waivers: [{ gate: D3, subject: "sha256:${SUBJECT.sha256}", until: "2026-12-31", reason: known, signed_by: sre }]
`;
  await Deno.writeTextFile(dir.policy, text.replace("value: 10 }", "value: 0.01 }"));
  await Deno.writeTextFile(`${dir.path}/subject.json`, JSON.stringify(SUBJECT));
  await Deno.mkdir(`${dir.path}/attestations`);
  const [release, sre, stranger] = [await signer(["release"]), await signer(["sre"]), await signer(["release", "sre"])];
  const trust = `${dir.path}/trust.json`;
  await Deno.writeTextFile(trust, trustOf([release, sre]));
  const at = { policy: dir.policy, evidence: dir.path, trust };
  const put = (name: string, envelope: string) =>
    Deno.writeTextFile(`${dir.path}/attestations/${name}.dsse.json`, envelope);
  const approve = (role: string) => ({ role, decision: "approve", time: "2026-06-01T09:00:00Z" });
  const state = async () => {
    const { code, document } = await run(at);
    return [
      code,
      document.gates.find(({ id }) => id === "signoff")!.verdict,
      document.gates.find(({ id }) => id === "D3")!.effect,
    ];
  };
  assertEquals(await state(), [1, "not-evaluated", "none"]);
  await put("release", await release.sign(APPROVAL, approve("release")));
  await put("sre", await stranger.sign(APPROVAL, approve("sre")));
  assertEquals(await state(), [1, "not-evaluated", "none"]);
  await put("sre", await release.sign(APPROVAL, approve("sre")));
  assertEquals((await state())[1], "not-evaluated");
  const own = await sre.sign(APPROVAL, approve("sre"));
  await put("sre", own.replace(/"payload":"(.)/, (_all, first) => `"payload":"${first === "e" ? "f" : "e"}`));
  assertEquals((await state())[1], "not-evaluated");
  await put("sre", await sre.sign(APPROVAL, approve("sre"), "cd".repeat(32)));
  assertEquals((await state())[1], "not-evaluated");
  await put("sre", own);
  assertEquals(await state(), [1, "pass", "none"]);
  await put("waiver", await sre.sign(WAIVER, { role: "sre", gate: "D3", until: "2026-12-31" }));
  assertEquals(await state(), [0, "pass", "waived"]);
  const { document } = await run({ ...at, trust: undefined });
  assertEquals(document.ignored_statements.length, 3);
  const io = fakeIo();
  await gateEval({ ...NONE, ...at, json: false }, io);
  assertStringIncludes(io.stdout.split("\n")[0]!, "D3 waived until 2026-12-31 (known)");
});

Deno.test("globs: a star stays in its folder, and a dot is a dot", () => {
  const rows: [string, string, boolean][] = [
    ["bench/*/run-*/x.jsonl", "bench/a/run-1/x.jsonl", true],
    ["bench/*/run-*/x.jsonl", "bench/a/b/run-1/x.jsonl", false],
    ["bench/**/x.jsonl", "bench/a/b/x.jsonl", true],
    ["bench/**/x.jsonl", "bench/x.jsonl", true],
    ["a.json", "axjson", false],
    ["v-?.json", "v-12.json", false],
  ];
  for (const [glob, path, fits] of rows) assertEquals(globPattern(glob).test(path), fits, `${glob} ${path}`);
});

Deno.test("gate lint: beside an SLO file and the evidence; errors are exit 2, warnings only with --strict", async () => {
  await using dir = await folder();
  const lint = async (part: object) => {
    const io = fakeIo();
    const code = await gateLint({
      policy: dir.policy,
      evidence: undefined,
      slo: undefined,
      strict: false,
      json: true,
      ...part,
    }, io);
    return { code, rules: JSON.parse(io.stdout).findings.map(({ rule }: { rule: string }) => rule) };
  };
  assertEquals(await lint({}), { code: 0, rules: [] });
  const more = POLICY.replace("gates:", "  - { id: r, type: report-import/v1, glob: r.json }\ngates:") +
    '  - { id: errors, kind: threshold, evidence: r, field: failed, agg: rate, op: "<=", value: 0.01 }\n';
  await Deno.writeTextFile(dir.policy, more);
  await Deno.writeTextFile(`${dir.path}/r.json`, '{"failed": 0, "planner_success": 0.1}');
  assertEquals(await lint({ evidence: dir.path }), { code: 0, rules: ["ungated"] });
  assertEquals((await lint({ evidence: dir.path, strict: true })).code, 2);
  const slo = `${dir.path}/slo.yaml`;
  await Deno.writeTextFile(
    slo,
    'service: s\nslos:\n  - { name: errors, sli: "error_rate <= 0", objective: "0.999" }\n',
  );
  assertEquals(await lint({ slo }), { code: 2, rules: ["looser-than-slo"] });
});

Deno.test("gate eval and gate lint as programs: with no more rights than they declare", async () => {
  await using dir = await folder();
  const program = async (...args: string[]) => {
    const main = new URL("../../../cli/sloctl.ts", import.meta.url).pathname;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-prompt", "--quiet", main, "gate", ...args],
    }).output();
    const text = new TextDecoder();
    return [code, text.decode(stdout).split("\n")[0], text.decode(stderr)];
  };
  const at = ["--policy", dir.policy, "--evidence", dir.path];
  const out = `${dir.path}.json`;
  assertEquals(await program("eval", ...at, "--out-json", out), [0, "pass: small 1.0.0", ""]);
  assertEquals(JSON.parse(await Deno.readTextFile(out)).pass, true);
  await Deno.remove(out);
  assertEquals(await program("lint", ...at), [0, "no contradiction found", ""]);
});
