import { assertEquals } from "@std/assert";
import { encodeConfig, USUAL } from "./config.ts";
import { text, u64 } from "./fields.ts";
import { FILTER, WANT, WIRE } from "./wire.gen.ts";

const plain = { ...USUAL, sumPeriodNs: 5e9, haveRead: false, byPid: false, byCgroup: false };

Deno.test("encodeConfig lays the configuration out as the probes read it", () => {
  const at = WIRE.config;
  const table: [Parameters<typeof encodeConfig>[0], number, string][] = [
    [plain, 0, ""],
    [{ ...plain, byPid: true, byCgroup: true, haveRead: true }, FILTER.pid | FILTER.cgroup, ""],
    [{ ...plain, comm: "curl", timers: true, calls: true }, FILTER.comm, "curl"],
    [{ ...plain, comm: "a-name-that-is-too-long" }, FILTER.comm, "a-name-that-is-"], // as the kernel cuts it
  ];
  for (const [config, filter, comm] of table) {
    const view = new DataView(encodeConfig(config).buffer);
    assertEquals(view.byteLength, at.size);
    assertEquals(
      [u64(view, at.wait_threshold_ns), u64(view, at.gap_threshold_ns), u64(view, at.sum_period_ns)],
      [1e6, 10e6, 5e9],
    );
    assertEquals([view.getUint32(at.filter, true), text(view, at.comm, 16)], [filter, comm]);
    assertEquals(view.getUint32(at.have_read, true), config.haveRead ? 1 : 0);
    assertEquals(
      [u64(view, at.disk_threshold_ns), u64(view, at.call_threshold_ns), view.getUint32(at.disk_per_second, true)],
      [USUAL.diskThresholdNs, USUAL.callThresholdNs, USUAL.diskPerSecond],
    );
    assertEquals(view.getUint32(at.wants, true), (config.timers ? WANT.timers : 0) | (config.calls ? WANT.calls : 0));
  }
});
