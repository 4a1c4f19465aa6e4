import { type EventIdentity, type ProbeEventContext, readings, toProbeEvents } from "../export/probe_event.ts";
import type { LinesContext } from "../export/probe_lines.ts";
import type { Reading } from "../export/reading.ts";
import { blockDeviceName } from "../host/block_devices.ts";
import type { ClockLine, UnixTime } from "../model/clock.ts";
import type { KernelEvent, Owner } from "../model/kernel_event.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import type { SignalName } from "../model/signals.ts";
import type { AgentOptions, AgentPlan } from "./agent_options.ts";
import type { Whose } from "./agent_whose.ts";

/** What is known of a process is asked again after this. */
const FRESH_NS = 1e9;

interface Held {
  /** Events from then to then. */
  readonly fromNs: number;
  readonly untilNs: number;
  readonly generation: number | undefined;
  readonly place: ReturnType<Whose["of"]>;
}

/** What every document of one agent shares. */
export type DocumentContext = Omit<ProbeEventContext, "process">;

export function documentContext(
  options: Pick<AgentOptions, "namespace" | "pod" | "container" | "eventSchema">,
  node: string,
  clocks: () => ClockLine,
): DocumentContext & LinesContext {
  const { namespace, pod, container, eventSchema: schemaVersion } = options;
  const toUnixNs = (ns: number) => clocks().toUnixNs(ns);
  const toUnix = (ns: number, out: UnixTime) => clocks().toUnix(ns, out);
  return { node, namespace, pod, container, toUnixNs, toUnix, deviceName: blockDeviceName, schemaVersion };
}

type Told = Pick<AgentPlan, "targeted" | "disabled">;

/** One kernel event as the ProbeEvents it gives; signals that are switched off give none. */
export function documentsOf(context: DocumentContext, plan: Told, whose: Whose): (event: KernelEvent) => ProbeEvent[] {
  const whole = { ...context, process: identityOf(whose) };
  return (event) => {
    if (isElsewhere(event, plan)) return [];
    const documents = toProbeEvents(event, whole);
    if (plan.disabled.size === 0) return documents;
    return documents.filter(({ signal }) => !plan.disabled.has(signal as SignalName));
  };
}

/** The same as what its documents would say: for whoever needs no documents. */
export function readingsOf({ deviceName }: DocumentContext, plan: Told): (event: KernelEvent) => Reading[] {
  return (event) => {
    if (isElsewhere(event, plan)) return [];
    const all = readings(event, deviceName);
    return plan.disabled.size === 0 ? all : all.filter(({ signal }) => !plan.disabled.has(signal));
  };
}

/** Of a target, or of the machine: not both in one stream. */
const isElsewhere = ({ kind }: KernelEvent, { targeted }: Told) => kind === "steal" && targeted;

/** Whose an event is. A thread's events share their owner: who that is is asked once a second, and when it may be another program. */
export function identityOf(whose: Whose): (event: KernelEvent) => EventIdentity | undefined {
  const known = new WeakMap<Owner, Held>();
  return (event) => {
    if (event.kind === "group_throttled") return whose.ofCgroup(event.cgroup);
    const { owner, tsNs } = event;
    const held = known.get(owner);
    const { generation } = whose;
    const holds = held !== undefined && held.generation === generation && tsNs >= held.fromNs && tsNs < held.untilNs;
    if (holds) return held.place;
    const place = whose.of(owner, tsNs);
    if (place?.exe !== undefined) known.set(owner, { fromNs: tsNs, untilNs: tsNs + FRESH_NS, generation, place });
    return place;
  };
}
