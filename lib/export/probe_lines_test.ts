import { assertEquals } from "@std/assert";
import type { UnixTime } from "../model/clock.ts";
import { type KernelEvent, NOBODY, type Owner } from "../model/kernel_event.ts";
import { LineBuffer } from "./line_buffer.ts";
import { type EventIdentity, readings, toProbeEvents } from "./probe_event.ts";
import { type LinesContext, ProbeLines } from "./probe_lines.ts";

const MS = 1e6;
const clock = null;
const owner: Owner = { pid: 10, tid: 11, comm: 'a "b"\\\u00fc', cgroupId: 5n, netns: 4026531840, startNs: 7 };
const tuple = { srcIp: "10.0.0.2", srcPort: 40000, dstIp: "fd00::1", dstPort: 80, protocol: "tcp" } as const;
const stamp = (ms: number) => ({ ns: ms * MS, clock });
const common = { owner, tsNs: 152.25 * MS, tuple, cookie: "99" };

const dns = (rcode: number | null, change: object = {}): KernelEvent => ({
  ...common,
  kind: "dns",
  startNs: 0,
  startClock: clock,
  endClock: clock,
  queryName: 'b\\255 "x".example',
  queryType: 28,
  queryId: 7,
  packets: 2,
  rcode,
  answers: 1,
  truncated: true,
  abandoned: false,
  errno: 0,
  ...change,
});
const exchange = (change: object = {}): KernelEvent => ({
  ...common,
  kind: "exchange",
  phase: "first",
  role: "client",
  turn: 2,
  preexisting: false,
  shared: false,
  requestStart: stamp(1),
  requestEnd: stamp(2),
  responseStart: stamp(852.5),
  responseEnd: null,
  firstRead: stamp(853),
  bytesOut: 10,
  bytesIn: 20,
  chunks: 1,
  maxGapNs: 0,
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  ...change,
});
const ends = { startClock: clock, endClock: clock, startNs: 3 * MS + 1 };
const disk = { operation: "write", device: "254:0", byKernel: true, bytes: 4096 } as const;
const counts = [0, 3, 0, 1, 0, 0, 0, 0, 0, 0];

const EVENTS: readonly KernelEvent[] = [
  dns(0),
  dns(3, { resolution: "10.7" }),
  dns(null, { errno: 111, cookie: "0" }),
  exchange(),
  exchange({ preexisting: true, traceId: null, spanId: null, role: "server" }),
  exchange({ phase: "end" }),
  { ...common, ...ends, kind: "connect", errno: 0 },
  { ...common, ...ends, kind: "connect", errno: 111, cookie: "0" },
  { ...common, kind: "gap", startNs: 1, role: "client", traceId: null },
  { ...common, kind: "unread", startNs: 1, role: "server", traceId: "0af7651916cd43dd8448eb211c80319c" },
  { kind: "runq", owner, tsNs: 9 * MS, startNs: MS },
  { kind: "throttled", owner: { ...owner, netns: 0 }, tsNs: 90 * MS, startNs: MS },
  { ...common, ...ends, kind: "tls", role: "client", version13: true, failed: false, failedBy: null, alert: null },
  { ...common, ...ends, kind: "tls", role: "server", version13: false, failed: true, failedBy: "peer", alert: 48 },
  { ...common, kind: "retransmit", segments: 3, segmentsSent: null, of: "data" },
  { kind: "reclaim", owner, tsNs: 9 * MS, startNs: MS, at: "cgroup", pages: 8 } as KernelEvent,
  { kind: "disk", owner, tsNs: 9 * MS, startNs: MS, issuedNs: 2 * MS, sector: 7, errno: 5, ...disk } as KernelEvent,
  { kind: "syscall", owner, tsNs: 90 * MS, startNs: MS, call: "read", result: -11 } as KernelEvent,
  { kind: "tally", owner, tsNs: 9 * MS, of: { kind: "disk", ...disk }, sumNs: 5 * MS, counts } as KernelEvent,
  { kind: "tally", owner, tsNs: 9 * MS, of: { kind: "turn", role: "client" }, sumNs: 5, counts } as KernelEvent,
  { kind: "steal", owner: NOBODY, tsNs: 9 * MS, startNs: 0, share: 0.031, stolenNs: 5, cpus: 2 },
  { kind: "group_throttled", owner: NOBODY, tsNs: 9 * MS, startNs: 0, cgroup: "/a/b" } as unknown as KernelEvent,
];

const IDENTITIES: readonly (EventIdentity | undefined)[] = [
  undefined,
  { exe: "/usr/bin/c\u00fcrl", cgroup: "/x" },
  { namespace: "n", pod: "p", container: "c", containerId: "0123", podUid: "u", service: "s", nsPid: 3 },
];

const BASE_S = 1_790_000_000;
const toUnixNs = (ns: number) => BigInt(BASE_S) * 1_000_000_000n + 123_456_789n + BigInt(Math.round(ns));

const CONTEXTS: readonly LinesContext[] = [
  { namespace: "", pod: "", container: "" },
  { namespace: "ns", pod: 'p"', container: "c" },
].flatMap((place) =>
  (["v1alpha1", "v1alpha2"] as const).map((schemaVersion) => ({
    ...place,
    node: "n\u00f61",
    schemaVersion,
    toUnix(ns: number, out: UnixTime) {
      out.seconds = BASE_S + Math.floor((ns + 123_456_789) / 1e9);
      out.ns = (ns + 123_456_789) % 1e9;
    },
    deviceName: () => "vda",
  }))
);

const text = (lines: LineBuffer) => new TextDecoder().decode(lines.bytes).trimEnd().split("\n");

Deno.test("lines of all kinds of events, byte for byte as their documents would be written", () => {
  for (const context of CONTEXTS) {
    for (const [before, after] of [["", ""], ['{"kind":"probe","payload":', "}"]] as const) {
      const lines = new ProbeLines(context, before, after);
      for (const identity of IDENTITIES) {
        const [direct, whole] = [new LineBuffer(16), new LineBuffer(16)];
        // Twice, and other connections and threads in between: what is remembered of one is not told of another.
        for (const change of [{}, {}, { tuple: { ...tuple, srcPort: 40001 } }, { owner: { ...owner, tid: 12 } }, {}]) {
          for (const event of EVENTS.map((event) => ({ ...event, ...change }) as KernelEvent)) {
            for (const reading of readings(event, context.deviceName)) {
              lines.add(reading, event.owner, identity, direct);
            }
            for (const document of toProbeEvents(event, { ...context, toUnixNs, process: () => identity })) {
              whole.json(document, before, after);
            }
          }
        }
        assertEquals(text(direct), text(whole));
        assertEquals(direct.lines, whole.lines);
      }
    }
  }
});

Deno.test("a value JSON cannot say becomes what the documents make of it", () => {
  const [direct, whole] = [new LineBuffer(16), new LineBuffer(16)];
  const event = { kind: "runq", owner, tsNs: NaN, startNs: 0 } as KernelEvent;
  const context = { ...CONTEXTS[1]!, toUnix: (_: number, out: UnixTime) => void ([out.seconds, out.ns] = [0, 5]) };
  for (const reading of readings(event)) new ProbeLines(context).add(reading, owner, undefined, direct);
  for (const document of toProbeEvents(event, { ...context, toUnixNs: () => 5n, process: () => undefined })) {
    whole.json(document);
  }
  assertEquals(text(direct), text(whole));
});
