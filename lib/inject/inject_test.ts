import { assertEquals, assertRejects } from "@std/assert";
import { IoError, UsageError } from "../model/errors.ts";
import { cpuQuota } from "./cpu_quota.ts";
import { dnsDelay } from "./dns_delay.ts";

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
