/** Attaches every probe for a moment and says how that went: for installers, and for kernels nobody has tried. */
import { EXIT } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { PROBES } from "../kernel/probes.ts";
import type { AgentOptions, AgentPlan } from "./agent_options.ts";
import { watchKernel } from "./watch.ts";

/**
 * Resolves to 0 when every probe attached whole, or, in capability mode `bcc_degraded`, every plain form; else to 3.
 *
 * @throws UnsupportedError when none did.
 */
export function smokeProbes(plan: AgentPlan, { json, capabilityMode }: AgentOptions, io: Io): number {
  // Some probes want a target: ourselves.
  using watch = watchKernel({ probes: plan.probes, pids: [Deno.pid], timers: false, mode: capabilityMode }, () => {});
  const { mode, attached, missing } = watch.coverage;
  const isWanted = (name: string) => plan.probes.some((wanted) => wanted === name);
  const failed = capabilityMode === "bcc_degraded"
    ? PROBES.filter(({ probe, plain }) => plain !== undefined && isWanted(probe) && !attached.includes(probe))
    : missing.filter(({ probe }) => isWanted(probe));
  if (json) {
    io.out(
      `${toJson({ kernel: Deno.osRelease(), capability_mode: mode, attached, missing, programs: watch.programs() })}\n`,
    );
  } else {
    const rows = [
      ...attached.map((probe) => `${probe.padEnd(16)} attached`),
      ...missing.map(({ probe, reason, costs }) =>
        `${probe.padEnd(16)} ${attached.includes(probe) ? reason : `missing: ${reason}`}; not seen without it: ${costs}`
      ),
    ];
    io.out(`Linux ${Deno.osRelease()}, capability mode ${mode}\n${rows.join("\n")}\n`);
  }
  return failed.length === 0 ? EXIT.ok : EXIT.unsupported;
}
