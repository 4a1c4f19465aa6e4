/**
 * Requests without spans: windows made from socket exchanges alone.
 *
 * An exchange on a server's socket is a request; what its process called meanwhile are its steps. A call with a trace on the wire that
 * also arrived at a server's socket belongs there. Any other belongs to a request of its process that was waiting for its first byte
 * then; of k such requests, to the one that fits best, with its confidence divided by k. A process that serves nobody, or whose calls mostly fall outside what it serves, is a client: each of its own turns is a request.
 */
import type { ExchangeEvent, KernelEvent } from "../model/kernel_event.ts";
import type { Tier } from "../model/split.ts";
import { Background } from "./background.ts";
import { addressOf, type Call, callsOf, turnKey } from "./calls.ts";
import { Continuations, type Standing } from "./continuation.ts";
import { IntervalIndex } from "./interval_index.ts";
import { threadsTell } from "./threads_tell.ts";
import { TIER_RULES } from "./tiers.ts";

/** A call and how sure it is that it is this request's. */
export interface Step {
  readonly call: Call;
  readonly tier: Tier;
  readonly confidence: number;
  /** Requests it could have been of. */
  readonly k: number;
}

export interface RequestWindow {
  readonly role: "server" | "client";
  /** The turn itself: on the server's socket, or the client's own. */
  readonly turn: ExchangeEvent;
  /** The request had arrived; of a client, it turned to the call. */
  readonly fromNs: number;
  readonly firstByteNs: number;
  readonly steps: readonly Step[];
  /** Some call could have been its, whether or not it was given one. */
  readonly asked: boolean;
}

export interface ProcessWindows {
  readonly windows: readonly RequestWindow[];
  /** Everything the process asked of anybody, for its requests or not. */
  readonly calls: readonly Call[];
}

/** A client's own turns are requests when at least this share of its calls is in no request it serves. */
const CLIENT_SHARE = 0.5;
const EXACT = TIER_RULES.find(({ tier }) => tier === "trace_id_exact")!;
/** Same process and the time between: what the second tier says, at its distance 0. */
const BY_PROCESS = TIER_RULES.find(({ tier }) => tier === "pod_pid_100ms")!;

/** The windows of one process; `events` are its own. */
export function windowsOf(events: readonly KernelEvent[]): ProcessWindows {
  const calls = callsOf(events);
  const requests = requestsOf(events);
  const loose = giveOut(calls, requests);
  const answered = loose.filter(({ firstByteNs, turn }) => firstByteNs !== null && turn !== null);
  const made = calls.filter(({ turn }) => turn !== null).length;
  const isClient = answered.length > 0 && answered.length >= CLIENT_SHARE * made;
  return { windows: [...requests.map(toWindow), ...(isClient ? answered.map(ownWindow) : [])], calls };
}

/** A request while its steps are gathered. */
interface Request {
  readonly turn: ExchangeEvent;
  /** Its first byte arrived. */
  readonly startNs: number;
  /** Its process had read it. */
  readonly readNs: number;
  /** The first byte of its answer left. */
  readonly endNs: number;
  /** The last byte of its answer left, as far as is known. */
  readonly overNs: number;
  readonly steps: Step[];
  asked: boolean;
}

function requestsOf(events: readonly KernelEvent[]): Request[] {
  const served = events.filter((event): event is ExchangeEvent =>
    event.kind === "exchange" && event.role === "server" && !event.shared && event.responseStart !== null
  );
  const ends = new Map(served.filter(({ phase }) => phase === "end").map((turn) => [turnKey(turn), turn]));
  return served.filter(({ phase }) => phase === "first").map((turn) => ({
    turn,
    startNs: turn.requestStart.ns,
    readNs: Math.max(turn.requestEnd.ns, turn.firstRead?.ns ?? 0),
    endNs: turn.responseStart!.ns,
    overNs: ends.get(turnKey(turn))?.responseEnd?.ns ?? turn.responseStart!.ns,
    steps: [],
    asked: false,
  }));
}

/** Gives each call to its request; returns those made while there was none. */
function giveOut(calls: readonly Call[], requests: readonly Request[]): Call[] {
  const open = new IntervalIndex(requests, () => "open");
  const waiting = (call: Call) => open.near("open", call.anchorNs, 0).map(({ index }) => requests[index]!);
  const traces = Map.groupBy(requests, ({ turn }) => turn.traceId ?? "");
  const background = new Background(calls, requests);
  const threads = threadsTell(requests, calls, waiting);
  const courses = new Continuations();
  const loose: Call[] = [];
  for (const call of calls) {
    const traced = call.turn?.traceId ? traces.get(call.turn.traceId) : undefined;
    const found = traced !== undefined
      ? waiting(call).filter((request) => traced.includes(request))
      : background.has(call)
      ? []
      : likely(waiting(call), call, threads);
    for (const request of found) request.asked = true;
    const idle = found.filter(({ steps }) => !steps.some((step) => servedAt(step.call) > call.startNs));
    const best = courses.best((idle.length > 0 ? idle : found).map(standing(call)), addressOf(call), call.startNs);
    if (best === undefined) {
      // What began when the first byte had left is somebody's, but no step on the way to it.
      if (background.wasIdle(call)) loose.push(call);
      continue;
    }
    const rule = traced === undefined ? BY_PROCESS : EXACT;
    const k = found.length;
    if (k === 1) courses.learn(best.after, addressOf(call), call.startNs - best.servedNs);
    best.request.steps.push({ call, ...withLookups(call, rule.tier, rule.confidence / k), k });
  }
  return loose;
}

/** How a request stood when the call began. */
function standing(call: Call): (request: Request) => Standing & { readonly request: Request } {
  return (request) => {
    const served = request.steps.map((step) => step.call).filter((before) => servedAt(before) <= call.startNs);
    const last = served.toSorted((a, b) => servedAt(b) - servedAt(a))[0];
    return last === undefined
      ? { request, after: "", servedNs: request.readNs }
      : { request, after: addressOf(last), servedNs: servedAt(last) };
  };
}

/** When its process had the answer. */
function servedAt({ overNs, turn }: Call): number {
  return Math.max(overNs, turn?.firstRead?.ns ?? 0);
}

/**
 * Of the requests that were waiting: those of the call's thread, where threads tell; and those that had been read before the call
 * began and were answered after it was. Others can have made it only if none of these can.
 */
function likely(waiting: readonly Request[], call: Call, threads: boolean): readonly Request[] {
  const narrow = (requests: readonly Request[], fits: (request: Request) => boolean) => {
    const fitting = requests.filter(fits);
    return fitting.length > 0 ? fitting : requests;
  };
  const own = threads && call.turn !== null
    ? narrow(waiting, ({ turn }) => turn.owner.tid === call.turn!.owner.tid)
    : waiting;
  const answeredNs = call.firstByteNs ?? call.overNs;
  return narrow(own, ({ readNs, endNs }) => readNs <= call.startNs && endNs >= answeredNs);
}

/** A look-up is only ever joined by process and time, however its call is. */
function withLookups(call: Call, tier: Tier, confidence: number): Pick<Step, "tier" | "confidence"> {
  if (call.lookups.length === 0) return { tier, confidence };
  return { tier: BY_PROCESS.tier, confidence: Math.min(confidence, BY_PROCESS.confidence / call.rivals) };
}

function toWindow({ turn, endNs, steps, asked }: Request): RequestWindow {
  return { role: "server", turn, fromNs: turn.requestEnd.ns, firstByteNs: endNs, steps, asked };
}

function ownWindow(call: Call): RequestWindow {
  return {
    role: "client",
    turn: call.turn!,
    fromNs: call.startNs,
    firstByteNs: call.firstByteNs!,
    steps: [{ call, ...withLookups(call, BY_PROCESS.tier, BY_PROCESS.confidence), k: 1 }],
    asked: true,
  };
}
