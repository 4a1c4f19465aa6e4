import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { toJson } from "../model/json.ts";
import { validate } from "../report/validate.ts";
import { loadScenario, scenarioNames } from "./scenario_files.ts";
import { syntheticRequests } from "./synthetic.ts";
import { faultSample, probeEventsOf, rawSample, sloEventsOf, SYNTHETIC_PLACE as place } from "./synthetic_documents.ts";

const RAW_KEYS = "timestamp cluster namespace workload service node request_id trace_id ttft_ms request_latency_ms " +
  "token_throughput_tps error_rate fault_label";
const FAULT_KEYS =
  "incident_id timestamp cluster namespace service fault_label expected_domain expected_domains signals " +
  "confidence burn_rate window_minutes request_id trace_id";

Deno.test("documents of every scenario: the contract's keys, valid, marked, and the same for the same seed", () => {
  for (const name of scenarioNames()) {
    const scenario = loadScenario(name);
    const make = (seed: number) => [...syntheticRequests({ scenario, count: 60, seed })];
    const documents = make(7).map((request) => ({
      raw: rawSample(request, name, place),
      fault: faultSample(request, name, place),
      slo: sloEventsOf(request, place),
      probe: probeEventsOf(request, place),
    }));
    assertEquals(make(7), make(7));
    assertNotEquals(make(7)[0], make(8)[0]);
    for (const { raw, fault, slo, probe } of documents) {
      for (const key of RAW_KEYS.split(" ")) assert(key in raw, key);
      for (const key of FAULT_KEYS.split(" ")) assert(key in fault, key);
      assertEquals([raw.synthetic, fault.synthetic], [true, true]);
      assertEquals([...validate("raw-sample/v1", raw), ...validate("fault-sample/v1", fault)], []);
      for (const event of slo) {
        assertEquals(validate("slo-event/v1", event), []);
        assertEquals(event.labels?.synthetic, "true");
      }
      for (const event of probe) {
        assertEquals(validate("probe-event/v1alpha2", event), []);
        assert(toJson(event).includes('"synthetic":true'));
      }
    }
    const expected = new Set(documents.flatMap(({ fault }) => fault.expected_domains ?? []));
    assertEquals([...expected].sort(), [...scenario.expected.domains].sort(), name);
  }
});
