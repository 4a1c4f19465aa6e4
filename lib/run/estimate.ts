/**
 * Kernel events alone -> requests with their time split, service by service: what is done when no span arrives. The windows are those of
 * lib/correlate/windows.ts; everything made here is marked `estimated`.
 */
import type { Call } from "../correlate/calls.ts";
import { type NamedPeers, NOBODY_NAMED, peerKey, peerOf, type PeerRole, peerRoles } from "../correlate/peers.ts";
import { type RequestWindow, windowsOf } from "../correlate/windows.ts";
import { PeerNames } from "../diagnose/peer_names.ts";
import { type ClockBreak, suspendedIn } from "../model/clock.ts";
import { type KernelEvent, type Owner, processKey } from "../model/kernel_event.ts";
import { roleFitsPorts } from "../model/ports.ts";
import type { Label, RequestSplit } from "../model/split.ts";
import { EstimatedGroup } from "./estimate_group.ts";
import { EventIndex } from "./event_index.ts";
import type { Joined } from "./join.ts";

export interface EstimateInput {
  readonly events: readonly KernelEvent[];
  /** Labels whose probe was attached. */
  readonly watched: ReadonlySet<Label>;
  readonly peers?: NamedPeers;
  /** Of the clocks, meanwhile. */
  readonly breaks?: readonly ClockBreak[];
  /** The watcher itself: its own traffic is nobody's request. */
  readonly selfPid?: number;
}

/** Requests of one kind: served by processes of one name on one port, or asked by them of one peer. */
export interface EstimatedService {
  /** `gateway:8080`, or `curl -> api.example.com:443`. */
  readonly name: string;
  readonly role: "server" | "client";
  /** The process with most of the requests. */
  readonly owner: Owner;
  /** All of them. */
  readonly processes: ReadonlySet<string>;
  /** Of a server: where it listens. */
  readonly local: { readonly ip: string; readonly port: number } | null;
  /** False when none of these requests can have asked anybody anything. */
  readonly asks: boolean;
  /** By time of arrival. */
  readonly requests: readonly RequestSplit[];
  /** Requests left out because the machine slept meanwhile. */
  readonly slept: number;
  /** Steps that were joined, per tier, and how many of them had no rival. */
  readonly tiers: Joined["tiers"];
  /** Whom they asked, the most asked first. */
  readonly peers: readonly PeerRole[];
}

/** Services by the time their requests took together, the most first. */
export function estimateRequests(input: EstimateInput): EstimatedService[] {
  const { peers: named = NOBODY_NAMED, breaks = [], selfPid, watched } = input;
  const events = input.events.filter((event) => event.owner.pid !== 0 && event.owner.pid !== selfPid && inTurns(event));
  const names = peerNames(events);
  const nameOf = (call: Call) => {
    const socket = call.turn ?? call.connects[0];
    if (socket === undefined) return undefined;
    return names.name(processKey(socket.owner), { ip: socket.tuple.dstIp, port: socket.tuple.dstPort });
  };
  const programs = Map.groupBy(
    [...Map.groupBy(events, ({ owner }) => processKey(owner)).values()].map((own) => ({ own, made: windowsOf(own) })),
    ({ own }) => `${own[0]!.owner.comm} ${own[0]!.owner.cgroupId}`,
  );
  const groups = new Map<string, EstimatedGroup>();
  for (const processes of programs.values()) {
    // What a peer is shows in all that a program asked of it, however short each of its processes lived.
    const roles = peerRoles(processes.flatMap(({ made }) => made.calls), nameOf, named);
    const roleOf = (call: Call) => {
      const peer = peerOf(call, nameOf);
      return peer === null ? undefined : roles.get(peerKey(peer));
    };
    for (const window of processes.flatMap(({ made }) => made.windows)) {
      const { key, name } = kindOf(window, nameOf);
      let group = groups.get(key);
      if (group === undefined) groups.set(key, group = new EstimatedGroup(name, window));
      group.add(window, roleOf);
    }
  }
  const index = new EventIndex(events);
  const slept = (fromNs: number, toNs: number) => suspendedIn(breaks, fromNs, toNs);
  return [...groups.values()].map((group) => group.service(index, watched, slept)).sort((a, b) =>
    timeOf(b) - timeOf(a)
  );
}

/** On SSH, SMTP or MySQL the server speaks first: there is no telling who waits for whom. */
function inTurns(event: KernelEvent): boolean {
  return event.kind !== "exchange" || roleFitsPorts(event);
}

function peerNames(events: readonly KernelEvent[]): PeerNames {
  const names = new PeerNames();
  for (const event of events.toSorted((a, b) => a.tsNs - b.tsNs)) {
    if (event.kind === "dns") names.resolved(event);
    else if (event.kind === "connect" && event.errno === 0) names.connected(event);
  }
  return names;
}

/** Requests that compare with each other: of one program in one cgroup, on one port or of one peer, asking others or not. */
function kindOf(
  { role, turn, asked, steps }: RequestWindow,
  nameOf: (call: Call) => string | undefined,
): { key: string; name: string } {
  const { comm, cgroupId } = turn.owner;
  const own = `${comm} ${cgroupId} ${role}`;
  if (role === "server") {
    const { srcPort } = turn.tuple;
    return { key: `${own} ${srcPort} ${asked}`, name: `${comm}:${srcPort}` };
  }
  const peer = peerKey(peerOf(steps[0]!.call, nameOf)!);
  return { key: `${own} ${peer}`, name: `${comm} -> ${peer}` };
}

function timeOf({ requests }: EstimatedService): number {
  return requests.reduce((sum, { ttftMs }) => sum + ttftMs, 0);
}
