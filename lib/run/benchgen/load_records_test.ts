import { assertAlmostEquals, assertEquals } from "@std/assert";
import { request } from "../../testing/request_record.ts";
import { requestsIn } from "./load_records.ts";

const windows = [
  { name: "off", startNs: 0, endNs: 1e9 },
  { name: "baseline", startNs: 1e9, endNs: 2e9 },
] as const;

Deno.test("requests of a run: each in the window it was due in; time counts from then; what was never answered is no success", () => {
  const records = [
    request({ id: 1, g: 500, s: 510, t: [600, 700, 800], e: 800, nOut: 3 }),
    request({ id: 2, g: 1999, s: 2100, t: [2500], e: 2600, nOut: 1 }), // due in the window, sent after it
    request({ id: 3, g: 1500, s: 1500, e: 1600, outcome: "err", error: "http_429" }),
    request({ id: 4, g: 1900, s: 1900, e: 2000, outcome: "cancelled", error: "stopped" }),
    request({ id: 5, g: 2000, s: 2000, t: [2100], e: 2100 }), // due when the last window was over
  ];
  const lines = records.map((record) => JSON.stringify(record)).join("\n") + "\n";
  const found = requestsIn(lines, windows, (ns) => `${ns / 1e6}`);
  assertEquals(
    found.map(({ requestId, window, ttftMs, failed, timestamp }) => [requestId, window, ttftMs, failed, timestamp]),
    [
      ["req-1", "off", 100, false, "500"],
      ["req-2", "baseline", 501, false, "1999"],
      ["req-3", "baseline", Infinity, true, "1500"],
      ["req-4", "baseline", Infinity, true, "1900"],
    ],
  );
  assertAlmostEquals(found[0]!.tokensPerSecond, 10, 1e-9);
  assertEquals(found.slice(2).map(({ tokensPerSecond }) => tokensPerSecond), [0, 0]);
  assertEquals(found[1]!.intoMs, 999);
});
