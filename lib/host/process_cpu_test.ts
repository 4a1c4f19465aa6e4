import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { ProcessCpu } from "./process_cpu.ts";

Deno.test("CPU time of another process: what its own shell counted; a process that is gone is null", async () => {
  const cpu = new ProcessCpu(Deno.pid);
  const before = cpu.cpuNs()!;
  const until = performance.now() + 200;
  const own = Deno.readTextFileSync("/proc/self/stat");
  while (performance.now() < until);
  const used = (cpu.cpuNs()! - before) / 1e6;
  const ticks = (text: string) => {
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  };
  // The kernel's other account of the same, in ticks of 10 ms.
  assertAlmostEquals(used, 10 * (ticks(Deno.readTextFileSync("/proc/self/stat")) - ticks(own)), 45);
  assert(used > 20 && cpu.rssMb()! > 10, `${used} ms`);
  const child = new Deno.Command("true").spawn();
  await child.status;
  assertEquals(new ProcessCpu(child.pid).cpuNs(), null);
});
