import { assert, assertEquals } from "@std/assert";
import { request } from "../testing/request_record.ts";
import { errorKinds, figures, outcomes, valuesOf } from "./figures.ts";
import { innocence, type InnocenceOptions } from "./innocence.ts";
import { LagWatch } from "./lag.ts";
import { stepFor, timeline } from "./timeline.ts";
import { inWindow, rates } from "./window.ts";

Deno.test("percentile-rule: samples 1 to 10, linear", () => {
  const records = Array.from({ length: 10 }, (_, i) => request({ id: i, t: [i + 1], e: i + 1 }));
  const at = (stat: string) => figures(records).find((f) => f.def === "ttft.content.from_send" && f.stat === stat)!;
  assertEquals(["p50", "p95", "p99", "min", "max", "mean"].map((stat) => Number(at(stat).value!.toFixed(2))), [
    5.5,
    9.55,
    9.91,
    1,
    10,
    5.5,
  ]);
  assertEquals([at("p50").n, at("p50").unit, at("p50").rule, at("p50").over], [10, "ms", "linear", "ok"]);
});

Deno.test("figures: every definition is there, null where undefined; failures keep their own durations", () => {
  const records = [
    request({ t: [5], e: 5 }),
    request({ id: 1, t: [], e: 125_000, outcome: "err", error: "total_timeout" }),
  ];
  const told = figures(records);
  const gap = told.filter(({ def }) => def === "gap.chunk");
  assert(gap.length === 7 && gap.every(({ value, n }) => value === null && n === 0));
  assertEquals(
    told.find((f) => f.over === "err" && f.def === "duration.from_send" && f.stat === "max")?.value,
    125_000,
  );
  assertEquals([...valuesOf("ttft.content.from_send", records)], [5]);
  assertEquals(outcomes(records), { ok: 1, err: 1, incomplete: 0, cancelled: 0, dropped: 0 });
  assertEquals(errorKinds(records), [{ outcome: "err", error_type: "total_timeout", n: 1, detail: null }]);
});

Deno.test("the window is cut by when requests were due, never by when they were over", () => {
  const records = [0, 999, 1000, 1999, 2000].map((g, id) => request({ id, g, s: g + 500, t: [g + 600], e: g + 5000 }));
  assertEquals(inWindow(records, { fromNs: 1e9, toNs: 2e9 }).map(({ id }) => id), [2, 3]);
  const closed = records.map((record) => ({ ...record, g_ns: null }));
  assertEquals(inWindow(closed, { fromNs: 1e9, toNs: 2e9 }).map(({ id }) => id), [1, 2]);
});

Deno.test("three rates: planned, sent over the time that sending took, ended well", () => {
  const window = { fromNs: 0, toNs: 1e9 };
  const records = Array.from(
    { length: 100 },
    (_, id) => request({ id, g: id * 10, s: id * 20, outcome: id < 50 ? "ok" : "err", e: 5000 }),
  );
  const told = rates(records, window);
  assertEquals([told.offered, Math.round(told.sent), Math.round(told.achieved)], [100, 53, 27]);
});

const options: InnocenceOptions = {
  records: Array.from({ length: 100 }, (_, id) => request({ id, g: id * 10, p: id * 10, s: id * 10, e: 2000 })),
  rates: { offered: 100, sent: 100, achieved: 100 },
  loopLagNs: Array.from({ length: 100 }, () => 2e6),
  idleLagNs: Array.from({ length: 30 }, () => 1.5e6),
  mostIdleMs: 10,
  mostWaiting: 0.25,
  schedule: { ranNs: 1e8, waitedNs: 1e7, slices: 1000 },
  ranNs: 1e9,
  limit: { ms: 10, is: "5 % of 200 ms" },
  declared: false,
  closed: false,
};

Deno.test("innocence: lag above the idle floor, own lateness, run queue, and the shortfall, each against the limit", () => {
  const fine = innocence(options);
  assertEquals([fine.reasons, fine.loop_lag_ms?.p99, fine.idle_lag_ms?.p99], [[], 0.5, 1.5]);
  assertEquals(fine.run_queue, { share: 0.01, mean_wait_ms: 0.01 });
  const reasons = (change: Partial<InnocenceOptions>) => innocence({ ...options, ...change }).reasons.join();
  assert(
    /timers were late at p99 by 18.5 ms, more than 10.0 ms \(5 % of 200 ms\)/.test(reasons({ loopLagNs: [20e6] })),
  );
  const late = options.records.map((record) => ({ ...record, p_ns: record.g_ns! + 15e6 }));
  assert(/looked at requests late at p99 by 15.0 ms/.test(reasons({ records: late })));
  assert(/waited for a CPU 50.0 ms/.test(reasons({ schedule: { ranNs: 1, waitedNs: 5e8, slices: 10 } })));
  assert(
    /ready but without a CPU 50 % of the time/.test(reasons({ schedule: { ranNs: 1, waitedNs: 5e8, slices: 1e6 } })),
  );
  assert(
    /late at p99 by 10.0 ms/.test(
      reasons({ loopLagNs: [11e6], idleLagNs: [11e6], mostIdleMs: 1, limit: { ms: 5, is: "" } }),
    ),
  );
  assert(/not delivered: 50.0 of 100.0/.test(reasons({ rates: { offered: 100, sent: 50, achieved: 50 } })));
  assertEquals(reasons({ rates: { offered: 100, sent: 50, achieved: 50 }, declared: true }), "");
  assertEquals(reasons({ rates: { offered: 100, sent: 99.2, achieved: 50 } }), "");
});

Deno.test("innocence: a connection that was refused is the server's answer, a wait without end is a shortfall", () => {
  const half = (error: string) =>
    options.records.map((r, i) => i % 2 === 0 ? r : { ...r, s_ns: null, error_type: error });
  const told = (error: string) =>
    innocence({ ...options, records: half(error), rates: { offered: 100, sent: 50, achieved: 50 } }).delivered;
  assertEquals([told("connect_refused"), told("queue_timeout")], [true, false]);
});

Deno.test("a loop held up for a second owes a hundred timers", () => {
  const watch = new LagWatch();
  watch.start(0);
  assertEquals(watch.look(9e6), false);
  assertEquals(watch.look(11e6), true);
  watch.look(1011e6);
  assertEquals([watch.lags.length, watch.lags[0], watch.lags[1], watch.lags.at(-1)], [101, 1e6, 991e6, 1e6]);
});

Deno.test("time line: slices by due time", () => {
  const records = [request({ g: 100, t: [150], e: 150 }), request({ g: 1200, t: [], e: 1300, outcome: "err" })];
  assertEquals(timeline(records, 0, 2, "ttft.content.from_schedule", 2), [
    { at_s: 0, seconds: 1, due: 1, ok: 1, bad: 0, p50_ms: 50, p95_ms: 50 },
    { at_s: 1, seconds: 1, due: 1, ok: 0, bad: 1, p50_ms: null, p95_ms: null },
  ]);
  assertEquals([stepFor(60, 60), stepFor(61, 60), stepFor(1e6, 60)], [1, 2, 18_000]);
});
