import { assertEquals } from "@std/assert";
import type { Machine } from "./ebpf_refusal.ts";
import { parseCpuTimes, stealUnavailable } from "./cpu_times.ts";

const stat = (line: string) => `cpu  ${line}\ncpu0 1 0 0 0 0 0 0 0 0 0\ncpu1 1 0 0 0 0 0 0 0 0 0\nintr 1\n`;

Deno.test("parseCpuTimes adds up all but guest time, which is told twice", () => {
  assertEquals(parseCpuTimes(stat("20 30 10 100 5 1 2 7 9 9")), { totalTicks: 175, stealTicks: 7, cpus: 2 });
  assertEquals(parseCpuTimes(stat("20 30 10 100 5 1 2")), undefined); // before 2.6.11
  assertEquals(parseCpuTimes(""), undefined);
});

Deno.test("stealUnavailable: no column, never any, or none needed", () => {
  const machine = (cpu: string, flags: string): Machine => ({
    os: "linux",
    uid: 0,
    read: (path) => path === "/proc/stat" ? stat(cpu) : path === "/proc/cpuinfo" ? `flags\t\t: fpu ${flags}\n` : null,
    exists: () => false,
  });
  const rows: [string, string, string | null][] = [
    ["1 1 1 1 1 1 1 4 0 0", "hypervisor", null],
    ["1 1 1 1 1 1 1 0 0 0", "hypervisor", "none since boot: this hypervisor may not report it"],
    [
      "1 1 1 1 1 1 1 0 0 0",
      "vmx",
      "none since boot, and no hypervisor was found: there may be nobody to take any",
    ],
    ["1 1 1 1 1 1", "", "/proc/stat has no column for it"],
  ];
  for (const [cpu, flags, reason] of rows) assertEquals(stealUnavailable(machine(cpu, flags)), reason, cpu);
});
