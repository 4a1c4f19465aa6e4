import { assert, assertEquals, assertRejects } from "@std/assert";
import { IoError, UsageError } from "../model/errors.ts";
import { validate } from "../report/validate.ts";
import { OVERHEAD_HEAD, overheadCsv, type RunShape, writeRuns } from "../testing/bench_runs.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { M5_OPTIONS } from "../testing/m5_options.ts";
import { m5gate, type M5Options } from "./m5gate.ts";

const options = M5_OPTIONS;

const MANIFEST = { source_ref: "v1", source_commit: "ba5e", generated_at: "2026-06-01T00:00:00Z" };
const SHAPE = { runs: 5, requests: 120, sigma: 0.05 };

interface Roots {
  readonly candidateRoot: string;
  readonly baselineRoot: string;
}

/** Both arms of scenario s1, the candidate as told. */
async function inRoots(work: (roots: Roots) => Promise<void>, candidate: Partial<RunShape> = {}): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    const roots = { candidateRoot: `${dir}/candidate`, baselineRoot: `${dir}/baseline` };
    await writeRuns(`${roots.baselineRoot}/s1`, { ...SHAPE, key: "b" });
    await writeJson(`${roots.baselineRoot}/s1/manifest.json`, MANIFEST);
    await writeRuns(`${roots.candidateRoot}/s1`, { ...SHAPE, key: "c", ...candidate });
    await work(roots);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const writeJson = (path: string, value: unknown) => Deno.writeTextFile(path, JSON.stringify(value));

async function gate(part: Partial<M5Options>, env: Record<string, string> = {}) {
  const io = fakeIo({ env });
  const code = await m5gate({ ...options, ...part }, io);
  const summary = JSON.parse(io.stdout);
  assertEquals(validate("m5-gate-summary/v1", summary), []);
  return { code, io, summary };
}

/** The file as `edit` leaves it, then judged: exit code, and a piece of what is said. */
async function expectAfter(
  roots: Roots,
  path: string,
  edit: (text: string) => string | null,
  code: number,
  word: string,
  part: Partial<M5Options> = {},
): Promise<void> {
  const before = await Deno.readTextFile(path).catch(() => null);
  const after = edit(before ?? "");
  if (after === null) await Deno.remove(path);
  else await Deno.writeTextFile(path, after);
  const told = await gate({ ...roots, ...part });
  const said = [...told.summary.failures, ...told.summary.notes].join("\n");
  assertEquals([told.code, told.summary.pass], [code, code === 0], `${word}: ${said}`);
  assert(said.includes(word), `"${word}" is not said: ${said}`);
  if (before === null) await Deno.remove(path).catch(() => {});
  else await Deno.writeTextFile(path, before);
}

Deno.test("m5gate: pass and fail, with the contract's fields", async () => {
  await inRoots(async (roots) => {
    const good = await gate(roots);
    assertEquals([good.code, good.summary.pass, good.summary.failures], [0, true, []]);
    const keys =
      "generated_at candidate_root baseline_root scenarios baseline overhead variance significance pass failures";
    for (const key of keys.split(" ")) assert(key in good.summary, key);
    for (const part of ["baseline", "overhead", "variance", "significance"]) {
      assertEquals([good.summary[part].pass, good.summary[part].verdict], [true, "pass"], part);
    }
    const named: Record<string, string> = {
      overhead: "max_observed_pct mean_observed_pct sample_count node_p95_observed max_node_p95_pct",
      variance:
        "run_count ttft_p95_values mean_ttft_p95 stddev_ttft_p95 variance_pct tokens_p50_values mean_tokens_p50 " +
        "stddev_tokens_p50 tokens_variance_pct error_rate_variance_pct",
      significance:
        "candidate_n baseline_n candidate_ttft_p95 baseline_ttft_p95 ttft_regression_pct candidate_tokens_p50 " +
        "baseline_tokens_p50 mann_whitney_p_value bootstrap_delta_ci95 cliffs_delta classic scenario pass verdict",
    };
    for (const [part, names] of Object.entries(named)) {
      const row = part === "overhead" ? good.summary.overhead : good.summary[part].scenarios[0];
      for (const name of names.split(" ")) assert(name in row, `${part}.${name}`);
    }
    assertEquals(good.summary.baseline.scenarios[0].missing_keys, ["origin", "host_sha256", "scenario_sha256"]);
    await writeRuns(`${roots.candidateRoot}/s1`, { ...SHAPE, key: "c", centre: 140 });
    const worse = await gate(roots);
    assertEquals([worse.code, worse.summary.significance.verdict], [1, "fail"]);
    // Again, the same bytes but for the time.
    const again = await gate(roots);
    assertEquals(again.summary, worse.summary);
  });
});

Deno.test("m5gate: evidence that is absent is not evaluated, and names what is missing", async () => {
  await inRoots(async (roots) => {
    const run = `${roots.candidateRoot}/s1/run-2`;
    await expectAfter(roots, `${run}/raw_samples.jsonl`, () => null, 4, "s1/run-2/raw_samples.jsonl");
    await expectAfter(roots, `${run}/collector_overhead.csv`, () => null, 4, "s1/run-2/collector_overhead.csv");
    await expectAfter(roots, `${run}/collector_overhead.csv`, () => OVERHEAD_HEAD, 4, "a header and no rows");
    await expectAfter(roots, `${run}/raw_samples.jsonl`, () => "", 4, "holds no sample");
    await expectAfter(roots, `${roots.baselineRoot}/s1/run-1/raw_samples.jsonl`, () => "", 4, "holds no sample");
    await expectAfter(roots, `${roots.baselineRoot}/s1/manifest.json`, () => null, 4, "no manifest.json");
    await expectAfter(roots, `${roots.baselineRoot}/s1/manifest.json`, () => null, 1, "no manifest.json", {
      requireBaselineManifest: true,
    });
    await expectAfter(roots, `${run}/provenance.json`, () => '{"runs":{"planned":6}}', 4, 's1/run-6", of 6 runs');
    await expectAfter(
      roots,
      `${run}/provenance.json`,
      () => '{"overhead":{"measured":false,"reason":"agent off"}}',
      4,
      "agent off",
    );
    await expectAfter(roots, `${run}/provenance.json`, () => '{"synthetic":true}', 4, "synthetic");
    const rows: [Partial<M5Options>, number, string][] = [
      [{ ...roots, scenarios: ["s1", "nosuch"] }, 4, 'nosuch/run-*/raw_samples.jsonl"'],
      [{ ...roots, baselineRoot: "/nosuch" }, 4, "raw_samples.jsonl"],
      [{ ...roots, minRuns: 6 }, 3, "5 runs, 6 are needed"],
      [{ ...roots, minSamples: 1000 }, 3, "1000 of each would do"],
      [{ ...roots, now: "2026-09-01T00:00:00Z" }, 4, "stale"],
      [{ ...roots, candidateCommit: "ba5e" }, 4, "same-commit"],
      [
        { ...roots, baselineRoot: roots.candidateRoot, baselineManifest: `${roots.baselineRoot}/s1/manifest.json` },
        4,
        "baseline-is-candidate",
      ],
      [{ ...roots, mode: "classic", minRuns: 6, minSamples: 30 }, 1, "5 runs, 6 are needed"],
    ];
    for (const [part, code, word] of rows) {
      const told = await gate(part);
      assertEquals(told.code, code, `${word}: ${told.summary.failures}`);
      assert(told.summary.failures.join("\n").includes(word), `"${word}": ${told.summary.failures.join("\n")}`);
    }
    const io = fakeIo();
    await assertRejects(
      () => m5gate({ ...options, ...roots, candidateRoot: "/nosuch" }, io),
      IoError,
      "there is no such folder",
    );
    assertEquals(JSON.parse(io.stdout).verdict, "not-evaluated"); // the summary is there all the same
    const calibration = await gate({ ...roots, candidateCommit: "ba5e", allowSameCommit: true });
    assertEquals([calibration.code, calibration.summary.significance.scenarios[0].calibration], [0, true]);
  });
});

Deno.test("m5gate: a damaged line is named with its file, and nothing of the file passes", async () => {
  await inRoots(async (roots) => {
    const file = `${roots.candidateRoot}/s1/run-1/raw_samples.jsonl`;
    const lastAs = (value: string) => (text: string) => text.trimEnd().replace(/\n[^\n]*$/, `\n${value}\n`);
    const rows: [(text: string) => string, number, string][] = [
      [(text) => text.slice(0, -20), 4, "line 120: torn"],
      [(text) => `\x00\xff\n${text}`, 4, "line 1: not JSON"],
      [(text) => `[1]\n${text}`, 4, "line 1: not an object"],
      [lastAs('{"schema":"raw_sample/v7","ttft_ms":1}'), 4, "which this version does not know"],
      [lastAs('{"ttft_ms":-1,"token_throughput_tps":40,"error_rate":0}'), 5, "line 120: a negative ttft_ms"],
      [
        lastAs('{"request_latency_ms":-1,"ttft_ms":1,"token_throughput_tps":40,"error_rate":0}'),
        5,
        "a negative request_latency_ms",
      ],
      [
        lastAs('{"ttft_ms":"NaN","token_throughput_tps":40,"error_rate":0}'),
        3,
        "a value of the candidate is not a number",
      ],
      [lastAs('{"ttft_ms":null,"token_throughput_tps":40,"error_rate":0}'), 3, "have no ttft_ms"],
      [lastAs('{"ttft_ms":"","token_throughput_tps":40,"error_rate":0}'), 3, "have no ttft_ms"],
      [lastAs('{"ttft_ms":100,"error_rate":0}'), 3, "have no token_throughput_tps"],
      [lastAs('{"ttft_ms":"0x10","token_throughput_tps":40,"error_rate":0}'), 3, "not a number"],
      [lastAs('{"ttft_ms":100,"token_throughput_tps":40}'), 3, "have no error_rate"],
      [(text) => text.replaceAll(/"ttft_ms":(\d+)/g, '"ttft_ms":1000$1'), 1, "TTFT p95"],
      [(text) => text + text.split("\n")[0] + "\n", 0, "1 rows of the candidate repeat a request id"],
      [
        lastAs('{"ttft_ms":900,"token_throughput_tps":40,"error_rate":0,"ttft_ms":1}'),
        4,
        'line 120: it says "ttft_ms" twice',
      ],
      [(text) => `\x1f\ufffd${text}`, 4, "line 1: not JSON"],
    ];
    for (const [edit, code, word] of rows) await expectAfter(roots, file, edit, code, word);
    const overhead = `${roots.candidateRoot}/s1/run-1/collector_overhead.csv`;
    const cpu: [(text: string) => string, number, string][] = [
      [(text) => text.slice(0, -12), 4, "line 31: 3 cells of 6"],
      [() => overheadCsv(["NaN", ...Array(70).fill(1)]), 3, "not a number"],
      [() => overheadCsv([...Array(60).fill(1), ...Array(60).fill("+Inf")]), 1, "over 3 %"],
      [() => overheadCsv([-1]), 5, "a negative collector_cpu_pct"],
      [(text) => text.replace("collector_cpu_pct", "cpu_seconds"), 4, "no column node or collector_cpu_pct"],
      [
        (text) => text.replace("collector_memory_mb", "collector_cpu_pct"),
        4,
        'the column "collector_cpu_pct" stands there twice',
      ],
      [(text) => text.replace(/^([^,]+),([^,\n]+),/gm, '$1,"$2",'), 0, ""],
    ];
    for (const [edit, code, word] of cpu) await expectAfter(roots, overhead, edit, code, word);
    const packed = new Blob([await Deno.readTextFile(file)]).stream().pipeThrough(new CompressionStream("gzip"));
    await Deno.writeFile(file, packed);
    const compressed = await gate(roots);
    assertEquals([compressed.code, compressed.summary.failures[0].includes("is compressed (gzip)")], [4, true]);
    await writeRuns(`${roots.candidateRoot}/s1`, { ...SHAPE, key: "c" });
    await Deno.writeTextFile(`${roots.candidateRoot}/s1/run-3/raw_samples.jsonl`, "{");
    const io = fakeIo();
    assertEquals(await m5gate({ ...options, ...roots, outJson: undefined }, io), 4);
    assert(io.stdout === "" && io.stderr.includes('run-3/raw_samples.jsonl": line 1: torn'), io.stderr);
    await Deno.remove(`${roots.candidateRoot}/s1/run-3/raw_samples.jsonl`);
    await Deno.mkdir(`${roots.candidateRoot}/s1/run-3/raw_samples.jsonl`);
    const told = await gate(roots);
    assert(
      told.code === 4 && told.summary.failures.join().includes("it cannot be read as a file"),
      told.summary.failures,
    );
    await Deno.remove(`${roots.candidateRoot}/s1/run-3/raw_samples.jsonl`);
    await writeRuns(`${roots.candidateRoot}/s1`, { ...SHAPE, key: "c" });
    await Deno.rename(`${roots.candidateRoot}/s1/run-3`, `${roots.candidateRoot}-aside`);
    await Deno.symlink(`${roots.candidateRoot}-aside`, `${roots.candidateRoot}/s1/run-3`);
    assertEquals((await gate(roots)).code, 0); // a link to a folder is a folder
    await expectAfter(roots, `${roots.baselineRoot}/s1/manifest.json`, () => "{", 4, "not a JSON object");
  });
});

Deno.test("m5gate: a unit that changed, a clock that is wrong, a file that was altered", async () => {
  await inRoots(async (roots) => {
    for (let n = 1; n <= 5; n++) {
      const file = `${roots.candidateRoot}/s1/run-${n}/raw_samples.jsonl`;
      const text = await Deno.readTextFile(file);
      const inUs = text.replaceAll(/"ttft_ms":([\d.]+)/g, (_, ms) => `"ttft_ms":${Number(ms) * 1000}`);
      await Deno.writeTextFile(file, inUs);
    }
    const told = await gate(roots);
    assertEquals([told.code, told.summary.significance.scenarios[0].reason], [3, "unit-suspect"]);
  });
  await inRoots(async (roots) => {
    const run = `${roots.candidateRoot}/s1/run-1`;
    const text = await Deno.readTextFile(`${run}/raw_samples.jsonl`);
    const stamped = (minute: (i: number) => number) =>
      text.trimEnd().split("\n").map((line, i) => {
        const timestamp = `2026-06-10T10:${String(minute(i)).padStart(2, "0")}:00Z`;
        return `${JSON.stringify({ timestamp, ...JSON.parse(line) })}\n`;
      }).join("");
    await writeJson(`${run}/provenance.json`, { started: "2026-06-10T10:00:00Z", finished: "2026-06-10T10:05:00Z" });
    await expectAfter(roots, `${run}/raw_samples.jsonl`, () => stamped((i) => i % 6), 0, "");
    await expectAfter(
      roots,
      `${run}/raw_samples.jsonl`,
      () => stamped((i) => i === 0 ? 30 : 2),
      0,
      "1 rows of the candidate lie outside",
    );
    await expectAfter(roots, `${run}/raw_samples.jsonl`, () => stamped((i) => i % 20), 3, "clock-skew");
    await writeJson(`${run}/provenance.json`, { digests: { "raw_samples.jsonl": "0".repeat(64) } });
    const altered = await gate(roots);
    assertEquals([altered.code, altered.summary.verdict, altered.summary.pass], [5, "integrity", false]);
  });
});

Deno.test("m5gate: older baselines are flat, with one manifest at the root; digests that differ block", async () => {
  await inRoots(async (roots) => {
    const flat = `${roots.baselineRoot}-flat`;
    await Deno.mkdir(`${flat}/s1`, { recursive: true });
    const parts = await Promise.all(
      [1, 2, 3, 4, 5].map((n) => Deno.readTextFile(`${roots.baselineRoot}/s1/run-${n}/raw_samples.jsonl`)),
    );
    const unique = parts.map((text, i) => text.replaceAll('"r', `"${i}r`)).join("");
    await Deno.writeTextFile(`${flat}/s1/raw_samples.jsonl`, unique);
    await writeJson(`${flat}/manifest.json`, MANIFEST);
    const classic = { ...roots, baselineRoot: flat, mode: "classic", minSamples: 30 } as const;
    assertEquals((await gate(classic)).code, 0);
    const one = await gate({ ...roots, baselineRoot: flat });
    assertEquals([one.code, one.summary.significance.scenarios[0].reason], [3, "too-few-runs"]);
    await writeJson(`${flat}/manifest.json`, { ...MANIFEST, scenario_sha256: { s1: "sha256:AB" } });
    await writeJson(`${roots.candidateRoot}/s1/run-1/provenance.json`, { digests: { scenario_sha256: "ab" } });
    assertEquals((await gate(classic)).code, 0);
    await writeJson(`${roots.candidateRoot}/s1/run-1/provenance.json`, { digests: { scenario_sha256: "cd" } });
    assertEquals((await gate(classic)).code, 4);
  });
});

Deno.test("m5gate: Markdown, a picture, the step summary and annotations; on a pull request the undecided is let through", async () => {
  await inRoots(async (roots) => {
    const dir = roots.candidateRoot;
    const files = { outJson: `${dir}/m5.json`, outMd: `${dir}/m5.md`, outSvg: `${dir}/m5.svg`, scenarios: ["s1"] };
    const env = { GITHUB_STEP_SUMMARY: `${dir}/step.md`, GITHUB_ACTIONS: "true" };
    await Deno.writeTextFile(env.GITHUB_STEP_SUMMARY, "# before");
    const io = fakeIo({ env });
    assertEquals(await m5gate({ ...options, ...roots, ...files }, io), 1);
    const [text, step, picture] = await Promise.all(
      [files.outMd, env.GITHUB_STEP_SUMMARY, files.outSvg].map((path) => Deno.readTextFile(path)),
    );
    assert(text!.startsWith("## m5 gate: FAIL\n"), text);
    assert(text!.includes("| s1 |") && text!.includes("●") && text!.includes("**Why**"), text);
    assertEquals(step, `# before\n${text}`);
    assert(picture!.startsWith("<svg") && picture!.includes("s1 TTFT p95"));
    assert(/^::error title=m5 gate%3A regression of s1::significance s1: TTFT p95: .*%25/m.test(io.stderr), io.stderr);
    assert(io.stdout.startsWith("m5 gate: FAIL"), io.stdout);
    // The same input, the same bytes.
    await m5gate({ ...options, ...roots, ...files, now: "2026-06-15T12:00:00Z" }, fakeIo());
    assertEquals(await Deno.readTextFile(files.outMd), text);

    const pr = { profile: "pr", minRuns: 6 } as const;
    assertEquals((await gate({ ...roots, scenarios: ["s1"], ...pr })).code, 1); // proven harm fails there too
  }, { centre: 140 });
  await inRoots(async (roots) => {
    const pr = await gate({ ...roots, profile: "pr", minRuns: 6 });
    assertEquals([pr.code, pr.summary.verdict, pr.summary.pass], [0, "inconclusive", false]);
    assert(pr.io.stderr.includes("let through"));
  });
});

Deno.test("m5gate: parameters that cannot be are refused, and a verdict that cannot be written is told", async () => {
  await inRoots(async (roots) => {
    const rows: [Partial<M5Options>, typeof IoError | typeof UsageError, string][] = [
      [{}, UsageError, "--candidate-root is missing"],
      [{ candidateRoot: roots.candidateRoot }, UsageError, "--baseline-root is missing"],
      [{ ...roots, bootstrapIters: 99 }, UsageError, "out of range"],
      [{ ...roots, ttftRegressionPct: -1 }, UsageError, "out of range"],
      [{ ...roots, ttftRegressionPct: NaN }, UsageError, "out of range"],
      [{ ...roots, ttftRegressionPct: 0 }, UsageError, "out of range"],
      [{ ...roots, alpha: 0 }, UsageError, "out of range"],
      [{ ...roots, maxOverheadPct: 0 }, UsageError, "out of range"],
    ];
    for (const [part, kind, message] of rows) await assertRejects(() => gate(part), kind, message);
    const io = fakeIo();
    await assertRejects(() => m5gate({ ...options, ...roots, outJson: "/dev/full" }, io), IoError, "the disk is full");
    assert(io.stderr.includes("could not be written: pass"), io.stderr);
    const rough = await gate({ ...roots, bootstrapIters: 500 });
    assert(rough.io.stderr.includes("rough limits"), rough.io.stderr);
  });
});
