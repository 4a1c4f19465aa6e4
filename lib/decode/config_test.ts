import { assertEquals } from "@std/assert";
import { encodeConfig, encodeTuning, USUAL } from "./config.ts";
import { text, u64 } from "./fields.ts";
import { FILTER, WANT, WIRE } from "./wire.gen.ts";

const plain = { ...USUAL, sumPeriodNs: 5e9, haveRead: false, byPid: false, byCgroup: false };

Deno.test("encodeConfig lays the configuration out as the probes read it", () => {
  const at = WIRE.config;
  const table: [Parameters<typeof encodeConfig>[0], number, string][] = [
    [plain, 0, ""],
    [{ ...plain, byPid: true, byCgroup: true, haveRead: true }, FILTER.pid | FILTER.cgroup, ""],
    [{ ...plain, comm: "curl", timers: true, calls: true }, FILTER.comm, "curl"],
    [{ ...plain, timedPlace: 0, ends: false }, 0, ""],
    [{ ...plain, clocks: false }, 0, ""],
    [{ ...plain, v1: new Set(["pids", "cpu", "freezer"]) }, 0, ""],
    [{ ...plain, comm: "a-name-that-is-too-long" }, FILTER.comm, "a-name-that-is-"], // as the kernel cuts it
  ];
  for (const [config, filter, comm] of table) {
    const view = new DataView(encodeConfig(config).buffer);
    assertEquals(view.byteLength, at.size);
    assertEquals(u64(view, at.sum_period_ns), 5e9);
    assertEquals([view.getUint32(at.filter, true), text(view, at.comm, 16)], [filter, comm]);
    assertEquals(view.getUint32(at.have_read, true), config.haveRead ? 1 : 0);
    assertEquals(view.getUint32(at.timed, true), (config.timedPlace ?? -1) + 1);
    assertEquals(new Uint8Array(view.buffer, at.tuning, WIRE.tuning.size), encodeTuning(USUAL));
    const v1 = config.v1 === undefined ? 0 : WANT.v1_pids | WANT.v1_cpu;
    const wants = (config.timers ? WANT.timers : 0) | (config.calls ? WANT.calls : 0) | v1;
    const told = (config.ends === false ? 0 : WANT.ends) | (config.clocks === false ? 0 : WANT.clocks);
    assertEquals(view.getUint32(at.wants, true), wants | told);
  }
});

Deno.test("encodeTuning lays the thresholds out as the probes read them while they run", () => {
  const at = WIRE.tuning;
  const view = new DataView(encodeTuning({ ...USUAL, turnsPerSecond: 1e12, diskPerSecond: 0.4 }).buffer);
  assertEquals(
    [at.wait_threshold_ns, at.gap_threshold_ns, at.unread_threshold_ns, at.disk_threshold_ns, at.call_threshold_ns]
      .map((field) => u64(view, field)),
    [1e6, 10e6, 1e6, 10e6, 1e6],
  );
  assertEquals(u64(view, at.turn_threshold_ns), 10e6);
  assertEquals([view.getUint32(at.disk_per_second, true), view.getUint32(at.turns_per_second, true)], [0, 2 ** 32 - 1]);
});
