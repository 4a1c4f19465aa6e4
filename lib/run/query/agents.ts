/** The node agents a collector hears of: by the metrics they send about themselves, or only by their events. */
import type { AgentsAnswer, AgentView } from "../../model/answers.ts";
import type { MetricPoint } from "../../model/metric_point.ts";
import type { ProbeEvent } from "../../model/probe_event.ts";

/** What it told of one namespace. */
interface Told {
  events: number;
  lastEventMs: number | null;
}

interface Agent {
  readonly node: string;
  metrics: boolean;
  /** On its own clock. */
  heartbeatMs: number | null;
  /** When a heartbeat came that was newer than the one before, on ours; null: none did. */
  advancedMs: number | null;
  mode: AgentView["mode"];
  overheadPct: number | null;
  /** By namespace: of its events, and of the metrics about itself; "" where they name none. */
  readonly told: Map<string, Told>;
  readonly dropped: Map<string, number>;
  readonly signals: Map<string, { enabled: boolean; reason: string | null }>;
}

/** Agents, and names per agent, kept at most. */
const MOST_AGENTS = 10_000;
const MOST_NAMES = 100;
/** Namespaces on one node that are told apart; the others' events are nobody's who may see one namespace only. */
const MOST_NAMESPACES = 1_000;
/** No namespace has that name. */
const OTHERS = "\0";
const STALE_MS = 60_000;
/** A heartbeat that is older when it comes has a clock behind ours, or was long under way. */
const BEHIND_S = 30;
const MOST_WARNINGS = 10;
const MODES: readonly unknown[] = ["core_full", "bcc_degraded", "unsupported"];

export class Agents {
  readonly #agents = new Map<string, Agent>();

  /** @param nowMs Unix ms */
  probes(probes: readonly ProbeEvent[], nowMs: number): void {
    for (const { node, namespace } of probes) {
      const told = toldOf(this.#of(node), namespace);
      told.events++;
      told.lastEventMs = nowMs;
    }
  }

  /** Points of other metrics are left alone. @param nowMs Unix ms */
  metrics(points: readonly MetricPoint[], nowMs: number): void {
    for (const point of points) {
      const { name, resource } = point.metric;
      if (
        !name.startsWith("llm_slo_agent_") || point.kind !== "gauge" && point.kind !== "sum" || point.value === null
      ) {
        continue;
      }
      const { attributes } = point;
      const agent = this.#of(text(attributes.node) || text(resource["k8s.node.name"]) || text(resource["host.name"]));
      const value = Number(point.value);
      agent.metrics = true;
      toldOf(agent, text(resource["k8s.namespace.name"]));
      switch (name) {
        case "llm_slo_agent_heartbeat":
          if (agent.heartbeatMs !== null && value * 1000 > agent.heartbeatMs) agent.advancedMs = nowMs;
          agent.heartbeatMs = Math.min(nowMs, value * 1000);
          break;
        case "llm_slo_agent_cpu_overhead_pct":
          agent.overheadPct = value >= 0 ? value : null;
          break;
        case "llm_slo_agent_capability_mode":
          if (value === 1 && MODES.includes(attributes.mode)) agent.mode = attributes.mode as AgentView["mode"];
          break;
        case "llm_slo_agent_signal_enabled":
          keep(agent.signals, text(attributes.signal), { enabled: value > 0, reason: text(attributes.reason) || null });
          break;
        case "llm_slo_agent_dropped_events_total":
          if (value >= 0) keep(agent.dropped, text(attributes.reason), value);
          break;
      }
    }
  }

  /**
   * @param nowMs Unix ms
   * @param ns who may see one namespace sees the agents that told of it, or of none, and counts only those events; "": all
   */
  answer(nowMs: number, ns = ""): AgentsAnswer {
    const isSeen = (namespace: string) => ns === "" || namespace === "" || namespace === ns;
    const seen = [...this.#agents.values()].sort((a, b) => a.node < b.node ? -1 : 1).flatMap((agent) => {
      const told = [...agent.told].flatMap(([namespace, one]) => isSeen(namespace) ? [one] : []);
      return told.length === 0 ? [] : [{ agent, told }];
    });
    return {
      schema: "agents-answer/v1",
      warnings: seen.flatMap(({ agent: { node, heartbeatMs, advancedMs } }) => {
        const behindS = ((advancedMs ?? -Infinity) - (heartbeatMs ?? 0)) / 1000;
        return behindS < BEHIND_S ? [] : [
          `the clock of ${node} is ${behindS.toFixed(0)} s behind, or its metrics take that long: joins by time suffer`,
        ];
      }).slice(0, MOST_WARNINGS),
      agents: seen.map(({ agent, told }) => view(agent, told, nowMs)),
    };
  }

  #of(node: string): Agent {
    const key = node.slice(0, 256);
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      agent = {
        node: key,
        metrics: false,
        heartbeatMs: null,
        advancedMs: null,
        mode: null,
        overheadPct: null,
        told: new Map(),
        dropped: new Map(),
        signals: new Map(),
      };
      this.#agents.set(key, agent);
      if (this.#agents.size > MOST_AGENTS) this.#agents.delete(this.#agents.keys().next().value!);
    }
    return agent;
  }
}

function toldOf({ told }: Agent, namespace: string): Told {
  const known = told.get(namespace);
  if (known !== undefined) return known;
  const key = told.size < MOST_NAMESPACES ? namespace.slice(0, 256) : OTHERS;
  let one = told.get(key);
  if (one === undefined) told.set(key, one = { events: 0, lastEventMs: null });
  return one;
}

function view(agent: Agent, told: readonly Told[], nowMs: number): AgentView {
  const age = (ms: number | null) => ms === null ? null : Math.max(0, (nowMs - ms) / 1000);
  const lastEventMs = told.reduce((latest: number | null, { lastEventMs: ms }) => {
    return ms === null || latest !== null && latest > ms ? latest : ms;
  }, null);
  // Heartbeats that go on are an agent that lives, whatever its clock says.
  const heardMs = Math.max(agent.heartbeatMs ?? 0, agent.advancedMs ?? 0, agent.metrics ? 0 : lastEventMs ?? 0);
  return {
    node: agent.node,
    known_by: agent.metrics ? "metrics" : "events",
    heartbeat_age_s: age(agent.heartbeatMs),
    last_event_age_s: age(lastEventMs),
    stale: nowMs - heardMs > STALE_MS,
    mode: agent.mode,
    cpu_overhead_pct: agent.overheadPct,
    events: told.reduce((sum, { events }) => sum + events, 0),
    dropped: Object.fromEntries(agent.dropped),
    signals: [...agent.signals].map(([signal, { enabled, reason }]) => ({ signal, enabled, reason })),
  };
}

function keep<V>(map: Map<string, V>, key: string, value: V): void {
  if (key !== "" && (map.has(key) || map.size < MOST_NAMES)) map.set(key.slice(0, 256), value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
