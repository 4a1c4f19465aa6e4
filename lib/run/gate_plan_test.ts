import { assert, assertEquals, assertThrows } from "@std/assert";
import { IoError, UsageError } from "../model/errors.ts";
import { writeRuns } from "../testing/bench_runs.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { gatePlan, type GatePlanOptions } from "./gate_plan.ts";

const options: GatePlanOptions = {
  baselineRoot: undefined,
  scenarios: [],
  marginPct: 5,
  alpha: 0.05,
  power: 0.9,
  seed: 42,
  json: false,
};

Deno.test("gate plan: a table by scenario and field, a document for scripts, and what cannot be learnt is said", async () => {
  const dir = await Deno.makeTempDir();
  await writeRuns(`${dir}/quiet`, { key: "q", runs: 6, requests: 200, sigma: 0.1 });
  await writeRuns(`${dir}/noisy`, { key: "n", runs: 6, requests: 200, sigma: 0.1, runSd: 0.1 });
  await writeRuns(`${dir}/single`, { key: "s", runs: 1 });
  const shown = fakeIo();
  assertEquals(gatePlan({ ...options, baselineRoot: dir }, shown), 0);
  assert(/quiet +TTFT p95/.test(shown.stdout) && shown.stdout.includes("it needs 2 runs"), shown.stdout);
  const told = fakeIo();
  gatePlan({ ...options, baselineRoot: dir, json: true }, told);
  const { rows } = JSON.parse(told.stdout);
  const needed = (scenario: string) =>
    rows.find((row: Record<string, unknown>) => row.scenario === scenario && row.field === "ttft_ms").runs_needed;
  assert(needed("quiet") < needed("noisy"), `${needed("quiet")} ${needed("noisy")}`);
  assert(
    rows.every((row: Record<string, number>) =>
      row.runs_needed === null || row.runs_needed_at_most! >= row.runs_needed!
    ),
  );
  assertEquals(needed("single"), null);
  assertThrows(() => gatePlan(options, fakeIo()), UsageError, "--baseline-root is missing");
  assertThrows(() => gatePlan({ ...options, baselineRoot: dir, power: 1 }, fakeIo()), UsageError, "out of range");
  assertThrows(
    () => gatePlan({ ...options, baselineRoot: dir, scenarios: ["single"] }, fakeIo()),
    IoError,
    "no scenario",
  );
  await Deno.remove(dir, { recursive: true });
});
