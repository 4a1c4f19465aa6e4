import { assertEquals } from "@std/assert";
import { hasQuota, parseCpuStat, readThrottling } from "./cpu_stat.ts";

Deno.test("parseCpuStat: nanoseconds of v1, microseconds of v2, and a group without the controller", () => {
  const expected = { periods: 20, throttledPeriods: 18, throttledNs: 1_500_000_000 };
  const rows: [string, ReturnType<typeof parseCpuStat>][] = [
    ["nr_periods 20\nnr_throttled 18\nthrottled_time 1500000000\n", expected],
    ["usage_usec 9\nnr_periods 20\nnr_throttled 18\nthrottled_usec 1500000\nnr_bursts 0\n", expected],
    ["usage_usec 9\nuser_usec 5\nsystem_usec 4\n", undefined], // a v2 tree beside a v1 cpu hierarchy
    ["", undefined],
  ];
  for (const [text, throttling] of rows) assertEquals(parseCpuStat(text), throttling, text);
});

Deno.test("hasQuota reads either version; what is not there has none", () => {
  const dir = Deno.makeTempDirSync({ prefix: "sloctl-cpu-stat-" });
  const rows: [file: string, text: string, expected: boolean][] = [
    ["cpu.cfs_quota_us", "-1\n", false],
    ["cpu.cfs_quota_us", "20000\n", true],
    ["cpu.max", "max 100000\n", false], // from here on both are there: v2 wins
    ["cpu.max", "20000 100000\n", true],
  ];
  try {
    assertEquals([hasQuota(dir), readThrottling(dir)], [false, undefined]);
    for (const [file, text, expected] of rows) {
      Deno.writeTextFileSync(`${dir}/${file}`, text);
      assertEquals(hasQuota(dir), expected, `${file} ${text}`);
    }
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});
