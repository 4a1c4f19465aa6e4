import { assertEquals } from "@std/assert";
import { validate } from "../report/validate.ts";
import { sloFile } from "../testing/slo.ts";
import { madeRun } from "../testing/telemetry.ts";
import { requestSpans } from "./from_spans.ts";
import { observeRequests } from "./observe.ts";
import { sloStatus } from "./status.ts";
import { SloTracker } from "./tracker.ts";

const place = { cluster: "c1", namespace: "", workload: "", service: "" };

Deno.test("spans of requests become SLO events, and count in every objective", () => {
  // Five requests a second; from the second second on each waits 150 ms longer for a name.
  const { spans } = madeRun({ seconds: 4, slowFrom: 2 });
  const requests = requestSpans(spans);
  const tracker = new SloTracker(sloFile(
    ["name: errors"],
    ["name: ttft", "sli: ttft_ms <= 150ms", "objective: 0.95", "stages: { generation: 200ms }"],
    ["name: tools", "sli: tool_call_success >= 1"],
  ));
  const nowMs = Number(spans.at(-1)!.endNs / 1_000_000n) + 2000;
  const options = { objectives: { ttftMs: 150 }, place, tracker, nowMs };
  const events = observeRequests(requests, options);
  for (const event of events) assertEquals(validate("slo-event/v1.1", event), []);
  const ttft = events.filter(({ sli_name }) => sli_name === "ttft_ms");
  assertEquals(ttft.length, 20);
  assertEquals(ttft.map(({ labels }) => labels?.slo_bad ?? "").join(), ",,,,,,,,,," + Array(10).fill("ttft").join());
  assertEquals(ttft.at(-1)!.labels!.slo_stage, "generation");
  assertEquals(ttft[0]!.status, "ok");
  const counts = tracker.tracked.map((tracked) => sloStatus(tracked, nowMs).counts);
  assertEquals(counts.map(({ good, bad, na }) => [good, bad, na]), [[20, 0, 0], [10, 10, 0], [0, 0, 20]]);
  assertEquals(counts[1]!.stages, { generation: 10 });
});

Deno.test("what the kernel measured stands before what the application says", () => {
  const requests = requestSpans(madeRun({ seconds: 1 }).spans);
  const more = () => ({ values: { ttft_ms: 1 }, labels: { ttft_source: "kernel" } });
  const events = observeRequests(requests, { objectives: { ttftMs: 800 }, place, tracker: null, nowMs: 0, more });
  const [first] = events.filter(({ sli_name }) => sli_name === "ttft_ms");
  assertEquals([first!.sli_value, first!.labels, first!.cluster, first!.service], [
    1,
    { ttft_source: "kernel" },
    "c1",
    "gw",
  ]);
  assertEquals(new Set(events.map(({ event_id }) => event_id)).size, events.length);
});
