/** A scenario's faults, done to the running lab for real, and taken back. */
import { sleep } from "../host/sleep.ts";
import { cpuQuota } from "../inject/cpu_quota.ts";
import type { Injector } from "../inject/injector.ts";
import { providerControl, resolverControl } from "../lab/lab.ts";
import { readState } from "../lab/state.ts";
import { IoError, UnsupportedError, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import type { Mechanism, Scenario, TimedFault } from "../model/scenario.ts";
import { type Handles, injectorFor } from "./demo/faults.ts";
import type { Fault } from "./demo/plan.ts";
import { openLines } from "./lines.ts";

export interface RealOptions {
  readonly out: string;
  readonly forMs: number | undefined;
  readonly targetCgroup: string | undefined;
}

/** The lab's own fault for each mechanism; what is not here has no injector yet. */
const FAULTS: Readonly<Partial<Record<Mechanism, Fault>>> = {
  dns_delay: "dns_latency",
  packet_drop: "packet_loss",
  cpu_quota: "cpu_throttle",
  rate_limit: "provider_throttle",
};

/** The lab is looked up only when it is used: a control group of its own needs none. */
function injectorOf(mechanism: Mechanism, { targetCgroup }: RealOptions): Injector {
  if (mechanism === "cpu_quota" && targetCgroup !== undefined) return cpuQuota(targetCgroup);
  return injectorFor(FAULTS[mechanism]!, runningLab())!;
}

/** Mechanisms of a scenario that nothing here can do for real yet. */
export function missingInjectors(scenario: Scenario): Mechanism[] {
  const missing = scenario.faults.map((step) => step.mechanism).filter((mechanism) => FAULTS[mechanism] === undefined);
  return [...new Set(missing)];
}

/** @throws UnsupportedError */
export function refuseMissing(scenario: Scenario): void {
  const missing = missingInjectors(scenario);
  if (missing.length === 0) return;
  throw new UnsupportedError(
    `Cannot run scenario "${scenario.name}" for real: ${missing.join(", ")} has no injector yet`,
    `Run it without the real lab for synthetic samples; there are injectors for ${Object.keys(FAULTS).join(", ")}`,
  );
}

/**
 * Writes one line when a fault is in force and one when it is taken back. Nothing stays, however it ends.
 *
 * @throws UnsupportedError, before anything is touched, when a mechanism has no injector
 */
export async function injectScenario(scenario: Scenario, options: RealOptions, io: Io): Promise<void> {
  refuseMissing(scenario);
  if (options.forMs !== undefined && !(options.forMs > 0)) {
    throw new UsageError('Cannot inject for "0": nothing would happen', "Give a duration: --for 20s");
  }
  if (scenario.faults.length === 0) {
    io.err(`sloctl: scenario ${scenario.name} has no fault: nothing was injected\n`);
    return;
  }
  const steps = scenario.faults.map((step) => ({ step, injector: injectorOf(step.mechanism, options) }));
  using log = openLines(options.out, io);
  const tell = (event: string, step: TimedFault, injector: Injector, description: string) => {
    const { mechanism, intensity } = step;
    const at = new Date().toISOString();
    log.write({
      timestamp: at,
      event,
      scenario: scenario.name,
      mechanism,
      intensity,
      unit: injector.unit,
      description,
    });
    log.flush();
  };
  const scale = options.forMs === undefined ? 1 : options.forMs / scenario.harness.phases.fault;
  await doSteps(steps, scale, io.stop, tell);
}

interface Step {
  readonly step: TimedFault;
  readonly injector: Injector;
}

/** A scenario's faults done to this lab, each in its time, until they are over or `stop` fires; nothing stays. @throws UnsupportedError */
export async function injectInto(lab: Handles, scenario: Scenario, stop: AbortSignal): Promise<void> {
  refuseMissing(scenario);
  const steps = scenario.faults.map((step) => ({ step, injector: injectorFor(FAULTS[step.mechanism]!, lab)! }));
  await doSteps(steps, 1, stop, () => {});
}

/** `scale`: of the times of the steps. */
async function doSteps(
  steps: readonly Step[],
  scale: number,
  stopped: AbortSignal,
  tell: (event: string, step: TimedFault, injector: Injector, description: string) => void,
): Promise<void> {
  const enough = new AbortController();
  const stop = AbortSignal.any([stopped, enough.signal]);
  const runs = steps.map(async ({ step, injector }) => {
    await sleep(step.fromMs * scale, stop);
    if (stop.aborted) return;
    try {
      await using injected = await injector.inject(step.intensity);
      tell("injected", step, injector, injected.description);
      await sleep(step.forMs * scale, stop);
    } catch (error) {
      enough.abort(); // the others take theirs back
      throw error;
    }
    tell("taken_back", step, injector, "as before");
  });
  const failed = (await Promise.allSettled(runs)).find((run) => run.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

function runningLab(): Handles {
  const state = readState();
  const service = (role: string) => state?.services.find((service) => service.role === role);
  const [gateway, provider] = [service("gateway"), service("provider")];
  if (state === null || gateway === undefined || provider === undefined) {
    throw new IoError("Cannot inject: no lab is running", "Start one: sudo sloctl lab up --detach");
  }
  return {
    resolver: resolverControl(state.resolver_control_url),
    provider: providerControl(state.provider_control_url),
    gatewayCpuCgroup: gateway.cpu_cgroup,
    client: gateway,
    server: provider,
  };
}
