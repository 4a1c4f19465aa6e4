/** Windows that are compared with each other -> their requests, split, and what is known of them together. */
import type { Call } from "../correlate/calls.ts";
import { peerKey, type PeerRole } from "../correlate/peers.ts";
import { TIER_RULES } from "../correlate/tiers.ts";
import type { RequestWindow } from "../correlate/windows.ts";
import { processKey } from "../model/kernel_event.ts";
import type { Label, RequestSplit, Tier } from "../model/split.ts";
import { splitRequest, weaker } from "../timeline/split.ts";
import type { EstimatedService } from "./estimate.ts";
import type { EventIndex } from "./event_index.ts";

type RoleOf = (call: Call) => PeerRole | undefined;

/** A process's own socket: worth what the tier is that joins by process. */
const OWN = TIER_RULES.find(({ tier }) => tier === "pod_pid_100ms")!;

export class EstimatedGroup {
  readonly #windows: { readonly window: RequestWindow; readonly roleOf: RoleOf }[] = [];

  constructor(readonly name: string, readonly first: RequestWindow) {}

  add(window: RequestWindow, roleOf: RoleOf): void {
    this.#windows.push({ window, roleOf });
  }

  /** `slept`: whether the machine did, between two moments. */
  service(
    index: EventIndex,
    watched: ReadonlySet<Label>,
    slept: (fromNs: number, toNs: number) => boolean,
  ): EstimatedService {
    const awake = this.#windows.filter(({ window }) => !slept(window.fromNs, window.firstByteNs));
    const peers = askedPeers(awake);
    const parts = new Set(peers.map(({ part }) => part));
    // A part that no peer plays is not watched: nobody would know.
    const told = new Set(
      [...watched].filter((label) => (label !== "provider" && label !== "retrieval") || parts.has(label)),
    );
    const requests = awake.flatMap(({ window, roleOf }) => split(window, roleOf, index, told) ?? []);
    const steps = awake.flatMap(({ window }) => window.steps);
    const { role, turn, asked } = this.first;
    return {
      name: this.name,
      role,
      owner: busiest(this.#windows.map(({ window }) => window)),
      processes: new Set(this.#windows.map(({ window }) => processKey(window.turn.owner))),
      local: role === "server" ? { ip: turn.tuple.srcIp, port: turn.tuple.srcPort } : null,
      asks: asked,
      requests: requests.sort((a, b) => a.startNs - b.startNs),
      slept: this.#windows.length - awake.length,
      tiers: Object.fromEntries(
        [...Map.groupBy(steps, ({ tier }) => tier)].map(([tier, of]) => [tier, {
          joins: of.length,
          alone: of.filter(({ k, call }) => k === 1 && call.rivals === 1).length,
        }]),
      ),
      peers,
    };
  }
}

function split(
  { turn, fromNs, firstByteNs, steps }: RequestWindow,
  roleOf: RoleOf,
  index: EventIndex,
  watched: ReadonlySet<Label>,
): RequestSplit | null {
  const calls = steps.map(({ call }) => call);
  const joined = steps.reduce<{ tier: Tier; confidence: number }>(
    (low, step) => ({ tier: weaker(low.tier, step.tier), confidence: Math.min(low.confidence, step.confidence) }),
    steps.length === 0 ? OWN : { tier: "trace_id_exact", confidence: 1 },
  );
  return splitRequest({
    traceId: turn.traceId ?? "",
    requestId: turn.traceId ?? `socket-${turn.cookie}-${turn.turn}`,
    fromNs,
    toNs: firstByteNs,
    outgoing: calls.flatMap((call) =>
      call.turn === null ? [] : [{
        first: call.turn,
        ...(call.end === null ? {} : { end: call.end }),
        peer: roleOf(call)?.part ?? "other",
        retransmits: index.retransmits.get(call.turn.cookie) ?? [],
      }]
    ),
    connects: calls.flatMap(({ connects }) => connects),
    handshakes: calls.flatMap(({ handshakes }) => handshakes),
    lookups: calls.flatMap(({ lookups }) => lookups),
    track: index.track(turn.owner.tid),
    tier: joined.tier,
    confidence: joined.confidence,
    watched,
    estimated: true,
  });
}

function askedPeers(windows: readonly { readonly window: RequestWindow; readonly roleOf: RoleOf }[]): PeerRole[] {
  const asked = new Map<string, PeerRole>();
  for (const { window, roleOf } of windows) {
    for (const { call } of window.steps) {
      const role = roleOf(call);
      if (role === undefined) continue;
      const key = peerKey(role);
      asked.set(key, { ...role, calls: (asked.get(key)?.calls ?? 0) + 1 });
    }
  }
  return [...asked.values()].sort((a, b) => b.calls - a.calls);
}

function busiest(windows: readonly RequestWindow[]): RequestWindow["turn"]["owner"] {
  const byProcess = [...Map.groupBy(windows, ({ turn }) => processKey(turn.owner)).values()];
  return byProcess.reduce((most, own) => own.length > most.length ? own : most)[0]!.turn.owner;
}
