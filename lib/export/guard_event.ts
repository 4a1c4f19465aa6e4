/** A step of the overhead guard as a document among the events. */
import type { GuardStep } from "../model/guard.ts";
import { PROBE_EVENT_SCHEMA, type ProbeEvent } from "../model/probe_event.ts";
import type { ProbeEventContext } from "./probe_event.ts";

/** Not of the catalogue: it is about the agent, and no probe gives it. */
export const OVERHEAD_SIGNAL = "agent_overhead_pct";

/** `pid`: the agent's own. Its value is what the window cost, in percent of one CPU; `warning` when something was given up. */
export function guardEvent(
  step: GuardStep,
  pid: number,
  context: Pick<ProbeEventContext, "node" | "namespace" | "pod" | "container" | "toUnixNs" | "schemaVersion">,
): ProbeEvent {
  const base = {
    ts_unix_nano: context.toUnixNs(step.tsNs),
    signal: OVERHEAD_SIGNAL,
    node: context.node,
    namespace: context.namespace,
    pod: context.pod,
    container: context.container,
    pid,
    tid: pid,
    value: step.totalPct,
    unit: "pct",
    status: step.action === "restore" || step.action === "lower_thresholds" ? "ok" : "warning",
  } as const;
  if (context.schemaVersion === "v1alpha1") return base;
  return {
    ...base,
    schema: PROBE_EVENT_SCHEMA,
    attributes: {
      action: step.action,
      ...(step.probe !== undefined && { probe: step.probe }),
      budget_pct: step.budgetPct,
      own_pct: step.ownPct,
      ...(step.kernelPct !== null && { kernel_pct: step.kernelPct }),
      ...(step.measuredBy !== null && { kernel_measured_by: step.measuredBy }),
      ...(step.refused !== undefined && { refused: step.refused }),
    },
  };
}
