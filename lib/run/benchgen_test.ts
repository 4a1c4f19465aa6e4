import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { UnsupportedError, UsageError } from "../model/errors.ts";
import { validate } from "../report/validate.ts";
import type { AssertionOutcome } from "../evaluate/assertions.ts";
import { recompute, type Recomputed } from "../testing/bench_recompute.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { M5_OPTIONS } from "../testing/m5_options.ts";
import { benchgen, type BenchgenOptions } from "./benchgen.ts";
import { m5gate } from "./m5gate.ts";

const options: BenchgenOptions = {
  scenarios: ["dns_latency", "baseline"],
  out: "",
  workload: undefined,
  input: undefined,
  live: false,
  runs: 3,
  mode: undefined,
  rps: undefined,
  phases: undefined,
  fresh: false,
  argv: ["sloctl", "benchgen"],
  version: "0.0.0",
};

async function inFolder(work: (out: string) => Promise<void>): Promise<void> {
  const out = await Deno.makeTempDir();
  try {
    await work(out);
  } finally {
    await Deno.remove(out, { recursive: true });
  }
}

const json = async (path: string) => JSON.parse(await Deno.readTextFile(path));

/** What each assertion observed, and was held against, is in the CSVs. */
function followsFrom({ observed }: Recomputed, outcomes: readonly AssertionOutcome[]): void {
  assert(outcomes.length > 0);
  for (const { assertion, observed: seen, bound } of outcomes) {
    const { metric, phase, relative_to, value } = assertion;
    if (seen !== null) assertAlmostEquals(seen, observed(metric, phase)!, 1e-9 * Math.abs(seen), metric);
    if (relative_to === undefined || bound === null) continue;
    assertAlmostEquals(bound, value * observed(metric, relative_to)!, 1e-9 * Math.abs(bound), metric);
  }
}

Deno.test("benchgen: a matrix of runs, each with every artefact, its numbers following from its CSVs", async () => {
  await inFolder(async (out) => {
    assertEquals(await benchgen({ ...options, out }, fakeIo()), 0);
    for (const run of ["dns_latency/run-1", "dns_latency/run-3", "baseline/run-2"]) {
      const folder = `${out}/${run}`;
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      assertEquals(
        names,
        ("attribution_summary.json class_metrics.csv collector_overhead.csv confusion_matrix.csv incident_predictions.csv " +
          "provenance.json raw_samples.jsonl report.md requests.csv series.csv summary.md").split(" "),
      );
      const [summary, provenance, again] = [
        await json(`${folder}/attribution_summary.json`),
        await json(`${folder}/provenance.json`),
        await recompute(folder),
      ];
      assertEquals(summary.phases, again.phases);
      followsFrom(again, summary.assertions);
      assertAlmostEquals(summary.accuracy, again.accuracy!, 1e-12);
      assertEquals((await Deno.readTextFile(`${folder}/confusion_matrix.csv`)).trim(), again.confusion);
      for (const [name, digest] of Object.entries(provenance.digests).filter(([name]) => name.includes("."))) {
        assertEquals(createHash("sha256").update(Deno.readFileSync(`${folder}/${name}`)).digest("hex"), digest, name);
      }
      for (const key of "commit versions kernel cpu argv seed digests overhead".split(" ")) {
        assert(key in provenance, key);
      }
      assertEquals(validate("bench-provenance/v1", provenance), []);
      assertEquals([provenance.overhead.measured, provenance.synthetic], [false, true]);
      const rows = (await Deno.readTextFile(`${folder}/raw_samples.jsonl`)).trim().split("\n").map((line) =>
        JSON.parse(line)
      );
      assertEquals(rows.length, 200);
      for (const row of rows.slice(0, 5)) {
        assertEquals(validate("raw-sample/v1", row), []);
        assertEquals([row.synthetic, row.phase], [true, "fault"]);
      }
    }
    const manifest = await json(`${out}/baseline/manifest.json`);
    assertEquals(validate("bench-manifest/v1", manifest), []);
    assertEquals([manifest.origin, typeof manifest.source_commit], ["synthetic", "string"]);
    // What is synthetic is no evidence.
    const io = fakeIo();
    const code = await m5gate({ ...GATE, candidateRoot: out, baselineRoot: out }, io);
    const told = JSON.parse(io.stdout);
    assertEquals([code, told.baseline.scenarios[0].reason, told.overhead.verdict], [4, "synthetic", "not-evaluated"]);
  });
});

const GATE = { ...M5_OPTIONS, ttftRegressionPct: 5 };

Deno.test("benchgen: what is whole is kept; what is damaged, cut short or of another kind is made again", async () => {
  await inFolder(async (out) => {
    const made = async (part: Partial<BenchgenOptions> = {}) => {
      const io = fakeIo();
      await benchgen({ ...options, scenarios: ["baseline"], out, ...part }, io);
      return new Set([...io.stdout.matchAll(/run-(\d)/g)].map(([, n]) => n)).size;
    };
    assertEquals(await made(), 3);
    assertEquals(await made(), 0);
    assertEquals(await made({ runs: 4 }), 1);
    await Deno.writeTextFile(`${out}/baseline/run-2/raw_samples.jsonl`, "{}\n", { append: true });
    await Deno.remove(`${out}/baseline/run-3/provenance.json`);
    assertEquals(await made(), 2);
    assertEquals(await made({ workload: "other" }), 3);
    assertEquals(await made({ workload: "other", fresh: true }), 3);
    assertEquals([...Deno.readDirSync(`${out}/baseline`)].filter(({ name }) => name.includes(".part")).length, 0);
    const stopped = fakeIo();
    stopped.abort(new Error("stopped"));
    await assertRejects(() => benchgen({ ...options, out, fresh: true }, stopped), Error, "stopped");
  });
});

Deno.test("benchgen: what a killed run had begun is no run, and is removed by the next; a living one's is left alone", async () => {
  await inFolder(async (out) => {
    const scenario = `${out}/dns_latency`;
    const [dead, old] = [`.run-2.part-${2 ** 31 - 1}`, "run-1.part-7"];
    for (const name of [dead, ".run-2.part-1", old]) {
      await Deno.mkdir(`${scenario}/${name}`, { recursive: true });
      await Deno.writeTextFile(`${scenario}/${name}/raw_samples.jsonl`, "{");
    }
    await benchgen({ ...options, scenarios: ["dns_latency"], out }, fakeIo());
    const left = [...Deno.readDirSync(scenario)].map(({ name }) => name).sort();
    assertEquals(left, [".run-2.part-1", "manifest.json", "run-1", old, "run-2", "run-3"]);
    const io = fakeIo();
    await m5gate({ ...M5_OPTIONS, candidateRoot: out, baselineRoot: `${out}/none`, scenarios: ["dns_latency"] }, io);
    assertEquals(JSON.parse(io.stdout).variance.scenarios[0].run_count, 3);
  });
});

Deno.test("benchgen: a run of a recording, with its own requests and what the kernel told", async () => {
  await inFolder(async (out) => {
    const input = new URL("../../fixtures/recordings/dns_latency.jsonl.gz", import.meta.url).pathname;
    const io = fakeIo();
    assertEquals(await benchgen({ ...options, scenarios: [], runs: undefined, input, out }, io), 0, io.stdout);
    const folder = `${out}/dns_latency/run-1`;
    const [summary, provenance] = [
      await json(`${folder}/attribution_summary.json`),
      await json(`${folder}/provenance.json`),
    ];
    const again = await recompute(folder);
    assertEquals(summary.phases, again.phases);
    followsFrom(again, summary.assertions);
    assertEquals([summary.accuracy, provenance.replay, provenance.overhead.measured], [1, true, false]);
    const rows = (await Deno.readTextFile(`${folder}/raw_samples.jsonl`)).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    assert(rows.length > 30 && rows.every((row) => validate("raw-sample/v1", row).length === 0));
  });
});

Deno.test("benchgen: options that cannot be", async () => {
  const rows: [Partial<BenchgenOptions>, typeof UsageError | typeof UnsupportedError, string][] = [
    [{ runs: 0 }, UsageError, "there must be at least one"],
    [{ rps: 0 }, UsageError, "above 0"],
    [{ phases: "fault=x" }, UsageError, "name=seconds"],
    [{ scenarios: ["nosuch"] }, UsageError, "there is none of that name"],
    [{ input: "x", live: true }, UsageError, "of a recording"],
    [{ live: true, scenarios: ["memory_pressure"] }, UnsupportedError, "no injector yet"],
  ];
  for (const [part, kind, message] of rows) {
    await assertRejects(() => benchgen({ ...options, out: "/nonexistent/x", ...part }, fakeIo()), kind, message);
  }
});
