import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import { loadScenario, scenarioNames } from "../source/scenario_files.ts";
import { parseScenario } from "./scenario.ts";

const base = Deno.readTextFileSync(new URL("../../scenarios/dns_latency.yaml", import.meta.url));

Deno.test("scenarios/ holds the baseline and the seven of the contract, each under its own name", () => {
  assertEquals(scenarioNames(), [
    "baseline",
    "cpu_throttle",
    "dns_latency",
    "memory_pressure",
    "mixed",
    "mixed_multi",
    "network_partition",
    "provider_throttle",
  ]);
  for (const name of scenarioNames()) assertEquals(loadScenario(name).name, name);
});

Deno.test("a scenario file as values", () => {
  const scenario = parseScenario(base, "dns_latency.yaml");
  assertEquals(scenario.faults, [{ mechanism: "dns_delay", intensity: 120, fromMs: 0, forMs: 20_000 }]);
  assertEquals(scenario.harness, {
    seed: 42,
    loadProfile: "rag_mixed_20rps",
    phases: { baseline: 20_000, fault: 20_000, recovery: 12_000 },
    repetitions: 3,
  });
  const multi = loadScenario("mixed_multi");
  assertEquals(multi.faults.map((step) => [step.mechanism, step.fromMs, step.forMs]), [
    ["dns_delay", 0, 20_000],
    ["cpu_quota", 0, 20_000],
  ]);
});

Deno.test("a malformed scenario is refused with line and column", () => {
  const rows: [string, RegExp][] = [
    ["", /line 1, column 1: it is empty/],
    ["# nothing\n", /it is empty/],
    ["a: [", /line 1, column 5: /],
    ["- 1", /line 1, column 1: the file must be object/],
    [base.replace("seed: 42", "sead: 42"), /line 13, column 3: harness\.sead must not be there/],
    [base.replace('operator: ">="', 'operator: "=>"'), /line 19, column \d+: assertions\.0\.operator must be equal/],
    [base.replace("baseline: 20s", "baseline: 20 s"), /line 15, column \d+: harness\.phases\.baseline must match/],
    [base.replace("mechanism: dns_delay", "mechanism: gremlins"), /line 4, column \d+: fault\.mechanism/],
    [base + "name: again\n", /line 2\d, column 1: map keys must be unique/],
    [base.replace("42", "&x 42"), /line 13, column \d+: anchors and aliases/],
    [base.slice(0, 200), /line \d+, column \d+: /],
    ["\x00\x01\x02", /line 1, column 1: /],
    [base.replace("fault: {", "fault: { sequence: [], "), /line 4, column \d+: /],
  ];
  for (const [text, message] of rows) {
    const error = assertThrows(() => parseScenario(text, "f.yaml"), UsageError);
    assertMatch(error.message, /^Cannot read "f\.yaml": /);
    assertMatch(error.message, message);
  }
});

Deno.test("a step that outlives the fault phase is refused", () => {
  const late = base.replace(
    /^fault: .*$/m,
    "fault: { sequence: [{ mechanism: dns_delay, intensity: 1, from: 15s, for: 6s }] }",
  );
  assertThrows(() => parseScenario(late, "f.yaml"), UsageError, "ends 1000 ms after the fault phase");
});
