/** A benchmark of the real lab, with an agent that has a busy loop in it. About 18 s. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { parseOverhead } from "../source/overhead_csv.ts";
import { mean } from "../stats/describe.ts";
import { validate } from "../report/validate.ts";
import { judgeOverhead, NODE_FLOOR } from "../gate/overhead.ts";
import { toJson } from "../model/json.ts";
import { recompute } from "../testing/bench_recompute.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { kernelTest } from "../testing/kernel.ts";
import { benchgen } from "./benchgen.ts";

const BUSY_AGENT = [Deno.execPath(), "run", "-A", fileURLToPath(new URL("../testing/busy_agent.ts", import.meta.url))];
/** The machine was too busy just now to say. */
async function notJudged(test: Deno.TestContext, why: string): Promise<void> {
  await test.step({ name: `not judged: ${why}`, ignore: true, fn: () => {} });
}

kernelTest(
  "benchgen --live: every artefact of a real run, and a busy loop in the agent makes B5 fail",
  async (test) => {
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
      pauses: { warmUp: 1000, agentSettles: 500, labSettles: 500, lastAnswers: 1500, look: 100 },
    }, io);
    const folder = `${out}/dns_latency/run-1`;
    const [summary, provenance] = await Promise.all(
      ["attribution_summary.json", "provenance.json"].map(async (name) =>
        JSON.parse(await Deno.readTextFile(`${folder}/${name}`))
      ),
    );
    const again = await recompute(folder);
    assertEquals(summary.phases, JSON.parse(toJson(again.phases))); // a phase that was never answered holds "+Inf"
    assertAlmostEquals(summary.overhead.mean_pct, again.overhead!.mean_pct, 1e-9);
    assertAlmostEquals(summary.overhead.p95_pct, again.overhead!.p95_pct, 1e-9);
    assertEquals(validate("bench-provenance/v1", provenance), []);
    assertEquals([provenance.origin, provenance.overhead.measured], ["measured", true]);
    // How fast a busy machine answers is not judged here; where it answered at all, the fault was real, as the kernel saw it.
    const [baseline, fault] = summary.phases;
    assert(baseline.requests > 0 && fault.requests > 0, JSON.stringify(summary.phases));
    const dns = summary.assertions.find(({ sentence }: { sentence: string }) =>
      sentence.startsWith("dns_latency_ms.p50 in fault")
    );
    if (dns.verdict === "not-evaluated") await notJudged(test, "no name was looked up in the fault phase");
    else assertEquals(dns.verdict, "pass", dns.sentence);
    for (const { assertion, observed } of summary.assertions) {
      if (typeof observed !== "number") continue;
      assertAlmostEquals(observed, again.observed(assertion.metric, assertion.phase)!, 1e-9 * Math.abs(observed));
    }
    const { paired } = provenance.overhead;
    for (const [side, phase] of [[paired.off, "off"], [paired.on, "baseline"]] as const) {
      assertEquals(side.requests, again.observed("ttft_ms.count", phase));
      const p95 = again.observed("ttft_ms.p95", phase)!;
      if (Number.isFinite(p95)) assertAlmostEquals(side.ttft_p95_ms, p95, 1e-9 * p95);
      assertAlmostEquals(side.machine_cpu_pct, again.meanOf("machine_cpu_pct", phase), 1e-9);
      assertAlmostEquals(side.seconds, again.meanOf("seconds", phase), 1e-9);
    }
    assert(paired.off.requests > 0 && paired.on.requests > 0 && paired.order === "off-on", JSON.stringify(paired));
    const raw = (await Deno.readTextFile(`${folder}/raw_samples.jsonl`)).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals(raw.flatMap((row) => validate("raw-sample/v1", row)), []);
    assert(raw.every((row) => row.fault_label === "dns_latency" && row.synthetic === undefined));

    const rows = parseOverhead(await Deno.readTextFile(`${folder}/collector_overhead.csv`), folder);
    const cpu = [...rows.byNode.values()].flat();
    if (cpu.length < NODE_FLOOR) await notJudged(test, `only ${cpu.length} looks at the agent in 7 s`);
    else {
      const judged = judgeOverhead(rows.byNode, [], { maxOverheadPct: 3 });
      assertEquals([judged.verdict, judged.reason], ["fail", "over-limit"], `${judged.reasons}; mean ${mean(cpu)} %`);
    }
    await Deno.remove(out, { recursive: true });
  },
  { timeoutMs: 120_000 },
);
