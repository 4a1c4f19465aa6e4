import type { MissingProbe, Unprobed } from "../model/diagnosis.ts";
import { PROBES } from "../kernel/probes.ts";
import { UnsupportedError } from "../model/errors.ts";
import type { KernelEvent } from "../model/kernel_event.ts";
import type { GuardStep } from "../model/guard.ts";
import type { AgentIdentity } from "./agent_identity.ts";
import { type AgentOptions, type AgentPlan, switchedOff } from "./agent_options.ts";
import type { FlightRecorder } from "./flight_recorder.ts";
import { type Watch, watchKernel } from "./watch.ts";

export interface Attached extends Disposable {
  readonly watch: Watch;
  /** What is not seen now, and why: for want of a hook, because the caller said so, or because it cost too much. */
  readonly missing: readonly MissingProbe[];
  /** What is unusual about where it is seen from, and costs nothing. */
  readonly notes: readonly Unprobed[];
}

/**
 * Attaches what the plan wants.
 *
 * @throws UnsupportedError where nothing can be attached; with `--capability-mode core_full` also where one probe cannot.
 */
export function attach(
  options: AgentOptions,
  plan: AgentPlan,
  identity: AgentIdentity,
  onEvent: (event: KernelEvent) => void,
  onGuard: (step: GuardStep) => void,
  flight?: FlightRecorder,
): Attached {
  const { guard } = options;
  const watch = watchKernel(
    {
      probes: plan.probes,
      pids: plan.pids,
      cgroupPaths: options.cgroups,
      steal: !plan.disabled.has("cpu_steal_pct"),
      timers: false,
      ends: plan.mode === "diagnosis" || flight !== undefined, // of no event is the end of a turn told
      clocks: flight !== undefined, // a recording is whole; neither events nor findings tell what a thread's counters said
      ...(guard === null ? {} : { guard: { ...guard, onStep: onGuard } }),
      mode: options.capabilityMode,
      hostGroups: identity.view.cgroups,
      ...(options.clock === undefined ? {} : { clock: options.clock }),
      ...(options.comm === undefined ? {} : { comm: options.comm }),
      ...flight?.hooks,
    },
    flight === undefined ? onEvent : (event) => {
      flight.note(event);
      onEvent(event);
    },
  );
  identity.watching(watch);
  const { missing } = watch.coverage;
  const lacking = missing.find(({ probe }) => plan.probes.some((wanted) => wanted === probe));
  if (options.capabilityMode === "core_full" && lacking !== undefined) {
    watch[Symbol.dispose]();
    throw new UnsupportedError(
      `Cannot run in capability mode "core_full": without ${lacking.probe}, ${lacking.reason}`,
      "Use --capability-mode auto",
    );
  }
  return {
    watch,
    notes: identity.notes,
    get missing() {
      return [...missing, ...switchedOff(plan), ...shedByGuard(watch), ...identity.missing()];
    },
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

function shedByGuard({ guard }: Watch): MissingProbe[] {
  if (guard === null) return [];
  const reason = `shed: watching cost more than ${guard.budgetPct} % of one CPU; seen until then`;
  return PROBES.filter(({ probe }) => guard.shed.has(probe)).map(({ probe, costs }) => ({ probe, reason, costs }));
}
