import { assertEquals } from "@std/assert";
import type { ConnectEvent, DnsEvent, ExchangeEvent, GapEvent, TallyEvent, TlsEvent } from "../model/kernel_event.ts";
import { decodeRecord, decodeThread, KIND_NAMES } from "./record.ts";
import { DISK_FLAG, DNS_FLAG, EXCHANGE_FLAG, KIND, RECLAIM_FLAG, TLS_FLAG, WIRE } from "./wire.gen.ts";

/** Writes a record field by field, as the kernel would. */
class Bytes {
  readonly view: DataView;

  constructor(readonly size: number, kind: number, flags = 0) {
    this.view = new DataView(new ArrayBuffer(size));
    this.u64(WIRE.event.ts_ns, 2_000_000_123n).u64(WIRE.event.cgroup_id, 77n).u64(WIRE.event.process_start_ns, 1_000n);
    this.u32(WIRE.event.pid, 41).u32(WIRE.event.tid, 42).u32(WIRE.event.netns, 4026531840);
    this.u16(WIRE.event.kind, kind).u16(WIRE.event.flags, flags).text(WIRE.event.comm, "gateway");
  }

  u64(at: number, value: bigint): this {
    this.view.setBigUint64(at, value, true);
    return this;
  }

  u32(at: number, value: number): this {
    this.view.setUint32(at, value, true);
    return this;
  }

  u16(at: number, value: number): this {
    this.view.setUint16(at, value, true);
    return this;
  }

  bytes(at: number, ...values: number[]): this {
    values.forEach((value, i) => this.view.setUint8(at + i, value));
    return this;
  }

  text(at: number, value: string): this {
    return this.bytes(at, ...new TextEncoder().encode(value));
  }

  /** 10.0.0.1:40000 -> 10.0.0.2:8080, TCP unless told otherwise. */
  tuple(at: number, protocol = 6): this {
    this.bytes(at + WIRE.tuple.src + 10, 0xff, 0xff, 10, 0, 0, 1).bytes(
      at + WIRE.tuple.dst + 10,
      0xff,
      0xff,
      10,
      0,
      0,
      2,
    );
    return this.u16(at + WIRE.tuple.src_port, 40_000).u16(at + WIRE.tuple.dst_port, 8080)
      .u16(at + WIRE.tuple.protocol, protocol);
  }

  /** A clock of 1, 2, 3 ns, or one that was not known. */
  clock(at: number, known = true): this {
    if (!known) return this.u64(at + WIRE.clock.run_ns, 0xffffffffffffffffn);
    return this.u64(at + WIRE.clock.run_ns, 1n).u64(at + WIRE.clock.runq_ns, 2n)
      .u64(at + WIRE.clock.throttled_ns, 3n).u64(at + WIRE.clock.reclaim_ns, 4n);
  }

  stamp(at: number, ns: bigint, known = true): this {
    return this.u64(at + WIRE.stamp.ns, ns).clock(at + WIRE.stamp.clock, known);
  }
}

const OWNER = { pid: 41, tid: 42, comm: "gateway", cgroupId: 77n, netns: 4026531840, startNs: 1000 };
const TUPLE = { srcIp: "10.0.0.1", srcPort: 40_000, dstIp: "10.0.0.2", dstPort: 8080, protocol: "tcp" } as const;
const CLOCK = { runNs: 1, runqNs: 2, throttledNs: 3, reclaimNs: 4 };
const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";

const decode = ({ view, size }: Bytes) => decodeRecord(view, 0, size);

Deno.test("decodeRecord reads a DNS exchange", () => {
  const name = [3, 0x61, 0x50, 0x69, 2, 0x6c, 0x62]; // 3 aPi 2 lb
  const record = new Bytes(WIRE.dns.size, KIND.dns).tuple(WIRE.dns.tuple, 17)
    .stamp(WIRE.dns.start, 1_960_000_000n).clock(WIRE.dns.end_clock, false)
    .u16(WIRE.dns.query_id, 0xbeef).u16(WIRE.dns.query_type, 28).u16(WIRE.dns.rcode, 3)
    .u16(WIRE.dns.name_len, name.length).bytes(WIRE.dns.name, ...name)
    .u64(WIRE.dns.cookie, 9n).u16(WIRE.dns.answers, 2).u16(WIRE.dns.packets, 1);
  const expected: DnsEvent = {
    kind: "dns",
    tsNs: 2_000_000_123,
    owner: OWNER,
    startNs: 1_960_000_000,
    startClock: CLOCK,
    endClock: null,
    tuple: { ...TUPLE, protocol: "udp" },
    queryName: "aPi.lb",
    queryType: 28,
    queryId: 0xbeef,
    cookie: "9",
    packets: 1,
    rcode: 3,
    answers: 2,
    truncated: false,
    abandoned: false,
    errno: 0,
  };
  assertEquals(decode(record), expected);

  const flagged = (flags: number) => decode(record.u16(WIRE.event.flags, flags));
  assertEquals(flagged(DNS_FLAG.dns_tcp | DNS_FLAG.dns_truncated), { ...expected, truncated: true });
  const none = { ...expected, rcode: null };
  assertEquals(flagged(DNS_FLAG.dns_no_answer), none);
  assertEquals(flagged(DNS_FLAG.dns_no_answer | DNS_FLAG.dns_abandoned), { ...none, abandoned: true });
  record.u32(WIRE.dns.error, 111);
  assertEquals(flagged(DNS_FLAG.dns_no_answer), { ...none, errno: 111 });
});

Deno.test("decodeRecord writes DNS names as RFC 4343 has it, whatever the labels hold", () => {
  const table: [number[], string][] = [
    [[], "."],
    [[1, 0x61], "a"],
    [[3, 0x61, 0x2e, 0x62, 1, 0x63], "a\\046b.c"], // a dot inside a label is not the end of it
    [[3, 0x20, 0x00, 0xff], "\\032\\000\\255"],
    [[5, 0x61, 0x62], "ab"], // cut in the middle
    [[2, 0x61, 0x62, 0xc0, 0x0c], "ab"], // a pointer has no place in a question
  ];
  for (const [labels, expected] of table) {
    const record = new Bytes(WIRE.dns.size, KIND.dns).u16(WIRE.dns.name_len, labels.length)
      .bytes(WIRE.dns.name, ...labels);
    assertEquals((decode(record) as DnsEvent).queryName, expected);
  }
});

Deno.test("decodeRecord reads a connect and its errno", () => {
  const record = new Bytes(WIRE.connect.size, KIND.connect).tuple(WIRE.connect.tuple)
    .stamp(WIRE.connect.start, 1_999_000_000n).clock(WIRE.connect.end_clock)
    .u64(WIRE.connect.cookie, 0xffff_ffff_ffff_fffen).u32(WIRE.connect.error, 111);
  const expected: ConnectEvent = {
    kind: "connect",
    tsNs: 2_000_000_123,
    owner: OWNER,
    startNs: 1_999_000_000,
    startClock: CLOCK,
    endClock: CLOCK,
    tuple: TUPLE,
    cookie: "18446744073709551614",
    errno: 111,
  };
  assertEquals(decode(record), expected);
});

function exchange(flags: number): Bytes {
  const at = WIRE.exchange;
  return new Bytes(at.size, KIND.exchange, flags).tuple(at.tuple).u64(at.cookie, 9n)
    .stamp(at.request_start, 100n).stamp(at.request_end, 110n, false)
    .u64(at.bytes_out, 5_000_000_000n).u64(at.bytes_in, 7n).u64(at.max_gap_ns, 12n).u32(at.turn, 3).u32(at.chunks, 2);
}

Deno.test("decodeRecord reads a turn: phases, roles, stamps that have not come, bytes beyond 2^32", () => {
  const begun: ExchangeEvent = {
    kind: "exchange",
    tsNs: 2_000_000_123,
    owner: OWNER,
    phase: "first",
    role: "client",
    tuple: TUPLE,
    cookie: "9",
    turn: 3,
    preexisting: false,
    shared: false,
    requestStart: { ns: 100, clock: CLOCK },
    requestEnd: { ns: 110, clock: null },
    responseStart: null,
    responseEnd: null,
    firstRead: null,
    bytesOut: 5_000_000_000,
    bytesIn: 7,
    chunks: 2,
    maxGapNs: 12,
    traceId: null,
    spanId: null,
  };
  assertEquals(decode(exchange(0)), begun);

  const at = WIRE.exchange;
  assertEquals(decode(exchange(EXCHANGE_FLAG.shared)), { ...begun, shared: true });
  const ended = exchange(EXCHANGE_FLAG.end | EXCHANGE_FLAG.server | EXCHANGE_FLAG.preexisting | EXCHANGE_FLAG.trace)
    .stamp(at.response_start, 120n).stamp(at.response_end, 130n).stamp(at.first_read, 105n)
    .text(at.trace_id, TRACE_ID.toUpperCase()).text(at.span_id, SPAN_ID);
  assertEquals(decode(ended), {
    ...begun,
    phase: "end",
    role: "server",
    preexisting: true,
    responseStart: { ns: 120, clock: CLOCK },
    responseEnd: { ns: 130, clock: CLOCK },
    firstRead: { ns: 105, clock: CLOCK },
    traceId: TRACE_ID,
    spanId: SPAN_ID,
  });
});

Deno.test("decodeRecord believes no trace id that the wire did not really carry", () => {
  const at = WIRE.exchange;
  const table: [number, string, string][] = [
    [0, TRACE_ID, SPAN_ID], // bytes of an earlier turn: the flag says no
    [EXCHANGE_FLAG.trace, "0".repeat(32), SPAN_ID],
    [EXCHANGE_FLAG.trace, TRACE_ID, "0".repeat(16)],
    [EXCHANGE_FLAG.trace, "z" + TRACE_ID.slice(1), SPAN_ID],
    [EXCHANGE_FLAG.trace, TRACE_ID, SPAN_ID.slice(1) + "-"],
  ];
  for (const [flags, trace, span] of table) {
    const event = decode(exchange(flags).text(at.trace_id, trace).text(at.span_id, span)) as ExchangeEvent;
    assertEquals([event.traceId, event.spanId], [null, null], trace + span);
  }
});

Deno.test("decodeRecord reads a gap, waits and their sums", () => {
  const gap = new Bytes(WIRE.gap.size, KIND.gap, EXCHANGE_FLAG.trace).tuple(WIRE.gap.tuple)
    .u64(WIRE.gap.start_ns, 1_980_000_000n).u64(WIRE.gap.cookie, 9n).text(WIRE.gap.trace_id, TRACE_ID);
  const expected: GapEvent = {
    kind: "gap",
    tsNs: 2_000_000_123,
    owner: OWNER,
    startNs: 1_980_000_000,
    role: "client",
    tuple: TUPLE,
    cookie: "9",
    traceId: TRACE_ID,
  };
  assertEquals(decode(gap), expected);
  const unread = new Bytes(WIRE.gap.size, KIND.unread, EXCHANGE_FLAG.server).tuple(WIRE.gap.tuple)
    .u64(WIRE.gap.start_ns, 1_980_000_000n).u64(WIRE.gap.cookie, 9n);
  assertEquals(decode(unread), { ...expected, kind: "unread", role: "server", traceId: null });

  for (const kind of ["runq", "throttled"] as const) {
    const wait = new Bytes(WIRE.wait.size, KIND[kind]).u64(WIRE.wait.start_ns, 1_990_000_000n);
    assertEquals(decode(wait), { kind, tsNs: 2_000_000_123, owner: OWNER, startNs: 1_990_000_000 });
  }

  const timer = new Bytes(WIRE.timer.size, KIND.timer).u64(WIRE.timer.start_ns, 1_990_000_000n).clock(WIRE.timer.clock);
  assertEquals(decode(timer), {
    kind: "timer",
    tsNs: 2_000_000_123,
    owner: OWNER,
    startNs: 1_990_000_000,
    endClock: CLOCK,
  });

  const at = WIRE.waitSum;
  const sum = new Bytes(at.size, KIND.wait_sum).u64(at.runq_ns, 10n).u32(at.runq_count, 2)
    .u64(at.throttled_ns, 5_000_000_000n).u32(at.throttled_count, 1).u32(at.runq_counts + 4, 2);
  assertEquals(decode(sum), {
    kind: "wait_sum",
    tsNs: 2_000_000_123,
    owner: OWNER,
    runqNs: 10,
    runqCount: 2,
    throttledNs: 5_000_000_000,
    throttledCount: 1,
    runqCounts: [0, 2, 0, 0, 0, 0, 0, 0],
  });
});

Deno.test("decodeRecord: memory, disks, system calls", () => {
  const base = { tsNs: 2_000_000_123, owner: OWNER };
  const reclaim = new Bytes(WIRE.reclaim.size, KIND.reclaim, RECLAIM_FLAG.reclaim_memcg)
    .u64(WIRE.reclaim.start_ns, 1_990_000_000n).u64(WIRE.reclaim.pages, 32n);
  assertEquals(decode(reclaim), { kind: "reclaim", ...base, startNs: 1_990_000_000, at: "cgroup", pages: 32 });

  const disk = new Bytes(WIRE.disk.size, KIND.disk, DISK_FLAG.disk_kernel).u64(WIRE.disk.start_ns, 1_990_000_000n)
    .u64(WIRE.disk.issued_ns, 1_995_000_000n).u64(WIRE.disk.sector, 2048n).u32(WIRE.disk.bytes, 4096)
    .u32(WIRE.disk.device, 254 << 20 | 3).u32(WIRE.disk.op, 1).u32(WIRE.disk.status, 0xfffffffb);
  const failures: [number, number][] = [[0, 0], [0xfffffffb, 5], [10, 5], [7, 61], [2, 110], [99, 5]];
  for (const [status, errno] of failures) {
    const event = decode(disk.u32(WIRE.disk.status, status));
    assertEquals(typeof event === "object" && event.kind === "disk" && event.errno, errno, `${status}`);
  }
  assertEquals(decode(disk), {
    kind: "disk",
    ...base,
    startNs: 1_990_000_000,
    issuedNs: 1_995_000_000,
    device: "254:3",
    operation: "write",
    sector: 2048,
    bytes: 4096,
    byKernel: true,
    errno: 5,
  });

  const calls: [number, number, string][] = [[74, 62, "fsync"], [82, 183, "fsync"], [9999, 62, "syscall_9999"]];
  for (const [number, machine, call] of calls) {
    const bytes = new Bytes(WIRE.syscall.size, KIND.syscall).u64(WIRE.syscall.start_ns, 1_990_000_000n)
      .u64(WIRE.syscall.result, 0xfffffffffffffffbn).u32(WIRE.syscall.number, number).u32(
        WIRE.syscall.machine,
        machine,
      );
    assertEquals(decode(bytes), { kind: "syscall", ...base, startNs: 1_990_000_000, call, result: -5 });
  }
});

Deno.test("decodeRecord: tallies", () => {
  const at = WIRE.tally;
  const tally = (kind: number, what: number, where: number) =>
    new Bytes(at.size, KIND.tally, kind).u64(at.sum_ns, 70n).u64(at.bytes, 8192n).u32(at.what, what).u32(
      at.where,
      where,
    )
      .u64(at.counts + 16, 2n);
  const counts = [0, 0, 2, ...Array(95).fill(0)];
  const base = { kind: "tally", tsNs: 2_000_000_123, owner: OWNER, sumNs: 70, counts } as const;
  const vda = { kind: "disk", device: "254:0", bytes: 8192 } as const;
  const rows: [Bytes, TallyEvent["of"]][] = [
    [tally(KIND.disk, 0, 254 << 20), { ...vda, operation: "read", byKernel: false }],
    [tally(KIND.disk, 0x80000001, 254 << 20), { ...vda, operation: "write", byKernel: true }],
    [tally(KIND.disk, 17, 254 << 20), { ...vda, operation: "other", byKernel: false }],
    [tally(KIND.syscall, 1, 62), { kind: "syscall", call: "write", waits: false }],
    [tally(KIND.exchange, 0, 0), { kind: "turn", role: "client" }],
    [tally(KIND.exchange, 0x80000000, 0), { kind: "turn", role: "server" }],
    [tally(KIND.syscall, 0x80000000, 62), { kind: "syscall", call: "read", waits: true }],
  ];
  for (const [bytes, of] of rows) assertEquals(decode(bytes), { ...base, of });
  assertEquals(decode(tally(KIND.dns, 0, 0)), "unknown_kind");
});

Deno.test("decodeRecord reads a TLS handshake, and who ended one that failed", () => {
  const at = WIRE.tls;
  const table: [flags: number, alert: number, failedBy: TlsEvent["failedBy"], said: TlsEvent["alert"]][] = [
    [TLS_FLAG.tls_v13, 0, null, null],
    [TLS_FLAG.tls_failed, 48, "here", 48],
    [TLS_FLAG.tls_failed | TLS_FLAG.tls_by_peer, 256, "peer", "encrypted"],
    [TLS_FLAG.tls_failed | TLS_FLAG.tls_by_peer | TLS_FLAG.tls_server, 0, "peer", null],
  ];
  for (const [flags, alert, failedBy, said] of table) {
    const event = decode(
      new Bytes(at.size, KIND.tls, flags).tuple(at.tuple).stamp(at.start, 1_000n).clock(at.end_clock)
        .u64(at.cookie, 9n).u32(at.alert, alert),
    );
    assertEquals(event, {
      kind: "tls",
      tsNs: 2_000_000_123,
      owner: OWNER,
      startNs: 1000,
      startClock: CLOCK,
      endClock: CLOCK,
      tuple: TUPLE,
      cookie: "9",
      role: flags & TLS_FLAG.tls_server ? "server" : "client",
      version13: (flags & TLS_FLAG.tls_v13) !== 0,
      failed: failedBy !== null,
      failedBy,
      alert: said,
    });
  }
});

Deno.test("decodeRecord refuses what it cannot trust, and reads records anywhere in the ring", () => {
  const size = WIRE.connect.size;
  const { view } = new Bytes(size, KIND.connect);
  assertEquals(decodeRecord(view, 0, WIRE.event.size - 1), "short");
  assertEquals(decodeRecord(view, 0, size - 8), "wrong_size");
  assertEquals(decodeRecord(new Bytes(size + 8, KIND.connect).view, 0, size + 8), "wrong_size");
  for (const kind of [0, KIND.kinds, 65535]) {
    assertEquals(decodeRecord(new Bytes(size, kind).view, 0, size), "unknown_kind", `${kind}`);
  }
  const ring = new Uint8Array(4096);
  ring.set(new Uint8Array(new Bytes(WIRE.wait.size, KIND.runq).view.buffer), 1000);
  const event = decodeRecord(new DataView(ring.buffer, 8), 992, WIRE.wait.size);
  assertEquals(typeof event === "object" && event.owner, OWNER);
});

Deno.test("decodeThread yields the last partial sum of a thread, or null", () => {
  const at = WIRE.thread;
  const view = new DataView(new ArrayBuffer(at.size));
  assertEquals(decodeThread(42, view, 5), null);
  view.setUint32(at.tgid, 41, true);
  view.setUint32(at.small_runq_count, 3, true);
  view.setUint32(at.small_runq_counts, 3, true);
  view.setBigUint64(at.small_runq_ns, 900n, true);
  view.setBigUint64(at.cgroup_id, 77n, true);
  view.setBigUint64(at.process_start_ns, 1_000n, true);
  new TextEncoder().encodeInto("gateway", new Uint8Array(view.buffer, at.comm));
  assertEquals(decodeThread(42, view, 5), {
    kind: "wait_sum",
    tsNs: 5,
    owner: { ...OWNER, netns: 0 },
    runqNs: 900,
    runqCount: 3,
    throttledNs: 0,
    throttledCount: 0,
    runqCounts: [3, 0, 0, 0, 0, 0, 0, 0],
  });
});

Deno.test("KIND_NAMES names every kind by its number", () => {
  for (const [name, kind] of Object.entries(KIND)) assertEquals(KIND_NAMES[kind], name === "kinds" ? undefined : name);
  assertEquals(KIND_NAMES[0], "none");
});
