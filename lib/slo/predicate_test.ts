import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { judge, type Measured, parsePredicate, type Predicate } from "./predicate.ts";

function parsed(text: string): Predicate {
  const predicate = parsePredicate(text);
  if ("state" in predicate) throw new Error(`${text}: ${predicate.state}`);
  return predicate;
}

const measured = (ok: boolean, values: Record<string, number | "na">): Measured => ({
  ok,
  values: new Map(Object.entries(values)),
});

Deno.test("predicates: limits in their unit, however they are written", () => {
  const rows: [string, [string, string][], boolean][] = [
    ["ttft_ms <= 800ms", [["ttft_ms", "800"]], false],
    ["ttft_ms ≤ 0.8 s", [["ttft_ms", "800"]], false],
    ["status == ok", [], true],
    ["status = ok ∧ server.e2e <= 1s and tpot.decode<=20", [["server.e2e", "1000"], ["tpot.decode", "20"]], true],
    ["token_throughput_tps >= 12.5 tokens/s && error_rate <= 0", [
      ["token_throughput_tps", "12.5"],
      ["error_rate", "0"],
    ], false],
    ["ttft.content.from_schedule <= 1500us", [["ttft.content.from_schedule", "1.5"]], false],
    ["tool_call_success >= 99.5%", [["tool_call_success", "0.995"]], false],
  ];
  for (const [text, terms, statusOk] of rows) {
    const predicate = parsed(text);
    assertEquals(predicate.terms.map(({ kind, limit }) => [kind.id, limit.text]), terms, text);
    assertEquals(predicate.statusOk, statusOk, text);
  }
});

Deno.test("predicates: what is refused, and what to write instead", () => {
  const rows: [string, string, string][] = [
    ["", "it is empty", "ttft_ms <= 800ms"],
    ["fast", "no comparison", "ttft_ms <= 800ms"],
    ["ttft_ms < 800ms", "leaves equality out", "Write <="],
    ["ttft_ms >= 800ms", "no limit of the kind", "ttft_ms <= LIMIT"],
    ["ttft <= 800ms", '"ttft" is no definition id', "ttft"],
    ["ttft_ms <= soon", '"soon" is no limit', "800ms or 0.8s"],
    ["ttft_ms <= 800 tokens/s", "is no limit of ttft_ms", "number of ms"],
    ["status == failed", "asks what no request can be good for", "status == ok"],
    ["ttft_ms <= 800ms and ttft_ms <= 900ms", "ttft_ms stands twice", "stricter"],
    ["ttft_ms <= 800ms and", "is no limit", ""],
    ["ttft_ms <= -5ms", "is no limit", ""],
  ];
  for (const [text, state, hint] of rows) {
    const refusal = parsePredicate(text);
    assert("state" in refusal, text);
    assertStringIncludes(refusal.state, state, text);
    assertStringIncludes(refusal.hint, hint, text);
  }
});

Deno.test("goodput-edges: equality is good, a missing value is bad, what does not apply does not decide", () => {
  const slo = parsed("status == ok and ttft_ms <= 800ms and tpot.decode <= 50ms");
  const rows: [string, Measured, ReturnType<typeof judge>][] = [
    ["equal", measured(true, { ttft_ms: 800, "tpot.decode": 50 }), { good: true, by: [], missing: false }],
    ["above", measured(true, { ttft_ms: 800.0000001, "tpot.decode": 50 }), {
      good: false,
      by: ["ttft_ms"],
      missing: false,
    }],
    ["one token: no TPOT", measured(true, { ttft_ms: 1, "tpot.decode": "na" }), { good: true, by: [], missing: false }],
    ["failed", measured(false, { ttft_ms: 1, "tpot.decode": 1 }), { good: false, by: ["status"], missing: false }],
    ["not measured", measured(true, { "tpot.decode": 1 }), { good: false, by: ["ttft_ms"], missing: true }],
    ["NaN", measured(true, { ttft_ms: NaN, "tpot.decode": 1 }), { good: false, by: ["ttft_ms"], missing: false }],
  ];
  for (const [name, request, expected] of rows) assertEquals(judge(slo, request), expected, name);
  assertEquals(judge(parsed("tool_call_success >= 1"), measured(true, {})), null, "no tool was called");
  assertEquals(judge(parsed("tpot.decode <= 50ms"), measured(true, { "tpot.decode": "na" })), null);

  // 8 good, 1 slow, 1 error: .80; of those that ended well .889.
  const requests = [
    ...Array.from({ length: 8 }, () => measured(true, { ttft_ms: 5, "tpot.decode": 5 })),
    measured(true, { ttft_ms: 5000, "tpot.decode": 5 }),
    measured(false, {}),
  ];
  const share = (of: readonly Measured[]) => of.filter((request) => judge(slo, request)!.good).length / of.length;
  assertEquals(share(requests), 0.8);
  assertEquals(share(requests.filter(({ ok }) => ok)).toFixed(3), "0.889");
});
