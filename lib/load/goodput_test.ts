import { assertEquals } from "@std/assert";
import { request, type RequestSketch } from "../testing/request_record.ts";
import { type Criterion, type Edges, goodput, judge } from "./goodput.ts";

const TTFT: Criterion = { def: "ttft.content.from_schedule", limit: "<=", value: 200 };
const TPOT: Criterion = { def: "tpot.decode", limit: "<=", value: 50 };
const SPEED: Criterion = { def: "speed.user", limit: ">=", value: 20 };

const good: RequestSketch = { t: [100, 150], e: 150, nOut: 2 };
const slow: RequestSketch = { t: [300, 350], e: 350, nOut: 2 };
const single: RequestSketch = { t: [100], e: 100, nOut: 1 };

Deno.test("a value equal to its limit is good, from above and from below", () => {
  assertEquals(judge(request({ t: [200, 250], e: 250, nOut: 2 }), [TTFT, TPOT, SPEED]).verdict, "good");
  assertEquals(judge(request({ t: [200.001, 250], e: 250, nOut: 2 }), [TTFT]).verdict, "bad");
  assertEquals(judge(request({ t: [100, 151], e: 151, nOut: 2 }), [SPEED]).verdict, "bad");
});

Deno.test("failures are bad and in the denominator; a missing value is bad and counted", () => {
  for (const outcome of ["err", "incomplete", "dropped"] as const) {
    assertEquals(judge(request({ ...good, outcome }), [TTFT]).verdict, "bad");
  }
  assertEquals(judge(request({ t: [], e: 10 }), [TTFT]), { verdict: "bad", missing: 1, na: 0 });
  assertEquals(judge(request({ t: [100, 150], e: 150, nOut: null }), [TTFT, TPOT]).missing, 1);
});

Deno.test("one token with a limit per token: not applicable here, good to vLLM, bad to AIPerf and inference-perf", () => {
  const rows: [Edges, string][] = [["sloctl", "good"], ["vllm", "good"], ["aiperf", "bad"], ["inference-perf", "bad"]];
  for (const [edges, verdict] of rows) {
    assertEquals(judge(request(single), [TTFT, TPOT], edges).verdict, verdict, edges);
  }
  assertEquals(judge(request(single), [TTFT, TPOT]).na, 1);
  assertEquals(judge(request(single), [TPOT]).verdict, "na");
  assertEquals(goodput([request(single)], [TPOT], 1).fraction, null);
});

Deno.test("a cancel by scenario is left out, unless a limit had passed before", () => {
  const cancelled = (sketch: RequestSketch) =>
    judge(request({ ...sketch, outcome: "cancelled" }), [TTFT, TPOT]).verdict;
  assertEquals(cancelled({ t: [], e: 150 }), "excluded");
  assertEquals(cancelled({ t: [], e: 250 }), "bad"); // no token yet, and it was due
  assertEquals(cancelled({ t: [250], e: 260 }), "bad");
  assertEquals(cancelled({ t: [100], e: 5000 }), "excluded");
  assertEquals(cancelled({ s: null, e: null }), "excluded");
});

Deno.test("goodput-edges: 8 good, 1 slow, 1 error are .80, of successes alone .889", () => {
  const records = [
    ...Array.from({ length: 8 }, () => request(good)),
    request(slow),
    request({ ...good, outcome: "err" }),
    request({ outcome: "cancelled", e: 10 }),
  ];
  const told = goodput(records, [TTFT], 2);
  assertEquals([told.fraction, told.good, told.bad, told.excluded], [0.8, 8, 2, 1]);
  assertEquals(told.fraction_ok_only?.toFixed(3), "0.889");
  assertEquals([told.rate, told.tokens], [4, 8]);
  assertEquals(goodput(records, [TTFT], 2, "inference-perf").fraction?.toFixed(3), "0.889");
  assertEquals(goodput([], [TTFT], 1).fraction, null);
});

Deno.test("a limit of the request's own goes before the common one", () => {
  assertEquals(judge(request({ ...slow, slo: { "ttft.content.from_schedule": 400 } }), [TTFT]).verdict, "good");
  assertEquals(judge(request({ ...good, slo: { "ttft.content.from_schedule": 50 } }), [TTFT]).verdict, "bad");
});
