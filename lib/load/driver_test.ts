import { assert, assertEquals } from "@std/assert";
import type { RequestRecord } from "../model/request_record.ts";
import { type FakeServer, FakeTransport } from "../testing/fake_transport.ts";
import type { Arrival, Plan } from "./arrival.ts";
import type { RequestMaker } from "./ready.ts";
import { Control } from "./control.ts";
import { type Driven, Driver, type DriverOptions } from "./driver.ts";

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const content = chunk('data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n');
const last = chunk("data: [DONE]\n\n") + "0\r\n\r\n";

/** A head after `ms`, a chunk each 5 ms, the end. */
const answers = (ms: number): FakeServer["answer"] => () => [[ms, HEAD], [ms + 5, content], [ms + 10, content + last]];

const every = (ms: number, n: number, more: Partial<Arrival> = {}): Arrival[] =>
  Array.from({ length: n }, (_, id) => ({ id, g_ns: id * ms * 1e6, n_in: 3, n_out: 5, ...more }));
const open = (arrivals: readonly Arrival[]): Plan => ({ loop: "open", arrivals });

const SECOND = 1e9;

/** Requests that say their number. */
function maker(): RequestMaker {
  let n = 0;
  const ids = () => ({ traceId: `t${n}`, spanId: `s${n++}` });
  return { ids, make: ({ id }) => ({ bytes: new TextEncoder().encode(`request ${id}`), ...ids() }) };
}

interface Result extends Driven {
  readonly records: readonly RequestRecord[];
  readonly transport: FakeTransport;
  /** ms after the start, of the record with this id. */
  readonly at: (id: number) => { g: number | null; s: number | null; t: number[]; e: number | null; outcome: string };
}

async function drive(
  plan: Plan,
  server: FakeServer,
  options: Partial<DriverOptions> = {},
  before: (transport: FakeTransport, control: Control) => void = () => {},
): Promise<Result> {
  const transport = new FakeTransport(server);
  const control = new Control();
  const records: RequestRecord[] = [];
  before(transport, control);
  const driven = await new Driver({
    plan,
    api: "chat",
    transport,
    now: transport.now,
    requests: maker(),
    timeouts: { connectNs: 2 * SECOND, firstByteNs: 30 * SECOND, idleNs: 30 * SECOND, totalNs: 30 * SECOND },
    pool: { bound: 100, spare: 4, declared: false },
    maxInFlight: null,
    keepText: false,
    bodiless: false,
    control,
    onRecord: (record) => records.push(record),
    ...options,
  }).run();
  assertEquals(transport.opened, 0, "every connection is closed at the end");
  records.sort((a, b) => a.id - b.id);
  const ms = (ns: number | null) => ns === null ? null : Math.round((ns - driven.startNs) / 1e4) / 100;
  return {
    ...driven,
    records,
    transport,
    at: (id) => {
      const { g_ns, s_ns, t_ns, e_ns, outcome } = records[id]!;
      return { g: ms(g_ns), s: ms(s_ns), t: t_ns.map((t) => ms(t)!), e: ms(e_ns), outcome };
    },
  };
}

Deno.test("open loop: sent when due, on connections opened before, answered or not", async () => {
  const run = await drive(open(every(10, 20)), { answer: answers(100) });
  assertEquals(run.records.length, 20);
  for (let id = 0; id < 20; id++) {
    assertEquals(run.at(id), {
      g: id * 10,
      s: id * 10,
      t: [id * 10 + 105, id * 10 + 110],
      e: id * 10 + 110,
      outcome: "ok",
    });
  }
  assert(
    run.connections.every(({ for_request }) => for_request === null),
    "no request waited for an attempt of its own",
  );
  assertEquals([run.records[0]!.conn_reused, run.mostInFlight], [false, 11]);
  assertEquals(run.transport.requests.slice(0, 2), ["request 0", "request 1"]);
});

Deno.test("a stall of the client slides nothing: late requests keep g and are sent at once", async () => {
  const run = await drive(open(every(10, 20)), { answer: answers(1) }, {}, (transport) => {
    transport.at(370, () => transport.nowNs += 100e6); // idle 300 ms, then connections, then the start: 50 ms into the run
  });
  const late = run.records.filter(({ p_ns, g_ns }) => p_ns! - g_ns! > 1e6);
  assert(late.length >= 9 && late.length <= 11, `${late.length}`);
  assert(late.every(({ p_ns }) => p_ns === late[0]!.p_ns), "all of them at one moment");
  assert(late.every(({ s_ns, p_ns }) => s_ns! - p_ns! <= 1e6), "on free connections, or on new ones");
  assertEquals(
    run.records.map(({ g_ns }) => Math.round((g_ns! - run.startNs) / 1e6)),
    every(10, 20).map((a) => a.g_ns! / 1e6),
  );
  assert(
    Math.max(...run.loopLagNs) >= 90e6 && run.loopLagNs.filter((lag) => lag > 5e6).length >= 9,
    "each timer it owed",
  );
});

Deno.test("--connections: an arrival that finds none free waits in order, and its wait is inside from_schedule", async () => {
  const run = await drive(open(every(1, 6)), { answer: answers(90) }, { pool: { bound: 2, spare: 0, declared: true } });
  assertEquals([0, 1, 2, 3, 4, 5].map((id) => run.at(id).s), [0, 1, 100, 101, 200, 201]);
  assertEquals(run.at(5).g, 5);
  assertEquals([run.mostConnections, run.mostWaiting, run.connections.length], [2, 4, 2]);
});

Deno.test("--max-in-flight: an arrival that finds it full is dropped at g, never queued", async () => {
  const run = await drive(open(every(10, 6)), { answer: answers(25) }, { maxInFlight: 1 });
  assertEquals(run.records.map(({ outcome }) => outcome), ["ok", "dropped", "dropped", "dropped", "ok", "dropped"]);
  const [, dropped] = run.records;
  assertEquals([dropped!.error_type, dropped!.s_ns, dropped!.e_ns], ["max_in_flight", null, null]);
});

Deno.test("closed loop: so many at a time, no g, the list repeats, nothing is sent after its end", async () => {
  const plan: Plan = { loop: "closed", arrivals: every(0, 2), concurrency: 2, thinkNs: 10e6, endNs: 100e6, most: 1e6 };
  const run = await drive(plan, { answer: answers(10) }, { pool: { bound: 2, spare: 0, declared: true } });
  assert(run.records.every(({ g_ns, outcome }) => g_ns === null && outcome === "ok"));
  assertEquals(run.records.map(({ id }) => run.at(id).s), [0, 0, 30, 30, 60, 60, 90, 90]);
  assertEquals(new Set(run.records.map(({ trace_id }) => trace_id)).size, 8);
  const few = await drive({ ...plan, endNs: 1e12, most: 3 }, { answer: answers(10) });
  assertEquals(few.records.length, 3);
});

Deno.test("closed loop: a server that is down is not hammered", async () => {
  const plan: Plan = { loop: "closed", arrivals: every(0, 1), concurrency: 1, thinkNs: 0, endNs: 1e9, most: 1e6 };
  const refused = { refuseAfter: 0, failure: { type: "connect_refused", detail: null } };
  const run = await drive(plan, { connect: () => refused, answer: () => [] });
  assert(run.records.length <= 11, `${run.records.length}`);
  assert(run.records.every(({ outcome, error_type }) => outcome === "err" && error_type === "connect_refused"));
});

Deno.test("rule 10: each time limit has a name of its own, and a timeout lasts as long as it lasted", async () => {
  const silent: FakeServer = { answer: () => [] };
  const stuck: FakeServer = { answer: () => [[5, HEAD + content]] };
  const limits = { connectNs: 200e6, firstByteNs: 300e6, idleNs: 400e6, totalNs: 500e6 };
  const rows: [string, FakeServer, Partial<typeof limits>, string, number][] = [
    ["first_byte_timeout", silent, {}, "err", 300],
    ["idle_timeout", stuck, {}, "incomplete", 405],
    ["total_timeout", stuck, { idleNs: 9e9 }, "incomplete", 500],
    ["connect_timeout", { connect: () => 9e9, answer: () => [] }, {}, "err", 200],
  ];
  for (const [type, server, change, outcome, ms] of rows) {
    const run = await drive(open(every(1, 1)), server, { timeouts: { ...limits, ...change } });
    const [record] = run.records;
    assertEquals([record!.error_type, record!.outcome], [type, outcome]);
    const took = (record!.e_ns! - record!.p_ns!) / 1e6;
    assert(took >= ms && took <= ms + 10, `${type}: ${took} ms`);
  }
});

Deno.test("a wait for a connection ends too: queue_timeout", async () => {
  const run = await drive(open(every(0, 2)), { answer: () => [] }, {
    pool: { bound: 1, spare: 0, declared: true },
    timeouts: { connectNs: 1e9, firstByteNs: 9e9, idleNs: 9e9, totalNs: 100e6 },
  });
  assertEquals(run.records.map(({ error_type, s_ns }) => [error_type, s_ns === null]), [
    ["total_timeout", false],
    ["queue_timeout", true],
  ]);
});

Deno.test("a client that hangs up by scenario: cancelled, with the instants so far", async () => {
  const run = await drive(open(every(1, 1, { cancel_ns: 50e6 })), { answer: () => [[5, HEAD + content]] });
  const [record] = run.records;
  assertEquals([record!.outcome, record!.error_type, record!.t_ns.length], ["cancelled", "cancelled", 1]);
  assert((record!.e_ns! - record!.s_ns!) / 1e6 <= 60);
});

Deno.test("what the connection does ends the request that is on it, and no other", async () => {
  const reset = { type: "reset", detail: "connection reset (ECONNRESET)" };
  const server: FakeServer = {
    answer: (n) => n === 1 ? [[5, HEAD + content], [8, reset]] : n === 2 ? [[5, null]] : answers(5)(n),
  };
  const run = await drive(open(every(10, 5)), server);
  assertEquals(run.records.map(({ outcome, error_type }) => `${outcome} ${error_type}`), [
    "ok null",
    "incomplete reset",
    "err closed_before_response",
    "ok null",
    "ok null",
  ]);
  const bad = run.connections.filter(({ error_type }) => error_type === "reset");
  assertEquals(bad.length, 1);
});

Deno.test("a server that closes after each answer is met with connections opened ahead", async () => {
  const close = HEAD.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
  const run = await drive(open(every(10, 50)), { answer: () => [[5, close + content + last]] });
  assert(
    run.records.every(({ outcome, conn_reused, s_ns, g_ns }) => outcome === "ok" && !conn_reused && s_ns === g_ns),
  );
});

Deno.test("a refused connection is the error of the request that asked for it, and is tried anew for the next", async () => {
  const refused = { refuseAfter: 1, failure: { type: "connect_refused", detail: "connection refused (ECONNREFUSED)" } };
  const run = await drive(open(every(100, 30)), {
    connect: (n) => n < 12 ? refused : 1, // the 4 to spare, then one a request, and 4 more each second
    answer: answers(5),
  });
  const failed = run.records.filter(({ outcome }) => outcome === "err");
  assert(failed.length > 0 && failed.length < 30 && failed.every(({ error_type }) => error_type === "connect_refused"));
  assert(run.records.slice(-10).every(({ outcome }) => outcome === "ok"));
});

Deno.test("stopped in the middle: what is under way is hung up, what is not due never leaves, all are told", async () => {
  const run = await drive(open(every(10, 100)), { answer: answers(45) }, {}, (transport, control) => {
    transport.at(500, () => control.set("stop", 1));
  });
  const kinds = new Set(
    run.records.map(({ outcome, error_type, s_ns }) => `${outcome} ${error_type} ${s_ns !== null}`),
  );
  assertEquals([...kinds].sort(), ["cancelled stopped false", "cancelled stopped true", "ok null true"]);
  assertEquals([run.records.length, run.stopped], [100, true]);
  const early = await drive(open(every(10, 10)), { answer: answers(1) }, {}, (_, control) => control.set("stop", 1));
  assertEquals(early.records.filter(({ outcome }) => outcome === "cancelled").length, 10);
});
