import { assertEquals } from "@std/assert";
import { SLI_NAMES } from "../model/slo_event.ts";
import { validate } from "../report/validate.ts";
import { sloFile } from "../testing/slo.ts";
import { limitsOf, sloEvents } from "./from_samples.ts";

const SUBJECT = {
  id: "t",
  timestamp: "2026-01-01T00:00:00Z",
  cluster: "",
  namespace: "",
  workload: "",
  service: "gw",
  request_id: "r",
};

Deno.test("every indicator becomes an event of SloEvent v1.1; those of v1 are v1 too", () => {
  const events = sloEvents(SUBJECT, Object.fromEntries(SLI_NAMES.map((name) => [name, 1])), { ttftMs: 800 });
  assertEquals(events.map(({ sli_name }) => sli_name), [...SLI_NAMES]);
  for (const [i, event] of events.entries()) {
    assertEquals(validate("slo-event/v1.1", event), []);
    assertEquals(validate("slo-event/v1", event).length > 0, i >= 6, event.sli_name);
  }
});

Deno.test("an event's status: by the strictest limit of the file", () => {
  const file = sloFile(
    ["sli: status == ok and ttft_ms <= 800ms"],
    ["sli: server.ttft <= 500ms"],
    ["sli: server.e2e <= 2s"],
    ["sli: token_throughput_tps >= 30"],
    ["sli: tpot.decode <= 50ms"],
  );
  const limits = limitsOf(file.slos);
  assertEquals(limits, { ttft_ms: 500, request_latency_ms: 2000, token_throughput_tps: 30 });
  const rows: [Parameters<typeof sloEvents>[1], string][] = [
    [{ ttft_ms: 375 }, "ok"],
    [{ ttft_ms: 376 }, "warning"],
    [{ ttft_ms: 500 }, "warning"],
    [{ ttft_ms: 501 }, "breach"],
    [{ request_latency_ms: 2001 }, "breach"],
    [{ token_throughput_tps: 29 }, "breach"],
    [{ token_throughput_tps: 39 }, "warning"],
    [{ token_throughput_tps: 40 }, "ok"],
    [{ retrieval_latency_ms: 1e9 }, "ok"],
    [{ tool_call_success: 0.5 }, "breach"],
    [{ structured_output_validity: 1 }, "ok"],
    [{ provider_error_rate: 1 }, "breach"],
  ];
  for (const [values, status] of rows) {
    assertEquals(sloEvents(SUBJECT, values, { ttftMs: 1, limits }).map((event) => event.status), [status]);
  }
  assertEquals(sloEvents(SUBJECT, { ttft_ms: NaN, error_rate: null }, { ttftMs: 1 }), []);
});
