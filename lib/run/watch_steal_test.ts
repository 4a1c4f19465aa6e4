import { assertEquals } from "@std/assert";
import type { CpuTimes } from "../host/cpu_times.ts";
import { StealMeter } from "./watch_steal.ts";

Deno.test("StealMeter: the share of all CPU time between two looks; what cannot be told is not told", () => {
  const looks: (CpuTimes | undefined)[] = [
    { totalTicks: 1000, stealTicks: 10, cpus: 2 },
    { totalTicks: 1200, stealTicks: 20, cpus: 2 },
    { totalTicks: 1200, stealTicks: 20, cpus: 2 }, // no tick has passed
    undefined, // could not be read
    { totalTicks: 1400, stealTicks: 15, cpus: 2 }, // it ran backwards: nothing was stolen
  ];
  let i = 0;
  const meter = new StealMeter(0, () => looks[i++]);
  const told = [1, 2, 3, 4].map((s) => meter.take(s * 1e9));
  assertEquals(told.map((event) => event && [event.startNs, event.tsNs, event.share, event.stolenNs, event.cpus]), [
    [0, 1e9, 0.05, 1e8, 2],
    null,
    null,
    [1e9, 4e9, 0, 0, 2],
  ]);
});
