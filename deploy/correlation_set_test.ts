import { assert, assertEquals } from "@std/assert";
import { validate } from "../lib/report/validate.ts";
import { evaluatePairs } from "../lib/run/correlationeval.ts";
import { parseLabelledPairs } from "../lib/source/labelled_pairs.ts";
import { replaceBlock } from "./bench/page.ts";
import { correlationTables } from "./correlation/page.ts";
import { labelledPairs } from "./correlation_set.ts";

const FOLDER = new URL("../fixtures/correlation/", import.meta.url);
const LIMITS = { windowMs: 2000, threshold: undefined, minPrecision: 0.9, minRecall: 0.85 };

const AGAIN = "the recording or the cases changed: run deno task correlation-set";

const read = (name: string) => Deno.readTextFile(new URL(name, FOLDER));
const pairsOf = async (name: string) => parseLabelledPairs(await read(name), name);

Deno.test("the labelled sets are what their sources make of them, and valid", async () => {
  const { labelled, untraced } = await labelledPairs();
  assertEquals(await read("labelled_pairs.jsonl"), labelled, AGAIN);
  assertEquals(await read("live_untraced.jsonl"), untraced, AGAIN);
  const lines = (labelled + untraced + await read("in_flight_32.jsonl")).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  for (const line of lines) assertEquals(validate("labelled-pair/v1", line), [], line.case_id);
  assertEquals(new Set(lines.map(({ case_id }) => case_id)).size, lines.length);
});

Deno.test("the labelled set: within the gate's limits, and the clean part without a fault", async () => {
  const pairs = await pairsOf("labelled_pairs.jsonl");
  const { report } = evaluatePairs(pairs, LIMITS);
  assert(report.pairs >= 200, `${report.pairs} pairs`);
  assertEquals(report.verdict, "pass");
  assertEquals(new Set(report.tiers.map(({ tier }) => tier)).size, 4);
  assertEquals([report.subsets.clean!.precision, report.subsets.clean!.recall, report.subsets.clean!.tier_accuracy], [
    1,
    1,
    1,
  ]);
  assertEquals(report.tier_accuracy, 1);
  // No tier says that it is surer than it is.
  for (const { tier, observed_ci95, mean_confidence } of report.tiers) {
    assert(mean_confidence <= observed_ci95[1], tier);
  }
});

Deno.test("without ids on the wire joins are guesses, and say so; with them 32 in flight are told apart", async () => {
  for (const name of ["live_untraced.jsonl", "in_flight_32.jsonl"]) {
    const pairs = await pairsOf(name);
    const { report } = evaluatePairs(pairs, LIMITS);
    for (const { tier, observed_ci95, mean_confidence } of report.tiers) {
      assert(mean_confidence <= observed_ci95[1], tier);
    }
    const sure = evaluatePairs(pairs, { ...LIMITS, threshold: 0.7 }).report;
    assertEquals(sure.false_positives, 0, `${name}: a wrong join that is sure of itself`);
  }
  const pairs = await pairsOf("in_flight_32.jsonl");
  const { report } = evaluatePairs(pairs, LIMITS);
  const traced = report.subsets.in_flight_trace!;
  assertEquals([traced.precision, traced.recall], [1, 1]);
  const spans = [...new Map(pairs.map(({ span }) => [span.id, span])).values()];
  const most = Math.max(
    ...spans.map(({ timeNs }) =>
      new Set(spans.filter((other) => other.timeNs <= timeNs && timeNs <= other.endNs).map(({ traceId }) => traceId))
        .size
    ),
  );
  assert(most >= 32, `${most} requests at once`);
});

Deno.test("docs/correlation.md has the numbers of the committed sets", async () => {
  const page = await Deno.readTextFile(new URL("../docs/correlation.md", import.meta.url));
  const told = (text: string) => text.replaceAll(/[ -]+/g, " ");
  assertEquals(told(page), told(replaceBlock(page, await correlationTables(), "correlation")));
});
