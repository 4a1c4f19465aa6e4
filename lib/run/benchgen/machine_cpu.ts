/** CPU time of the whole machine, in ms since boot: everything but idling and waiting for disks. */
import { TICKS_PER_SECOND } from "../../host/cpu_times.ts";

export function machineCpuMs(): number {
  const columns = /^cpu +(.*)$/m.exec(Deno.readTextFileSync("/proc/stat"))?.[1]?.trim().split(/\s+/).map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, _idle, _iowait, irq = 0, softirq = 0, steal = 0] = columns;
  return (user + nice + system + irq + softirq + steal) * 1000 / TICKS_PER_SECOND;
}
