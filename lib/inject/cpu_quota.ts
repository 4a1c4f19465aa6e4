import { IoError, UsageError } from "../model/errors.ts";
import type { Injected, Injector } from "./injector.ts";

/** The kernel refuses a quota below 1 ms. */
const MIN_QUOTA_US = 1000;

/**
 * A cgroup may use only a share of one CPU: once its quota in a period is spent, its threads stand still until the next. Intensity in
 * percent of one CPU.
 *
 * @param cgroupDir a directory of the v1 cpu hierarchy, or of v2 with the cpu controller
 * @param periodUs length of the period in microseconds, 1 000 to 1 000 000
 */
export function cpuQuota(cgroupDir: string, periodUs = 100_000): Injector {
  return {
    name: "cpu_quota",
    unit: "% of one CPU",
    async inject(percent, signal): Promise<Injected> {
      const quotaUs = Math.round(periodUs * percent / 100);
      if (!(quotaUs >= MIN_QUOTA_US)) {
        throw new UsageError(
          `Cannot set a CPU quota of "${percent} %": that is ${quotaUs} us per period, the kernel's least is ${MIN_QUOTA_US}`,
        );
      }
      signal?.throwIfAborted();
      const settings = await isV2(cgroupDir)
        ? [{ file: "cpu.max", value: `${quotaUs} ${periodUs}` }]
        // The period first: a quota may not exceed what the old period allows its parent.
        : [{ file: "cpu.cfs_period_us", value: `${periodUs}` }, { file: "cpu.cfs_quota_us", value: `${quotaUs}` }];
      const undo: (() => Promise<void>)[] = [];
      const putBack = async () => {
        for (const restore of undo.splice(0).reverse()) await restore();
      };
      try {
        for (const { file, value } of settings) {
          const path = `${cgroupDir}/${file}`;
          const before = (await Deno.readTextFile(path)).trim();
          await Deno.writeTextFile(path, value, { create: false });
          undo.push(() => writeIfThere(path, before));
        }
      } catch (error) {
        await putBack();
        throw new IoError(`Cannot set the CPU quota of "${cgroupDir}": ${(error as Error).message}`);
      }
      return {
        description: `at most ${percent} % of one CPU (${quotaUs} us every ${periodUs} us)`,
        [Symbol.asyncDispose]: putBack,
      };
    },
  };
}

async function isV2(cgroupDir: string): Promise<boolean> {
  try {
    await Deno.lstat(`${cgroupDir}/cpu.max`);
    return true;
  } catch {
    return false;
  }
}

/** A cgroup that is gone has no quota left to lift. */
async function writeIfThere(path: string, value: string): Promise<void> {
  try {
    await Deno.writeTextFile(path, value, { create: false });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
