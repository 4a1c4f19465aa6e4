import { assertEquals, assertRejects } from "@std/assert";
import { IoError, UsageError } from "../model/errors.ts";
import { cpuQuota } from "./cpu_quota.ts";
import { dnsDelay } from "./dns_delay.ts";
import { packetLoss } from "./packet_loss.ts";
import { providerThrottle, type ThrottleOrder } from "./provider_throttle.ts";

Deno.test("dnsDelay sets the delay and takes it away", async () => {
  const set: number[] = [];
  const injector = dnsDelay((ms) => {
    set.push(ms);
    return Promise.resolve();
  });
  {
    await using fault = await injector.inject(120);
    assertEquals([set, fault.description], [[120], "resolver answers 120 ms late"]);
  }
  assertEquals(set, [120, 0]);
  await assertRejects(() => injector.inject(0), UsageError);
  await assertRejects(() => injector.inject(5, AbortSignal.abort()), Error);
  assertEquals(set, [120, 0]);
});

Deno.test("cpuQuota writes v1 and v2 files and puts back what was there", async () => {
  const rows: [string, Record<string, string>, Record<string, string>][] = [
    ["v2", { "cpu.max": "max 100000\n" }, { "cpu.max": "30000 100000" }],
    [
      "v1",
      { "cpu.cfs_period_us": "50000\n", "cpu.cfs_quota_us": "-1\n" },
      { "cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "30000" },
    ],
  ];
  for (const [name, before, during] of rows) {
    const dir = await Deno.makeTempDir();
    const read = () => Object.fromEntries(Object.keys(before).map((f) => [f, Deno.readTextFileSync(`${dir}/${f}`)]));
    try {
      for (const [file, text] of Object.entries(before)) Deno.writeTextFileSync(`${dir}/${file}`, text);
      const fault = await cpuQuota(dir).inject(30);
      assertEquals(read(), during, name);
      await fault[Symbol.asyncDispose]();
      await fault[Symbol.asyncDispose]();
      assertEquals(read(), Object.fromEntries(Object.entries(before).map(([f, text]) => [f, text.trim()])), name);
      await assertRejects(() => cpuQuota(dir).inject(0.1), UsageError);
      await assertRejects(() => cpuQuota(`${dir}/none`).inject(30), IoError);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  }
});

Deno.test("providerThrottle sets the throttle and lifts it", async () => {
  const set: (ThrottleOrder | null)[] = [];
  const injector = providerThrottle((order) => {
    set.push(order);
    return Promise.resolve();
  }, { retryAfterS: 2 });
  {
    await using fault = await injector.inject(0.25);
    assertEquals(set, [{ share: 0.25, pace_factor: 4, retry_after_s: 2 }]);
    assertEquals(
      fault.description,
      "25 % of requests refused with 429 (Retry-After: 2 s), the rest served 4 times slower",
    );
  }
  assertEquals(set.at(-1), null);
  for (const share of [0, -1, 1.01, NaN]) await assertRejects(() => injector.inject(share), UsageError);
  await assertRejects(() => injector.inject(0.5, AbortSignal.abort()), Error);
  assertEquals(set.length, 2);
});

Deno.test("packetLoss refuses a share that is none before it touches anything", async () => {
  const injector = packetLoss({ netns: "none", ip: "192.0.2.1" }, { netns: "none", ip: "192.0.2.2", port: 80 });
  for (const percent of [0, -1, 100.1, NaN]) await assertRejects(() => injector.inject(percent), UsageError);
  await assertRejects(() => injector.inject(5, AbortSignal.abort()), Error);
});
