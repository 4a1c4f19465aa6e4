/** Attaches every probe for a moment and says how that went: for installers, and for kernels nobody has tried. */
import { EXIT } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import type { AgentPlan } from "./agent_options.ts";
import { watchKernel } from "./watch.ts";

/** Resolves to 0 when every probe attached, 3 when one or some did not. @throws UnsupportedError when none did. */
export function smokeProbes(plan: AgentPlan, json: boolean, io: Io): number {
  // Some probes want a target: ourselves.
  using watch = watchKernel({ probes: plan.probes, pids: [Deno.pid], timers: false }, () => {});
  const { attached, missing } = watch.coverage;
  const failed = missing.filter(({ probe }) => plan.probes.some((wanted) => wanted === probe));
  if (json) io.out(`${toJson({ kernel: Deno.osRelease(), attached, missing })}\n`);
  else {
    const rows = [
      ...attached.map((probe) => `${probe.padEnd(16)} attached`),
      ...missing.map(({ probe, reason, costs }) =>
        `${probe.padEnd(16)} missing: ${reason}; not seen without it: ${costs}`
      ),
    ];
    io.out(`Linux ${Deno.osRelease()}\n${rows.join("\n")}\n`);
  }
  return failed.length === 0 ? EXIT.ok : EXIT.unsupported;
}
