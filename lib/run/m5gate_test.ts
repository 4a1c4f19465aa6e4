import { assert, assertEquals, assertRejects } from "@std/assert";
import { IoError, UsageError } from "../model/errors.ts";
import { random } from "../stats/random.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { m5gate, type M5Options } from "./m5gate.ts";

const options: M5Options = {
  candidateRoot: undefined,
  baselineRoot: undefined,
  baselineManifest: undefined,
  candidateRef: "",
  candidateCommit: "c0ffee",
  requireBaselineManifest: false,
  scenarios: [],
  maxOverheadPct: 3,
  maxVariancePct: 10,
  minRuns: 3,
  ttftRegressionPct: 5,
  alpha: 0.05,
  bootstrapIters: 200,
  seed: 42,
  minSamples: 30,
  minCliffsDelta: 0.147,
  outJson: "-",
  outMd: undefined,
  profile: "release",
  allowSameCommit: false,
  now: "2026-06-15T00:00:00Z",
};

const MANIFEST = { source_ref: "v1", source_commit: "ba5e", generated_at: "2026-06-01T00:00:00Z" };

/** Runs of one scenario; TTFT around `centre`. */
async function write(root: string, key: string, centre: number, overhead = true): Promise<void> {
  for (const n of [1, 2, 3]) {
    const folder = `${root}/s1/run-${n}`;
    await Deno.mkdir(folder, { recursive: true });
    const stream = random(`${key}/${n}`);
    const rows = Array.from({ length: 60 }, (_, i) =>
      JSON.stringify({
        request_id: `r${i}`,
        ttft_ms: centre * (0.9 + 0.2 * stream.float()),
        token_throughput_tps: 40,
        error_rate: 0,
      }));
    await Deno.writeTextFile(`${folder}/raw_samples.jsonl`, rows.join("\n") + "\n");
    const cpu = Array.from(
      { length: 30 },
      (_, i) => `2026-06-10T00:00:${String(i).padStart(2, "0")}Z,n1,1.5,80,100,0\n`,
    );
    const head = "timestamp,node,collector_cpu_pct,collector_memory_mb,events_per_second,dropped_events\n";
    if (overhead) await Deno.writeTextFile(`${folder}/collector_overhead.csv`, head + cpu.join(""));
  }
}

async function inRoots(work: (candidate: string, baseline: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await write(`${dir}/baseline`, "b", 100);
    await Deno.writeTextFile(`${dir}/baseline/s1/manifest.json`, JSON.stringify(MANIFEST));
    await work(`${dir}/candidate`, `${dir}/baseline`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function gate(part: Partial<M5Options>) {
  const io = fakeIo();
  const code = await m5gate({ ...options, ...part }, io);
  return { code, summary: JSON.parse(io.stdout) };
}

Deno.test("m5gate: pass, fail, and what is missing never passes", async () => {
  await inRoots(async (candidateRoot, baselineRoot) => {
    const roots = { candidateRoot, baselineRoot };
    await write(candidateRoot, "c", 101);
    const good = await gate(roots);
    assertEquals([good.code, good.summary.pass, good.summary.failures], [0, true, []]);
    const keys =
      "generated_at candidate_root baseline_root scenarios baseline overhead variance significance pass failures";
    for (const key of keys.split(" ")) assert(key in good.summary, key);
    assertEquals(good.summary.baseline.scenarios[0].missing_keys, ["origin"]);

    const rows: [Partial<M5Options>, number, string][] = [
      [{ candidateCommit: "ba5e" }, 4, "same-commit"],
      [{ candidateCommit: "ba5e", allowSameCommit: true }, 0, ""],
      [
        { baselineRoot: candidateRoot, baselineManifest: `${baselineRoot}/s1/manifest.json` },
        4,
        "baseline-is-candidate",
      ],
      [{ now: "2026-09-01T00:00:00Z" }, 4, "stale"],
      [{ scenarios: ["s1", "nosuch"] }, 4, "the candidate has no raw_samples.jsonl"],
      [{ minRuns: 4 }, 1, "3 runs, 4 are needed"],
      [{ maxOverheadPct: 1 }, 1, "over 1 %"],
      [{ minSamples: 1000 }, 1, "1000 are needed"],
    ];
    for (const [part, code, reason] of rows) {
      const told = await gate({ ...roots, ...part });
      assertEquals(told.code, code, JSON.stringify([part, told.summary.failures]));
      assert(told.summary.failures.join("\n").includes(reason), told.summary.failures.join("\n"));
    }

    await Deno.remove(`${baselineRoot}/s1/manifest.json`);
    assertEquals((await gate(roots)).code, 4);
    assertEquals((await gate({ ...roots, requireBaselineManifest: true })).code, 1);
    await Deno.writeTextFile(`${baselineRoot}/manifest.json`, JSON.stringify(MANIFEST)); // flat baselines have one at the root
    assertEquals((await gate(roots)).code, 0);
    await Deno.writeTextFile(`${baselineRoot}/manifest.json`, JSON.stringify({ ...MANIFEST, origin: "synthetic" }));
    assertEquals((await gate(roots)).code, 4);
    await Deno.writeTextFile(`${baselineRoot}/manifest.json`, JSON.stringify(MANIFEST));

    await Deno.remove(`${candidateRoot}/s1/run-2/collector_overhead.csv`);
    assertEquals((await gate(roots)).code, 4);
    await write(candidateRoot, "c", 140);
    const worse = await gate(roots);
    assertEquals([worse.code, worse.summary.significance.verdict], [1, "fail"]);
  });
});

Deno.test("m5gate: bad input", async () => {
  await inRoots(async (candidateRoot, baselineRoot) => {
    await write(candidateRoot, "c", 101);
    const file = `${candidateRoot}/s1/run-1/raw_samples.jsonl`;
    const whole = await Deno.readTextFile(file);
    const roots = { candidateRoot, baselineRoot };
    const contents: [string, string | null][] = [
      [whole.slice(0, -20), "line 60: not JSON"],
      ["\x00\xff\x01", "line 1: not JSON"],
      ['{"schema":"raw_sample/v7","ttft_ms":1}\n', "which this version does not know"],
      ['{"ttft_ms":-1}\n', "a negative ttft_ms"],
      ["", null],
    ];
    for (const [text, message] of contents) {
      await Deno.writeTextFile(file, text);
      if (message === null) assertEquals((await gate(roots)).code === 0, false);
      else await assertRejects(() => gate(roots), IoError, message);
    }
    await Deno.writeTextFile(file, whole);
    const rows: [Partial<M5Options>, typeof IoError | typeof UsageError, string][] = [
      [{}, UsageError, "--candidate-root is missing"],
      [{ candidateRoot }, UsageError, "--baseline-root is missing"],
      [{ ...roots, candidateRoot: file }, IoError, "it is no folder"],
      [{ ...roots, candidateRoot: "/nosuch" }, IoError, "there is no such folder"],
      [{ ...roots, bootstrapIters: 5 }, UsageError, "out of range"],
      [{ ...roots, ttftRegressionPct: -1 }, UsageError, "out of range"],
      [{ ...roots, outJson: "/dev/full" }, IoError, "the disk is full"],
    ];
    for (const [part, kind, message] of rows) await assertRejects(() => gate(part), kind, message);
  });
});
