import { type CpuTimes, parseCpuTimes, TICKS_PER_SECOND } from "../host/cpu_times.ts";
import { NOBODY, type StealEvent } from "../model/kernel_event.ts";

/** CPU time that the hypervisor took, from one look at /proc/stat to the next. */
export class StealMeter {
  readonly #read: () => CpuTimes | undefined;
  #before: CpuTimes | undefined;
  #sinceNs: number;

  constructor(nowNs: number, read = () => parseCpuTimes(Deno.readTextFileSync("/proc/stat"))) {
    this.#read = read;
    this.#before = read();
    this.#sinceNs = nowNs;
  }

  /** null where it is not told, or when no tick has passed. */
  take(nowNs: number): StealEvent | null {
    const [before, now] = [this.#before, this.#read()];
    if (before === undefined || now === undefined) return null;
    const ticks = now.totalTicks - before.totalTicks;
    const stolen = Math.max(0, now.stealTicks - before.stealTicks); // the kernel has let it run backwards at times
    if (ticks <= 0) return null;
    const startNs = this.#sinceNs;
    this.#before = now;
    this.#sinceNs = nowNs;
    return {
      kind: "steal",
      startNs,
      tsNs: nowNs,
      owner: NOBODY,
      share: stolen / ticks,
      stolenNs: stolen / TICKS_PER_SECOND * 1e9,
      cpus: now.cpus,
    };
  }
}
