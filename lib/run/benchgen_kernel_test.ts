/** A benchmark of the real lab, with an agent that has a busy loop in it. About 18 s. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { parseOverhead } from "../source/overhead_csv.ts";
import { mean } from "../stats/describe.ts";
import { validate } from "../report/validate.ts";
import { judgeOverhead } from "../gate/overhead.ts";
import { recompute } from "../testing/bench_recompute.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { kernelTest } from "../testing/kernel.ts";
import { benchgen } from "./benchgen.ts";

const BUSY_AGENT = [Deno.execPath(), "run", "-A", fileURLToPath(new URL("../testing/busy_agent.ts", import.meta.url))];
/** Of 250 ms. */
const BUSY_MS = 60;

kernelTest("benchgen --live: every artefact of a real run, and a busy loop in the agent makes B5 fail", async () => {
  const out = await Deno.makeTempDir();
  const io = fakeIo();
  await benchgen({
    scenarios: ["dns_latency"],
    out,
    workload: undefined,
    input: undefined,
    live: true,
    runs: 1,
    mode: undefined,
    rps: 5,
    phases: "baseline=2s,fault=4s,recovery=1s",
    fresh: false,
    argv: [],
    version: "0.0.0",
    agentProgram: BUSY_AGENT,
    pauses: { warmUp: 1000, settle: 500, lastAnswers: 1500, look: 100 },
  }, io);
  const folder = `${out}/dns_latency/run-1`;
  const [summary, provenance] = await Promise.all(
    ["attribution_summary.json", "provenance.json"].map(async (name) =>
      JSON.parse(await Deno.readTextFile(`${folder}/${name}`))
    ),
  );
  const again = await recompute(folder);
  assertEquals(summary.phases, again.phases);
  assertAlmostEquals(summary.overhead.mean_pct, again.overhead!.mean_pct, 1e-9);
  assertAlmostEquals(summary.overhead.p95_pct, again.overhead!.p95_pct, 1e-9);
  assertEquals(validate("bench-provenance/v1", provenance), []);
  assertEquals([provenance.origin, provenance.overhead.measured], ["measured", true]);
  // The fault was real, as the kernel saw it. How fast a busy machine answers is not judged here.
  const dns = summary.assertions.find(({ sentence }: { sentence: string }) =>
    sentence.startsWith("dns_latency_ms.p50 in fault")
  );
  assertEquals(dns.verdict, "pass", dns.sentence);
  for (const phase of summary.phases) assert(phase.requests > 0, JSON.stringify(summary.phases));
  const { paired } = provenance.overhead;
  assert(paired.off.requests > 0 && paired.on.requests > 0 && paired.order === "off-on", JSON.stringify(paired));
  const raw = (await Deno.readTextFile(`${folder}/raw_samples.jsonl`)).trim().split("\n").map((line) =>
    JSON.parse(line)
  );
  assertEquals(raw.flatMap((row) => validate("raw-sample/v1", row)), []);
  assert(raw.every((row) => row.fault_label === "dns_latency" && row.synthetic === undefined));

  const rows = parseOverhead(await Deno.readTextFile(`${folder}/collector_overhead.csv`), folder);
  const cpu = [...rows.byNode.values()].flat();
  assert(cpu.length >= 59, `${cpu.length} rows`); // 7 s of them, here every 100 ms
  // The loop counts wall time: other work on the machine may hold it up, so it burns at most that.
  assert(mean(cpu) > 100 * BUSY_MS / 250 / 3, `${mean(cpu)} %`);
  const judged = judgeOverhead(rows.byNode, [], { maxOverheadPct: 3 });
  assertEquals([judged.verdict, judged.reason], ["fail", "over-limit"], judged.reasons.join());
  await Deno.remove(out, { recursive: true });
}, { timeoutMs: 120_000 });
