/** The state of a running agent as its metrics and its readiness tell it. */
import type { AgentSources, CapabilityMode } from "../export/agent_metrics.ts";
import { hostClock } from "../host/clock.ts";
import type { Clock } from "../model/clock.ts";
import type { MissingProbe } from "../model/diagnosis.ts";
import { type SignalName, SIGNALS } from "../model/signals.ts";
import type { AgentDrops } from "./agent_drops.ts";
import type { Watch } from "./watch.ts";

/** Samples are taken once a second. */
const FRESH_S = 5;

export interface Health {
  /** What the metrics read. */
  readonly sources: AgentSources;
  /** null: ready. */
  readonly notReady: () => string | null;
}

export interface HealthOptions {
  /** Undefined: the host's name. */
  readonly node: string | undefined;
  readonly eventKind: string;
  /** null: not attached yet, or no more. */
  readonly agent: () => {
    readonly watch: Pick<Watch, "coverage" | "clocks" | "cost" | "drops" | "guard">;
    /** What is not seen, switched off by choice included. */
    readonly missing: readonly MissingProbe[];
  } | null;
  readonly disabled: ReadonlySet<SignalName>;
  /** Lost on the way out. */
  readonly drops: AgentDrops;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** Of an agent that watches a kernel. */
export function kernelHealth(options: HealthOptions): Health {
  const { node = Deno.hostname(), eventKind, agent, disabled, drops, clock = hostClock } = options;
  const guard = () => agent()?.watch.guard ?? null;
  const attached = () => {
    const shed: ReadonlySet<string> | undefined = guard()?.shed;
    return (agent()?.watch.coverage.attached ?? []).filter((probe) => !shed?.has(probe));
  };
  const sampled = () => agent()?.watch.clocks.anchor ?? null;
  return {
    sources: {
      node,
      eventKind,
      heartbeat: () => {
        const at = sampled();
        return at === null ? null : Number(at.unixNs / 1_000_000n) / 1000;
      },
      // Of the last window where there is a guard, which looks at windows; else since the start.
      overheadPct: () => guard()?.lastPct ?? agent()?.watch.cost().cpu_pct ?? null,
      guardSteps: () => guard()?.steps ?? {},
      mode: () => capabilityMode(attached(), agent()?.watch.coverage.mode ?? "core_full"),
      off: () => signalsOff(attached(), agent()?.missing ?? [], disabled),
      dropped: () => drops.all(agent()?.watch.drops() ?? {}),
    },
    notReady: () => notReady(attached(), (clock.monotonicNs() - (sampled()?.monotonicNs ?? 0)) / 1e9),
  };
}

export function notReady(attached: readonly string[], sampleAgeS: number): string | null {
  if (attached.length === 0) return "no probe is attached";
  if (sampleAgeS > FRESH_S) return `the last sample is ${Math.round(sampleAgeS)} s old`;
  return null;
}

/** `mode`: that of the probes that attached. */
export function capabilityMode(attached: readonly string[], mode: Watch["coverage"]["mode"]): CapabilityMode {
  return attached.some((probe) => probe !== "cpu_steal") ? mode : "unsupported";
}

/** Signals that nobody will tell, and why. */
export function signalsOff(
  attached: readonly string[],
  missing: readonly MissingProbe[],
  disabled: ReadonlySet<SignalName>,
): Map<SignalName, string> {
  const off = new Map<SignalName, string>();
  for (const { signal, probe } of SIGNALS) {
    const lacking = missing.find((row) => row.probe === signal) ?? missing.find((row) => row.probe === probe);
    // A kernel that does not mark throttled threads still tells of it, by control group.
    const lesser = lacking?.probe === signal && signal === "cfs_throttled_ms" && attached.includes(probe);
    if (disabled.has(signal)) off.set(signal, "switched off by --disable-signals");
    else if (lacking !== undefined && !lesser && (lacking.probe === signal || !attached.includes(probe))) {
      off.set(signal, lacking.reason);
    } else if (!attached.includes(probe)) off.set(signal, "its probe is not attached");
  }
  return off;
}

/** Of invented events: there is no kernel behind them, so it is never ready. */
export function syntheticHealth(
  options: { readonly node: string; readonly eventKind: string; readonly heartbeat: () => number | null },
): Health {
  const { node, eventKind, heartbeat } = options;
  return {
    sources: {
      node,
      eventKind,
      heartbeat,
      overheadPct: () => null,
      guardSteps: () => ({}),
      mode: () => null,
      off: () => new Map(),
      dropped: () => ({}),
    },
    notReady: () => "the source is synthetic: no probe is attached",
  };
}
