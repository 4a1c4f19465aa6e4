import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { burnExceeds, burnRate } from "../stats/error_budget.ts";
import { random } from "../stats/random.ts";
import { validate } from "../report/validate.ts";
import { request, sloFile } from "../testing/slo.ts";
import { type SloStatus, sloStatus } from "./status.ts";
import { SloTracker } from "./tracker.ts";

const MIN = 60_000;
const T0 = 1_767_225_600_000;

/** A tracker fed with `good` and `bad` requests at each of the minutes named, and its state at the end of the last. */
function fed(
  tracker: SloTracker,
  minutes: readonly (readonly [minute: number, good: number, bad: number])[],
  end: number,
) {
  for (const [minute, good, bad] of minutes) {
    const at = T0 + minute * MIN;
    for (let i = 0; i < good + bad; i++) tracker.observe(request(at, i < good), at);
  }
  tracker.advance(T0 + end * MIN);
  return tracker.tracked.map((tracked) => sloStatus(tracked, T0 + end * MIN));
}

const firing = ({ alerts }: SloStatus) =>
  alerts.filter((alert) => alert.firing).map(({ level, long, short }) => `${level} ${long}/${short}`);

Deno.test("no data is no data: never healthy, never burning", () => {
  const [status] = fed(new SloTracker(sloFile([])), [], 10);
  assertEquals([status!.state, status!.compliance.verdict], ["no_data", "no_data"]);
  assertEquals(Object.keys(status!.windows), ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]);
  for (const window of Object.values(status!.windows)) {
    assertEquals(window, { total: 0, bad: null, error_ratio: null, burn_rate: null });
  }
  assertEquals([status!.budget.remaining, status!.budget.exhausted_in_minutes, status!.budget.allowed], [
    null,
    null,
    null,
  ]);
  assertEquals(firing(status!), []);
  assertEquals(validate("slo-status/v1", status), []);
});

Deno.test("truth-table: pairs of windows, both or nothing", () => {
  const minutes = (from: number, to: number, good: number, bad: number) =>
    Array.from({ length: to - from }, (_, i) => [from + i, good, bad] as const);
  // Three quiet days, and then something.
  const rows: [string, (readonly [number, number, number])[], number, string[]][] = [
    ["2 % for an hour", minutes(0, 60, 98, 2), 59, ["page 1h/5m", "page 6h/30m", "ticket 1d/2h", "ticket 3d/6h"]],
    ["2 % for an hour after six hours of good", [...minutes(0, 360, 100, 0), ...minutes(360, 420, 98, 2)], 419, [
      "page 1h/5m",
      "ticket 3d/6h",
    ]],
    [
      "the same, over for six minutes",
      [
        ...minutes(0, 360, 100, 0),
        ...minutes(360, 420, 98, 2),
        ...minutes(420, 426, 100, 0),
      ],
      426,
      ["ticket 3d/6h"],
    ],
    ["one failure among few", [[0, 60, 1]], 0, []],
    ["one failure among as many as the floor", [[0, 69, 1]], 0, []],
    ["two failures among as many as the floor", [[0, 68, 2]], 0, ["page 1h/5m"]],
    ["exactly 1.44 %: not above 14.4", [[0, 9856, 144]], 0, ["page 6h/30m", "ticket 1d/2h", "ticket 3d/6h"]],
    ["1.45 %", [[0, 9855, 145]], 0, ["page 1h/5m", "page 6h/30m", "ticket 1d/2h", "ticket 3d/6h"]],
  ];
  for (const [name, events, end, expected] of rows) {
    const [status] = fed(new SloTracker(sloFile([])), events, end);
    assertEquals(firing(status!), expected, name);
  }
});

Deno.test("budgets: what is left, and how long it lasts", () => {
  const [status] = fed(new SloTracker(sloFile([])), [[0, 999_350, 650]], 0);
  const { budget } = status!;
  assertEquals([budget.total, budget.bad, budget.allowed, budget.remaining, budget.minutes], [
    1e6,
    650,
    1000,
    0.35,
    43.2,
  ]);
  assertEquals(budget.burn_rate, 0.65);
  // 35 % left at burn 0.65.
  assertAlmostEquals(budget.exhausted_in_minutes!, 0.35 * 43_200 / 0.65, 1e-6);
  const [spent] = fed(new SloTracker(sloFile([])), [[0, 990, 10]], 0);
  assertEquals([spent!.state, spent!.budget.remaining, spent!.budget.exhausted_in_minutes], ["exhausted", -9, 0]);
  const [calm] = fed(new SloTracker(sloFile([])), [[0, 100, 0]], 0);
  assertEquals([calm!.state, calm!.budget.remaining, calm!.budget.exhausted_in_minutes], ["ok", 1, null]);
});

Deno.test("an alert fires when the formula says", () => {
  // From a clean start at ratio e: after f(1-S)W/e, whatever e; never at e <= f(1-S).
  const alerts = 'alerts: [{ severity: page, long: 1h, short: 5m, factor: "14.4" }]';
  for (const [e, every] of [[0.05, 20], [0.1, 10], [0.5, 2], [0.0125, 80]] as const) {
    const tracker = new SloTracker(sloFile([alerts]));
    const run = (from: number, to: number, bad: (i: number) => boolean): number | null => {
      for (let s = from; s < to; s++) {
        const at = T0 + s * 1000;
        tracker.observe(request(at, !bad(s)), at);
        if (s % 5 === 0 && tracker.alerts(at)[0]!.states[0]!.firing) return s;
      }
      return null;
    };
    assertEquals(run(0, 3600, () => false), null);
    const fired = run(3600, 7200, (i) => i % every === 0);
    if (e <= 0.0144) assertEquals(fired, null, `${e}`);
    else {
      const expected = 0.0144 * 3600 / e;
      // The far edge of the window moves by 30 s, and we look every 5 s.
      assert(Math.abs(fired! - 3600 - expected) <= 36, `${e}: after ${fired! - 3600} s, expected ${expected}`);
    }
  }
});

Deno.test("budgeting: 100/100, 90/100, 0/10, 50/50 in four slices", () => {
  const slices = [[0, 100, 0], [1, 90, 10], [2, 0, 10], [3, 50, 0]] as const;
  const file = sloFile(
    ["name: events", "objective: 0.95"],
    ["name: slices", "objective: 0.95", "budgeting: Timeslices", "slice: { length: 1m, target: 0.95 }"],
    ["name: ratios", "objective: 0.95", "budgeting: RatioTimeslices"],
    [
      "name: weighed",
      "objective: 0.95",
      "sli: { parts: [{ slo: events, weight: 0.5 }, { slo: events, weight: 0.25 }] }",
    ],
    [
      "name: both",
      "objective: 0.95",
      "budgeting: RatioTimeslices",
      "slice: {}",
      "sli: { parts: [{ slo: ratios, weight: 0.5 }, { slo: ratios, weight: 0.25 }] }",
    ],
  );
  const good = Object.fromEntries(
    fed(new SloTracker(file), slices, 6).map(({ slo, budget }) => [slo, 1 - budget.error_ratio!]),
  );
  assertEquals(good.events!.toFixed(6), "0.923077");
  assertEquals(good.slices, 0.5);
  assertAlmostEquals(good.ratios!, (1 + 0.9 + 0 + 1) / 4, 1e-9);
  assertAlmostEquals(good.weighed!, 1 - 0.75 * (1 - 0.92307692307), 1e-9);
  assertAlmostEquals(good.both!, 1 - 0.75 * (1 - 0.725), 1e-9);
});

Deno.test("a slice is bad if bad in any part; one without traffic is counted nowhere", () => {
  const timeslices = ["objective: 0.95", "budgeting: Timeslices", "slice: { length: 1m, target: 0.95 }"];
  const file = sloFile(
    ["name: a", ...timeslices],
    ["name: b", "sli: ttft_ms <= 800ms", ...timeslices],
    ["name: all", "sli: { parts: [{ slo: a, weight: 1 }, { slo: b, weight: 1 }] }", ...timeslices],
  );
  const tracker = new SloTracker(file);
  const at = (minute: number, ok: boolean, ttft: number) =>
    tracker.observe(request(T0 + minute * MIN, ok, { values: new Map([["ttft_ms", ttft]]) }), T0 + minute * MIN);
  at(0, true, 1);
  at(1, false, 1);
  at(2, true, 900);
  at(7, true, 1); // nothing from 3 to 6
  tracker.advance(T0 + 10 * MIN);
  const totals = tracker.tracked.map((tracked) => sloStatus(tracked, T0 + 10 * MIN).budget)
    .map(({ total, bad }) => [total, bad]);
  assertEquals(totals, [[4, 1], [4, 1], [4, 2]]);
});

Deno.test("thin slices, late and early events are counted, and never lost", () => {
  const tracker = new SloTracker(
    sloFile([], ["budgeting: Timeslices", "slice: { length: 1m, target: 0.9 }", "event_floor: 2"]),
  );
  tracker.observe(request(T0, true), T0 + 5000); // alone in its slice
  tracker.observe(request(T0 + 90_000, true), T0 + 90_000);
  tracker.observe(request(T0 + 95_000, true), T0 + 95_000);
  tracker.observe(request(T0 + 9e9, false), T0 + 100_000); // a clock that is months ahead
  tracker.advance(T0 + 10 * MIN);
  tracker.observe(request(T0, true), T0 + 10 * MIN); // its slice was judged
  const [events, slices] = tracker.tracked.map((tracked) => sloStatus(tracked, T0 + 10 * MIN));
  assertEquals([events!.counts.ahead, events!.counts.late, events!.budget.total], [1, 0, 5]);
  assertEquals([slices!.counts.late, slices!.counts.thin_slices, slices!.budget.total], [1, 1, 1]);
  tracker.observe(request(T0 - 40 * 86_400_000, true), T0 + 10 * MIN);
  assertEquals(tracker.tracked[0]!.counts.late, 1);
});

Deno.test("who is counted: the service's own, not those whose client left in time", () => {
  const tracker = new SloTracker(
    sloFile(["sli: status == ok and request_latency_ms <= 1s", "stages: { retrieval: 100ms, generation: 500ms }"]),
  );
  const ms = (value: number) => ({ values: new Map([["request_latency_ms", value]]) });
  tracker.observe(request(T0, true, { ...ms(5), service: "other" }), T0);
  tracker.observe(request(T0, true, ms(5)), T0);
  tracker.observe(request(T0, false, { ...ms(5), cancelled: true }), T0);
  tracker.observe(
    request(T0, false, { ...ms(5000), cancelled: true, stagesMs: { retrieval: 150, generation: 2000 } }),
    T0,
  );
  tracker.observe(request(T0, true), T0); // it should say how long it took
  const { good, bad, cancelled, missing, stages } = tracker.tracked[0]!.counts;
  assertEquals([good, bad, cancelled, missing, tracker.foreign], [1, 2, 1, 1, 1]);
  assertEquals(stages, { generation: 1 }); // four times its limit; retrieval only half as much above its own
});

Deno.test("calendar periods start anew", () => {
  const tracker = new SloTracker(sloFile(["period: { calendar: month, time_zone: Europe/Berlin }"]));
  const at = (text: string) => Date.parse(text);
  const observe = (text: string, ok: boolean) => tracker.observe(request(at(text), ok), at(text));
  observe("2026-03-31T21:59:59Z", false); // 23:59:59 in Berlin
  assertEquals(sloStatus(tracker.tracked[0]!, at("2026-03-31T21:59:59Z")).budget.bad, 1);
  observe("2026-03-31T22:00:01Z", true);
  const { budget, period } = sloStatus(tracker.tracked[0]!, at("2026-03-31T22:00:01Z"));
  assertEquals([budget.total, budget.bad, period], [1, 0, "month in Europe/Berlin"]);
});

Deno.test("windows equal a count over all events, up to one slice of a hundred and twentieth", () => {
  for (let seed = 0; seed < 5; seed++) {
    const draw = random(`tracker/${seed}`);
    const tracker = new SloTracker(sloFile([]));
    const events: { at: number; ok: boolean }[] = [];
    let now = T0;
    for (let i = 0; i < 4000; i++) {
      now += draw.below(120_000);
      const event = { at: now - draw.below(20_000), ok: draw.below(50) > 0 };
      tracker.observe(request(event.at, event.ok), now);
      events.push(event);
    }
    const { windows } = sloStatus(tracker.tracked[0]!, now);
    for (const [name, seconds] of [["5m", 300], ["1h", 3600], ["1d", 86_400], ["3d", 259_200]] as const) {
      const within = (ms: number) => events.filter(({ at }) => at > now - ms).length;
      const { total } = windows[name]!;
      assert(
        total <= within(seconds * 1000) && total >= within(seconds * 1000 * (1 - 1 / 120)),
        `${seed} ${name} ${total}`,
      );
    }
  }
});

Deno.test("an alert is decided as the exact burn rate is, whatever the counts", () => {
  for (let seed = 0; seed < 200; seed++) {
    const draw = random(`exact/${seed}`);
    const objective = `0.${"9".repeat(1 + draw.below(3))}${5 + draw.below(5)}`;
    const tracker = new SloTracker(sloFile([`objective: "${objective}"`, "event_floor: 1"]));
    const total = 1 + draw.below(3000);
    const bad = draw.below(1 + Math.min(total, 100));
    const [status] = fed(tracker, [[0, total - bad, bad]], 0);
    for (const { factor, firing } of status!.alerts) {
      assertEquals(firing, burnExceeds({ bad, total, objective }, factor), `${bad}/${total} ${objective} ${factor}`);
    }
    assertEquals(status!.budget.burn_rate, burnRate({ bad, total, objective }));
  }
});
