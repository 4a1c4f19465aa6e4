import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type {
  ExchangeEvent,
  Owner,
  RetransmitEvent,
  Stamp,
  ThreadClock,
  TimerEvent,
  WaitEvent,
} from "../model/kernel_event.ts";
import { type Label, LABELS } from "../model/split.ts";
import { type RequestEvidence, splitRequest } from "./split.ts";
import { onPath } from "./steps.ts";
import { ThreadTrack } from "./thread_track.ts";

const MS = 1e6;
const owner: Owner = { pid: 7, tid: 7, comm: "gateway", cgroupId: 1n, netns: 1 };
const tuple = { srcIp: "10.0.0.2", srcPort: 1, dstIp: "10.0.0.3", dstPort: 2, protocol: "tcp" } as const;
const clock = (run: number, runq = 0, throttled = 0): ThreadClock => ({
  runNs: run * MS,
  runqNs: runq * MS,
  throttledNs: throttled * MS,
  reclaimNs: 0,
});
const timer = (from: number, to: number, end: ThreadClock): TimerEvent => ({
  kind: "timer",
  startNs: from * MS,
  tsNs: to * MS,
  owner,
  endClock: end,
});
const at = (ms: number, reading: ThreadClock | null = null): Stamp => ({ ns: ms * MS, clock: reading });
const wait = (kind: "runq" | "throttled", from: number, to: number): WaitEvent => ({
  kind,
  startNs: from * MS,
  tsNs: to * MS,
  owner,
});

function turn(role: "client", request: [number, number], response: number | null): ExchangeEvent {
  return {
    kind: "exchange",
    phase: "first",
    role,
    tsNs: (response ?? request[1]) * MS,
    owner,
    tuple,
    cookie: "1",
    turn: 0,
    preexisting: false,
    shared: false,
    requestStart: at(request[0]),
    requestEnd: at(request[1]),
    responseStart: response === null ? null : at(response),
    responseEnd: null,
    firstRead: null,
    bytesOut: 1,
    bytesIn: 1,
    chunks: 1,
    maxGapNs: 0,
    traceId: "t",
    spanId: "s",
  };
}

const again = (ms: number): RetransmitEvent => ({
  kind: "retransmit",
  tsNs: ms * MS,
  owner,
  tuple,
  cookie: "1",
  segments: 1,
  segmentsSent: 9,
  of: "data",
});

const watched = new Set<Label>(LABELS.filter((label) => label !== "tls"));

function evidence(change: Partial<RequestEvidence>): RequestEvidence {
  return {
    traceId: "t",
    requestId: "r",
    fromNs: 0,
    toNs: 100 * MS,
    outgoing: [],
    connects: [],
    handshakes: [],
    lookups: [],
    track: new ThreadTrack([], []),
    tier: "trace_id_exact",
    confidence: 1,
    watched,
    ...change,
  };
}

/** Only the labels that are not 0. */
function parts(change: Partial<RequestEvidence>): Record<string, number> {
  const result = splitRequest(evidence(change))!;
  const sum = LABELS.reduce((total, label) => total + (result.split[label] ?? 0), 0);
  assertAlmostEquals(sum, result.ttftMs, 0.05, "the labels sum to the TTFT");
  return Object.fromEntries(Object.entries(result.split).filter(([, ms]) => ms !== 0 && ms !== null)) as Record<
    string,
    number
  >;
}

const dns = (from: number, to: number) => ({
  kind: "dns" as const,
  tsNs: to * MS,
  startNs: from * MS,
  owner,
  tuple,
  queryName: "x",
  queryType: 1,
  queryId: 1,
  cookie: "5",
  packets: 1,
  rcode: 0,
  answers: 1,
  truncated: false,
  abandoned: false,
  errno: 0,
  startClock: null,
  endClock: null,
});

Deno.test("splitRequest", () => {
  const provider = { first: turn("client", [30, 31], 90), peer: "provider" as const };
  const rows: [string, Partial<RequestEvidence>, Record<string, number>][] = [
    ["no record at all is unexplained", {}, { unexplained: 100 }],
    ["a wait for the provider, and its sending", { outgoing: [provider] }, { send: 1, provider: 59, unexplained: 40 }],
    [
      "an answer of another service is of use when complete",
      {
        outgoing: [{
          first: turn("client", [10, 10], 20),
          end: { ...turn("client", [10, 10], 20), responseEnd: at(35) },
          peer: "retrieval",
        }],
      },
      { retrieval: 25, unexplained: 75 },
    ],
    [
      "a request that had to be sent again",
      { outgoing: [{ ...provider, retransmits: [again(45), again(70), again(95)] }] },
      { send: 1, rtx_stall: 39, provider: 20, unexplained: 40 },
    ],
    [
      "a request that was never answered is waited for until it is closed",
      {
        outgoing: [{
          first: turn("client", [10, 10], null),
          end: { ...turn("client", [10, 10], null), phase: "end", tsNs: 60 * MS },
          peer: "provider",
        }],
      },
      { provider: 50, unexplained: 50 },
    ],
    ["A and AAAA together count once", { lookups: [dns(10, 40), dns(11, 50)] }, { dns: 40, unexplained: 60 }],
    ["what lies outside the window does not count", { lookups: [dns(-50, 10), dns(95, 200)] }, {
      dns: 15,
      unexplained: 85,
    }],
    [
      "the thread ran",
      { track: new ThreadTrack([{ ns: 0, clock: clock(5) }, { ns: 100 * MS, clock: clock(65) }], []) },
      { app: 60, unexplained: 40 },
    ],
    [
      "slept until its own timer, called away in between, then went on",
      {
        track: new ThreadTrack(
          [{ ns: 0, clock: clock(0) }, { ns: 100 * MS, clock: clock(60) }],
          [],
          [timer(10, 50, clock(10))],
        ),
      },
      { app: 100 },
    ],
    [
      "a timer after which it slept on explains nothing",
      {
        track: new ThreadTrack(
          [{ ns: 0, clock: clock(0) }, { ns: 100 * MS, clock: clock(60) }],
          [],
          [timer(10, 50, clock(20))],
        ),
      },
      { app: 60, unexplained: 40 },
    ],
    [
      "what it waited for a CPU before its timer was due cost nothing, what it waited then did",
      {
        track: new ThreadTrack(
          [{ ns: 0, clock: clock(0) }, { ns: 100 * MS, clock: clock(60, 20) }],
          [wait("runq", 0, 4), wait("runq", 20, 29), wait("runq", 43, 50)],
          [timer(10, 50, clock(10, 20))],
        ),
      },
      { app: 89, runq: 11 },
    ],
    [
      "after its timer it handed over to a thread that waited for its CPU",
      {
        track: new ThreadTrack(
          [{ ns: 0, clock: clock(0) }, { ns: 100 * MS, clock: clock(60) }],
          [],
          [timer(10, 50, clock(15))],
          [wait("runq", 60, 64), wait("runq", 62, 65), wait("throttled", 90, 99)],
        ),
      },
      { app: 95, unexplained: 5 },
    ],
    [
      "throttled while it waits for the provider costs nothing",
      {
        outgoing: [provider],
        track: new ThreadTrack([], [wait("throttled", 40, 80)]),
      },
      { send: 1, provider: 59, unexplained: 40 },
    ],
    [
      "throttled across the end of a wait costs what comes after it",
      { outgoing: [provider], track: new ThreadTrack([], [wait("throttled", 80, 95)]) },
      { send: 1, provider: 59, throttled: 5, unexplained: 35 },
    ],
    [
      "waits under the threshold are in the clock alone",
      {
        track: new ThreadTrack(
          [{ ns: 0, clock: clock(0) }, { ns: 100 * MS, clock: clock(80, 15) }],
          [wait("runq", 10, 15)],
        ),
      },
      { runq: 15, app: 80, unexplained: 5 },
    ],
    [
      "without a reading at the start, only told waits explain it",
      {
        track: new ThreadTrack(
          [{ ns: 50 * MS, clock: clock(0) }, { ns: 100 * MS, clock: clock(50) }],
          [wait("throttled", 0, 20)],
        ),
      },
      { throttled: 20, app: 50, unexplained: 30 },
    ],
  ];
  for (const [name, change, expected] of rows) assertEquals(parts(change), expected, name);
});

Deno.test("splitRequest: what is not watched is null, and no answer is no split", () => {
  const result = splitRequest(evidence({}))!;
  assertEquals([result.split.tls, result.split.rtx_stall, result.split.dns], [null, 0, 0]);
  assertEquals(splitRequest(evidence({ toNs: null })), null);
  assert(!result.cold);
});

Deno.test("onPath keeps the wait that ends last", () => {
  const step = (label: Label, from: number, to: number) => ({ label, startNs: from, endNs: to });
  assertEquals(onPath([step("dns", 0, 10), step("retrieval", 5, 20)], 0, 30), [
    step("dns", 0, 5),
    step("retrieval", 5, 20),
  ]);
  assertEquals(onPath([step("dns", 5, 10), step("retrieval", 0, 20)], 2, 30), [step("retrieval", 2, 20)]);
});
