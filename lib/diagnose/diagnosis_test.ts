import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { GapEvent, KernelEvent, Owner, TlsEvent, WaitSumEvent } from "../model/kernel_event.ts";
import { diagnose, type DiagnosisContext, type DiagnosisOptions } from "./diagnosis.ts";
import { connect, CONTEXT, dns, firstByte, owner, retransmit, sent, tcp, wait } from "./fixture.ts";

const run = (events: Iterable<KernelEvent>, options: DiagnosisOptions & Partial<DiagnosisContext> = {}) =>
  diagnose(events, { ...CONTEXT, ...options });
const times = <T>(n: number, make: (i: number) => T) => Array.from({ length: n }, (_, i) => make(i));
const runqSum = (pid: number, runqMs: number, runqCount: number): WaitSumEvent => ({
  kind: "wait_sum",
  tsNs: 0,
  owner: owner(pid, "python3"),
  runqNs: runqMs * 1e6,
  runqCount,
  throttledNs: 0,
  throttledCount: 0,
  runqCounts: [],
});
const refused = { errno: 111, cookie: "0" };
const server = { role: "server", owner: owner(80, "nginx"), tuple: tcp("10.0.0.9", 50000, 80) } as const;

const pause = (kind: "gap" | "unread", ms: number, change: Partial<GapEvent> = {}): KernelEvent => ({
  startNs: 0,
  tsNs: ms * 1e6,
  owner: owner(1),
  role: "client",
  tuple: tcp(),
  cookie: "9",
  traceId: null,
  ...change,
  kind,
});
/** Took 12 ms; one that names who ended it has failed. */
const handshake = (change: Partial<TlsEvent> = {}): TlsEvent => ({
  kind: "tls",
  startNs: 0,
  tsNs: 12e6,
  owner: owner(1),
  tuple: tcp(),
  cookie: "9",
  role: "client",
  version13: true,
  failed: change.failedBy !== undefined,
  failedBy: null,
  alert: null,
  startClock: null,
  endClock: null,
  ...change,
});

Deno.test("what is a finding, and its sentence", () => {
  const rows: [string, KernelEvent[], string[]][] = [
    ["nothing", [], []],
    ["all quick", [dns(1, 0, 3), connect(1, 4, 1), firstByte(1, 6, 120)], []],
    ["slow DNS", times(12, (i) => dns(123, i * 200, 152)), [
      "curl[123] waited 152 ms (p95) for DNS answers about api.example.com from 10.0.0.53, 12 queries",
    ]],
    [
      "several slow names",
      [dns(1, 0, 90), dns(1, 0, 95, { queryName: "b.com" }), dns(1, 0, 2, { queryName: "c.com" })],
      [
        "curl[1] waited 95.0 ms (p95) for DNS answers about api.example.com and 1 other name from 10.0.0.53, 2 queries",
      ],
    ],
    ["failing DNS", [dns(1, 0, 2, { rcode: 3 }), dns(1, 5, 5000, { rcode: null })], [
      "curl[1] got no good DNS answer about api.example.com from 10.0.0.53: 1 × NXDOMAIN, 1 × no answer at all",
    ]],
    ["a resolver whose askers give up", times(2, (i) => dns(1, i, 1000, { rcode: null, abandoned: true })), [
      "curl[1] got no good DNS answer about api.example.com from 10.0.0.53: 2 × given up without an answer",
    ]],
    ["slow connect", [connect(1, 0, 1040)], ["curl[1] waited 1.04 s (p95) to connect to 10.0.0.1:443, 1 connect"]],
    ["refused", times(3, (i) => connect(1, i, 0.1, refused)), [
      "curl[1] could not connect to 10.0.0.1:443: 3 × connection refused (ECONNREFUSED)",
    ]],
    ["slow first byte, named by DNS", [dns(1, 0, 3), connect(1, 4, 1), firstByte(1, 6, 2100)], [
      "curl[1] waited 2.10 s (p95) for the first byte from api.example.com (10.0.0.1:443), 1 request; the server is slow, " +
      "not the network (RTT 1.00 ms)",
    ]],
    ["slow first byte, served", [firstByte(80, 0, 900, server)], [
      "nginx[80] took 900 ms (p95) to send the first byte of its answers on 10.0.0.2:80 to 10.0.0.9, 1 request",
    ]],
    ["the end of a turn is no second first byte", [firstByte(1, 0, 900, { phase: "end" })], []],
    ["server speaks first", [firstByte(22, 0, 9000, { tuple: tcp("10.0.0.9", 50000, 3306) })], []],
    ["slow reader", [pause("unread", 200)], [
      "curl[1] left received bytes unread for 200 ms (p95), peer 10.0.0.1:443, 1 time",
    ]],
    ["slow reader, served", [pause("unread", 200, server)], [
      "nginx[80] left received bytes unread for 200 ms (p95) on 10.0.0.2:80, peer 10.0.0.9, 1 time",
    ]],
    ["pauses a server makes", [pause("gap", 3200, server), pause("gap", 20, server)], [
      "nginx[80] made pauses of up to 3.20 s inside its answers on 10.0.0.2:80, peer 10.0.0.9, 1 of 1 s or more",
    ]],
    ["failing TLS", [handshake({ failedBy: "here", alert: 48 }), handshake({ failedBy: "peer" })], [
      "curl[1] could not agree on TLS with 10.0.0.1:443: 1 × unknown_ca (alert sent), 1 × closed by the peer",
    ]],
    ["failing TLS, served", [handshake({ ...server, failedBy: "peer", alert: "encrypted" })], [
      "nginx[80] could not agree on TLS on 10.0.0.2:80 with 10.0.0.9: 1 × encrypted alert received",
    ]],
    ["rare but costly", [...times(99, (i) => dns(1, i, 2)), dns(1, 200, 4000)], [
      "curl[1] waited up to 4.00 s (1 of 100 over the hint) for DNS answers about api.example.com from 10.0.0.53, 100 queries",
    ]],
    ["starved", times(100, (i) => wait("runq", 5, i * 50, 25)), [
      "python3[5] was ready to run and waited 2.50 s for a CPU in the 20 s watched, its worst thread 13 % of the time; " +
      "longest wait 25.0 ms, 100 of 10 ms or more",
    ]],
    ["scheduling noise", [...times(200, (i) => wait("runq", 5, i * 50, 3)), wait("runq", 5, 1, 14)], []],
    ["throttled", times(40, (i) => wait("throttled", 5, i * 100, 80)), [
      "python3[5] was stopped by its CPU quota for 3.20 s in the 20 s watched, all threads together, 40 times, longest 80.0 ms",
    ]],
    ["a little throttled", [wait("throttled", 5, 0, 12)], []],
  ];
  for (const [name, events, expected] of rows) {
    assertEquals(run(events).findings.map((f) => f.sentence), expected, name);
  }
});

Deno.test("long pauses count, short ones do not, a shell's never", () => {
  const gap = (ms: number, port = 443) => pause("gap", ms, { tuple: tcp("10.0.0.1", port) });
  assertEquals(run([gap(400), gap(900)]).findings, []);
  assertEquals(run([gap(60_000, 22)]).findings, []);
  assertEquals(run([gap(400), gap(3200)]).findings[0]?.harm_ms, 2200);
});

Deno.test("worst first: harm is the time over the hint, a failure at least a second", () => {
  const document = run([
    ...times(3, (i) => dns(1, i, 140)),
    connect(2, 0, 0.1, refused),
    ...times(4, (i) => firstByte(3, i, 2800)),
  ]);
  assertEquals(document.findings.map((f) => [f.rank, f.kind, f.process.pid, f.harm_ms, f.count]), [
    [1, "stream_ttft_ms", 3, 8000, 4],
    [2, "connect_errors_total", 2, 1000, 1],
    [3, "dns_latency_ms", 1, 300, 3],
  ]);
  assertEquals(document.findings[1]?.causes, { ECONNREFUSED: 1 });
  assertEquals(document.findings[2]?.compared_with, "hint 40 ms");
});

Deno.test("sums are added to the totals and nothing is counted twice", () => {
  const document = run([runqSum(5, 2000, 8000), wait("runq", 5, 0, 30), wait("runq", 5, 50, 20)]);
  const [finding] = document.findings;
  assertEquals([finding?.count, finding?.total, finding?.max, finding?.p95, finding?.harm_ms], [
    8002,
    2050,
    30,
    0.25,
    2050,
  ]);
  assertEquals(document.events_by_kind, { wait_sum: 1, runq: 2 });
  assertEquals(document.events, 3);
});

Deno.test("many short processes of one name are one finding; two long ones stay apart", () => {
  const info = () => ({ cgroup: "/x" });
  const many = run(times(12, (i) => dns(100 + i, i * 100, 100 + i)), { processInfo: info }).findings;
  assertEquals(many.map((f) => [f.processes, f.process.pid, f.cgroup, f.count, f.max]), [[12, 111, "/x", 12, 111]]);
  assertStringIncludes(many[0]?.sentence ?? "", "curl (12 processes) waited");
  assertEquals(run(times(2, (i) => dns(100 + i, 0, 100))).findings.length, 2);
  const named = run(times(8, (i) => dns(100 + i, i * 100, 100, { queryName: `n${i}.example` }))).findings;
  assertEquals(named.map((f) => [f.processes, f.count]), [[8, 8]], "one row whatever they asked for");
});

Deno.test("a pid that is used again is another process", () => {
  const at = (startNs: number) => ({ owner: { ...owner(7), startNs } });
  const events = [...times(3, (i) => dns(7, i * 100, 90, at(1e9))), ...times(2, (i) => dns(7, i * 100, 95, at(5e9)))];
  const cgroup = ({ startNs }: Owner) => ({ cgroup: startNs === 1e9 ? "/first" : "/second" });
  const found = run(events, { processInfo: cgroup }).findings;
  assertEquals(found.map((f) => [f.process.pid, f.cgroup, f.count]), [[7, "/first", 3], [7, "/second", 2]]);
});

Deno.test("processes that ended before their cgroup was read join the others of their kind, if these are of one cgroup", () => {
  const rows: [string, (pid: number) => string, number[]][] = [
    ["one known", (pid) => pid % 3 === 0 ? "/x" : "", [9]],
    ["none known", () => "", [9]],
    ["two known: nobody guesses", (pid) => ["", "/x", "/y"][pid % 3]!, [1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ];
  for (const [name, cgroup, processes] of rows) {
    const found = run(
      times(9, (i) => dns(99 + i, i * 100, 100)),
      { processInfo: ({ pid }) => ({ cgroup: cgroup(pid) }) },
    ).findings;
    assertEquals(found.map((f) => f.processes ?? 1), processes, name);
  }
});

Deno.test("one quick request on a quiet host is observed to the microsecond", () => {
  const document = run([firstByte(1, 6, 1.2345, { tuple: tcp("127.0.0.1", 80) }), firstByte(80, 6, 1.1, server)]);
  assertEquals(document.findings, []);
  assertEquals(document.observed.map((o) => [o.process.comm, o.role, o.count, o.p50, o.p95, o.max, o.peer, o.local]), [
    ["curl", "client", 1, 1.235, 1.235, 1.235, { ip: "127.0.0.1", port: 80 }, undefined],
    ["nginx", "server", 1, 1.1, 1.1, 1.1, { ip: "10.0.0.9", port: 0 }, { ip: "10.0.0.2", port: 80 }],
  ]);
});

Deno.test("segments sent again are told with their share of those sent, and by what they were", () => {
  const syn = { of: "syn" } as const;
  const served = { tuple: tcp("10.0.0.7", 40_001, 80) };
  const server = { role: "server", end: { ip: "10.0.0.2", port: 80 } } as const;
  const rows: [string, KernelEvent[], [number, string, string] | null][] = [
    ["a few on a good line", [retransmit(1, 0, 4), sent(1, 100)], null],
    ["many of very many", [retransmit(1, 0, 40), sent(1, 50_000)], null],
    ["a lossy line", [retransmit(1, 0, 5), retransmit(1, 9, 1, syn), sent(1, 250), sent(1, 150)], [
      2000,
      "curl[1] had to send 6 segments again to 10.0.0.1:443 (1.5 % of those sent): 5 × data, 1 × SYN",
      "5 segments and 0.5 % of those sent (each counts as 200 ms, a SYN as 1000 ms)",
    ]],
    ["nobody counted what was sent", [retransmit(1, 0, 5, { of: "tlp" })], [
      1000,
      "curl[1] had to send 5 segments again to 10.0.0.1:443: 5 × loss probe",
      "5 segments (each counts as 200 ms, a SYN as 1000 ms)",
    ]],
    ["a server, all its clients", [
      retransmit(80, 0, 3, served),
      retransmit(80, 1, 3, { tuple: tcp("10.0.0.8", 40_002, 80) }),
      sent(80, 60, server),
    ], [
      1200,
      "curl[80] had to send 6 segments again on 10.0.0.2:80 to many clients (10 % of those sent): 6 × data",
      "5 segments and 0.5 % of those sent (each counts as 200 ms, a SYN as 1000 ms)",
    ]],
    ["of nobody we know", [retransmit(0, 0, 50)], null],
  ];
  for (const [name, events, expected] of rows) {
    const [finding] = run(events).findings;
    const told = finding === undefined ? null : [finding.harm_ms, finding.sentence, finding.compared_with];
    assertEquals(told, expected, name);
  }
  const [observed] = run([retransmit(1, 0, 2), sent(1, 80)]).observed;
  assertEquals([observed?.count, observed?.sent, observed?.causes], [2, 80, { data: 2 }]);
});

Deno.test("a peer is named only where there is no doubt", () => {
  const b = { queryName: "b.com" };
  const rows: [string, KernelEvent[], string | undefined][] = [
    ["one name", [dns(1, 0, 2), dns(1, 0, 2, { queryType: 28 }), connect(1, 3, 1)], "api.example.com"],
    ["two names", [dns(1, 0, 2), dns(1, 0, 2, b), connect(1, 3, 1)], undefined],
    ["too long ago", [dns(1, 0, 2), connect(1, 2500, 1)], undefined],
    ["another process", [dns(2, 0, 2), connect(1, 3, 1)], undefined],
    ["two names for one address", [dns(1, 0, 2), connect(1, 3, 1), dns(1, 9000, 2, b), connect(1, 9003, 1)], undefined],
  ];
  for (const [name, events, expected] of rows) {
    const row = run(events).observed.find((o) => o.kind === "connect_latency_ms");
    assertEquals(row?.peer?.name, expected, name);
  }
});

Deno.test("sloctl itself is counted, and left out", () => {
  const document = run([dns(7, 0, 900), connect(7, 0, 900)], { selfPid: 7 });
  assertEquals([document.events, document.findings.length, document.observed.length], [2, 0, 0]);
  assertEquals(document.coverage.unprobed.map((u) => u.what), ["2 events of sloctl itself"]);
});

Deno.test("100 000 events of 10 000 processes stay within the bounds, and every one is accounted for", () => {
  const events = times(100_000, (i) => {
    const pid = 1000 + (i * 31) % 10_000;
    if (i % 4 === 0) return dns(pid, i, i % 100 === 0 ? 60 : 2, { queryName: `n${i % 977}.example`, rcode: i % 3 });
    if (i % 4 === 1) return connect(pid, i, 1, { tuple: tcp(`10.1.${pid % 250}.${pid % 4}`) });
    if (i % 4 === 2) return firstByte(pid, i, 5);
    return wait("runq", pid, i, 2);
  });
  const document = run(events, { rowLimit: 2000 });
  assertEquals(document.events, 100_000);
  assertEquals(document.observed.length, 100);
  assert(document.observed_left_out > 0);
  const runq = run(events, { rowLimit: 2000 }).observed.filter((o) => o.kind === "runqueue_delay_ms");
  assert(runq.some((o) => o.process.comm === "(others)"));
});

Deno.test("every kind has its place among what was observed", () => {
  assertEquals(run([handshake(), dns(1, 0, 3)]).observed.map(({ kind }) => kind), [
    "dns_latency_ms",
    "tls_handshake_ms",
  ]);
});

Deno.test("a shared connection is no request: counted by process, in coverage", () => {
  const shared = { shared: true } as const;
  const document = run([firstByte(1, 0, 9000, shared), firstByte(1, 0, 9000, { ...shared, phase: "end" })]);
  assertEquals([document.findings, document.observed], [[], []]);
  assertEquals(document.coverage.unprobed.map((u) => u.what), ["curl[1]: 1 shared connection (HTTP/2, gRPC)"]);
  const many = run(times(300, (i) => firstByte(1000 + i, 0, 1, shared))).coverage.unprobed;
  assertEquals(many.map((u) => u.what), ["curl (300 processes): 300 shared connections (HTTP/2, gRPC)"]);
});

Deno.test("what cannot be looked into is listed by process, with the reason; bounded", () => {
  const unseen = [
    { what: "unix", count: 12, owner: owner(5, "php-fpm") },
    { what: "quic", count: 1, owner: owner(6, "chrome") },
    { what: "unix", count: 9, owner: owner(7, "sloctl") },
  ] as const;
  const older = firstByte(80, 0, 1, { ...server, preexisting: true });
  const events = [handshake(), handshake({ owner: owner(2, "node") }), handshake({ failedBy: "peer" }), older];
  const tlsLibrary = ({ pid }: { pid: number }) => pid === 1 ? "OpenSSL (libssl.so.3)" : undefined;
  const met: number[] = [];
  const onTls = ({ pid }: { pid: number }) => void met.push(pid);
  const { coverage } = run(events, { selfPid: 7, unseen, tlsLibrary, onTls });
  assertEquals(coverage.unprobed.map((u) => u.what), [
    "chrome[6]: 1 packet of UDP to or from port 443 (QUIC, HTTP/3)",
    "curl[1]: 1 TLS connection, OpenSSL (libssl.so.3)",
    "node[2]: 1 TLS connection, by a library that could not be named (static, stripped, or gone)",
    "nginx[80]: 1 connection older than the watch",
    "php-fpm[5]: 12 reads from UNIX sockets",
  ]);
  assert(coverage.unprobed.every(({ reason }) => reason.length > 20));
  assertEquals(met, [1, 2]);
  const crowd = run(times(200, (i) => handshake({ owner: owner(i + 1, `p${i}`) }))).coverage.unprobed;
  assertEquals([crowd.length, crowd[64]?.what], [65, "other processes: 136 TLS connections, by several libraries"]);
});
