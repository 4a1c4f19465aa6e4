import { assert, assertEquals, assertRejects } from "@std/assert";
import { monotonicNs, readClocks } from "../host/clock.ts";
import { toUnixNs } from "../model/clock.ts";
import { IoError, UsageError } from "../model/errors.ts";
import { toJson } from "../model/json.ts";
import type { Span } from "../model/span.ts";
import { decodeTraces } from "../otlp/mod.ts";
import { makeTls } from "../lab/tls_material.ts";
import { validate } from "../report/validate.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { testFolders } from "../testing/folders.ts";
import { LOADGEN } from "../testing/loadgen_options.ts";
import { type After, type RawServer, rawServer, type Write } from "../testing/raw_server.ts";
import { loadgen, type LoadgenOptions } from "./loadgen.ts";

const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const chunk = (text: string) => `${new TextEncoder().encode(text).length.toString(16)}\r\n${text}\r\n`;
const event = (value: unknown) => chunk(`data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`);
const delta = (content: string) => event({ choices: [{ index: 0, delta: { content } }] });
const usage = event({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 3 } });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function good(write: Write): Promise<"keep"> {
  await write(HEAD + chunk(": hello\n\n") + delta(""));
  for (const word of ["a", "b"]) {
    await pause(3);
    await write(delta(word));
  }
  await write(usage + event("[DONE]") + "0\r\n\r\n");
  return "keep";
}

/** A target's options; its report, and what became of each request. */

const folder = testFolders("sloctl-loadgen-");

async function run(options: Partial<LoadgenOptions>, port: number): Promise<{
  code: number;
  // deno-lint-ignore no-explicit-any -- the document as a reader has it
  report: any;
  // deno-lint-ignore no-explicit-any -- the lines as a reader has them
  records: any[];
  stderr: string;
}> {
  const dir = folder();
  const io = fakeIo();
  const code = await loadgen({ ...LOADGEN, target: `http://127.0.0.1:${port}`, out: dir, ...options }, io)
    .catch((error) => {
      if (error instanceof IoError && error.message.includes("no request ended well")) return 4;
      throw error;
    });
  const text = await Deno.readTextFile(`${dir}/requests.jsonl`);
  const report = JSON.parse(await Deno.readTextFile(`${dir}/report.json`));
  assertEquals(validate("load-report/v1", report), []);
  for (const line of text.trim().split("\n").filter(Boolean)) {
    assertEquals(validate("load-request/v1", JSON.parse(line)), []);
  }
  const [arrival] = (await Deno.readTextFile(`${dir}/schedule.jsonl`)).split("\n");
  assertEquals(validate("load-arrival/v1", JSON.parse(arrival!)), []);
  for (const name of ["report.md", "report.svg", "summary.csv", "connections.jsonl"]) {
    assert((await Deno.stat(`${dir}/${name}`)).size > 0, name);
  }
  return {
    code,
    report,
    records: text.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line)),
    stderr: io.stderr,
  };
}

const TRANSPORTS = ["auto", "net"] as const;

Deno.test("loadgen: every planned arrival is a line with its stamps in order, by either transport", async () => {
  for (const transport of TRANSPORTS) {
    await using server = await rawServer(good);
    const { code, report, records } = await run({ transport, durationS: 0.5, headers: ["x-test: 1, 2"] }, server.port);
    assertEquals([code, records.length, report.delivered, report.loop], [0, 20, true, "open"]);
    for (const [i, r] of records.entries()) {
      assertEquals([r.id, r.outcome, r.error_type, r.status], [i, "ok", null, 200]);
      assert(
        r.g_ns <= r.p_ns && r.p_ns <= r.s_ns && r.s_ns <= r.h_ns && r.h_ns <= r.a_ns && r.a_ns <= r.t_ns[0] &&
          r.t_ns[1] <= r.e_ns,
      );
      assert([r.g_ns, r.s_ns, r.h_ns, r.a_ns, ...r.t_ns, r.e_ns].every(Number.isInteger));
      assertEquals([r.n_in, r.n_out, r.n_source, r.t_ns.length, r.r1_ns, r.comments], [5, 3, "usage", 2, r.t_ns[0], 1]);
      assertEquals(Math.round((r.g_ns - records[0].g_ns) / 1e6), i * 25);
    }
    const traces = server.heads.map((head) => /^traceparent: 00-([0-9a-f]{32})-[0-9a-f]{16}-01$/m.exec(head)![1]);
    assertEquals(traces.toSorted(), records.map((r) => r.trace_id).toSorted());
    assert(server.heads.every((head) => head.includes("x-test: 1, 2")));
    assertEquals([report.client.transport, report.send_stamp], [transport === "net" ? "net" : "epoll", "pre_write"]);
    const figure = report.figures.find((f: { def: string; stat: string }) =>
      f.def === "ttft.content.from_schedule" && f.stat === "p50"
    );
    assert(
      figure.value > 1 && figure.n === 20 && figure.unit === "ms" && figure.rule === "linear" && figure.over === "ok",
    );
  }
});

/** What a server may do to a client, and what the client makes of it. */
const BAD: readonly [
  name: string,
  outcome: string,
  error: string | null,
  answer: (write: Write) => Promise<After>,
][] = [
  ["answers nothing", "err", "closed_before_response", () => Promise.resolve("close")],
  [
    "half a chunk",
    "incomplete",
    "truncated",
    async (write) => (await write(HEAD + delta("a") + "20\r\ndata: {"), "close"),
  ],
  ["no end", "incomplete", "no_finish", async (write) => (await write(HEAD + delta("a") + "0\r\n\r\n"), "keep")],
  [
    "an error in a 200 stream",
    "err",
    "server_error",
    async (write) => (await write(HEAD + delta("a") + event({ error: { type: "server_error" } })), "close"),
  ],
  ["10 MiB in one event", "err", "event_too_large", async (write) => {
    await write(`${HEAD}${(10 << 20).toString(16)}\r\ndata: `);
    for (let i = 0; i < 160; i++) await write("x".repeat(64 << 10));
    return "close";
  }],
  ["invalid UTF-8", "err", "invalid_utf8", async (write) => {
    await write(HEAD + "a\r\ndata: ");
    await write(new Uint8Array([0xc3, 0x28, 10, 10, 13, 10]));
    return "close";
  }],
  [
    "a redirect",
    "err",
    "http_302",
    async (write) => (await write("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"), "keep"),
  ],
  [
    "429",
    "err",
    "http_429",
    async (write) => (await write("HTTP/1.1 429 Slow\r\nRetry-After: 17\r\nContent-Length: 4\r\n\r\nslow"), "keep"),
  ],
  ["a reset", "incomplete", "reset", async (write) => {
    await write(HEAD + delta("a"));
    await pause(10);
    return "reset";
  }],
  ["no HTTP", "err", "bad_http", async (write) => (await write("220 mail.example ESMTP\r\n"), "close")],
];

Deno.test("loadgen: whatever a server does is told by its name, by either transport, and is never tried again", async () => {
  for (const transport of TRANSPORTS) {
    await using server = await rawServer((write, n) => BAD[n]![3](write));
    const { code, records, report } = await run(
      { transport, rps: 20, requests: BAD.length, durationS: 1 },
      server.port,
    );
    assertEquals([code, records.length, report.verdict, server.heads.length], [4, BAD.length, "no_data", BAD.length]);
    for (const [n, [name, outcome, error]] of BAD.entries()) {
      const r = records.find(({ trace_id }) => server.heads[n]!.includes(trace_id));
      assertEquals([r.outcome, r.error_type], [outcome, error], `${name}: ${r.error_detail}`);
      if (name === "429") assertEquals([r.retry_after, r.body], ["17", "slow"]);
      if (name === "a redirect") assertEquals(r.location, "/x");
      if (name === "a reset") assertEquals(r.t_ns.length, 1);
    }
  }
});

Deno.test("loadgen: a refused connection is err, not a shortfall of ours", async () => {
  const { code, records, report } = await run({ connections: undefined }, 1);
  assertEquals([code, report.delivered], [4, true]);
  for (const r of records) assertEquals([r.outcome, r.error_type, r.s_ns], ["err", "connect_refused", null]);
});

Deno.test("loadgen: a request that runs out of time keeps its real duration", async () => {
  for (const transport of TRANSPORTS) {
    await using server = await rawServer(async (write) => {
      await write(HEAD + delta("a"));
      await pause(1000);
      return "close";
    });
    const { records } = await run({ transport, timeoutMs: 150, requests: 2 }, server.port);
    for (const r of records) {
      assertEquals([r.outcome, r.error_type], ["incomplete", "total_timeout"]);
      assert(r.e_ns - r.s_ns >= 150e6);
    }
  }
});

Deno.test("loadgen: https, DNS, TCP and TLS stamped apart; a certificate that does not verify is told by that name", async () => {
  const dir = await Deno.makeTempDir();
  const tls = await makeTls(`${dir}/tls`, "localhost", "127.0.0.1");
  const [cert, key] = [await Deno.readTextFile(tls.certFile), await Deno.readTextFile(tls.keyFile)];
  await using server = await rawServer(good, { cert, key });
  const target = `https://localhost:${server.port}`;
  const trusted = await run({ target, ca: tls.caFile }, server.port);
  assertEquals([trusted.code, trusted.report.outcomes.ok, trusted.report.client.transport], [0, 4, "net"]);
  const { dns_ms, connect_ms, tls_ms } = trusted.report.connections;
  assert(dns_ms > 0 && connect_ms.p50 > 0 && tls_ms.p50 > 0, JSON.stringify(trusted.report.connections));
  assertEquals((await run({ target, insecure: true }, server.port)).code, 0);
  const { code, records } = await run({ target }, server.port);
  assertEquals(code, 4);
  for (const r of records) {
    assertEquals([r.outcome, r.error_type, r.s_ns], ["err", "tls_certificate", null], r.error_detail);
  }
  await using plain = await rawServer(good);
  const confused = await run({ target: `https://127.0.0.1:${plain.port}`, connectTimeoutMs: 300 }, plain.port);
  assertEquals([confused.records[0].outcome, confused.records[0].s_ns], ["err", null]);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("loadgen: three limits are three things", async () => {
  const slow = async (write: Write) => {
    await pause(60);
    return await good(write);
  };
  await using server = await rawServer(slow);
  const dropped = await run({ rps: 100, maxInFlight: 1 }, server.port);
  assert(dropped.report.outcomes.dropped > 0 && dropped.report.max_in_flight === 1 && dropped.code === 0);
  assert(
    dropped.records.filter((r) => r.outcome === "dropped").every((r) =>
      r.s_ns === null && r.error_type === "max_in_flight"
    ),
  );
  const waited = await run({ rps: 100, connections: 1 }, server.port);
  assertEquals([waited.report.outcomes.ok, waited.report.most.connections, waited.report.limits.connections_declared], [
    10,
    1,
    true,
  ]);
  assert(waited.records[9].s_ns - waited.records[9].g_ns > 300e6, "its wait is inside from_schedule");
  const closed = await run({ arrival: "closed", concurrency: 2, durationS: 0.3, connections: undefined }, server.port);
  assertEquals([closed.report.loop, closed.report.limits.concurrency, closed.report.most.in_flight], ["closed", 2, 2]);
  assert(closed.records.every((r) => r.g_ns === null));
  const from = closed.report.figures.filter((f: { def: string; value: unknown }) => f.def.endsWith("from_schedule"));
  assert(from.length > 0 && from.every((f: { value: unknown; n: number }) => f.value === null && f.n === 0));
});

Deno.test("loadgen: what was sent late without a declared limit is a load that was not delivered: exit 3", async () => {
  // The pool grows to 1024 at most: more than that wait, and no one said they may.
  await using server = await rawServer(async (write) => {
    await pause(700);
    return await good(write);
  });
  const { code, report } = await run(
    { rps: 3000, durationS: 0.5, timeoutMs: 20_000, connections: undefined },
    server.port,
  );
  assertEquals([code, report.delivered, report.verdict], [3, false, "inconclusive"], JSON.stringify(report.rates));
});

Deno.test("loadgen: a client that is late gives no verdict: exit 3", async () => {
  await using server = await rawServer(good);
  const { code, report } = await run({ clientLagMs: 1e-6 }, server.port);
  assertEquals([code, report.verdict], [3, "inconclusive"]);
  assert(report.reasons.join().includes("--max-client-lag-ms"));
});

Deno.test("loadgen: objectives by a file, a preset or a predicate, with the exit codes of a verdict", async () => {
  await using server = await rawServer((write, n) => n % 20 === 19 ? Promise.resolve("close") : good(write));
  const dir = await Deno.makeTempDir();
  const file = `${dir}/slo.yaml`;
  await Deno.writeTextFile(
    file,
    "schema: slo/v1\nservice: s\nslos:\n" +
      "  - { name: body, sli: status == ok and e2e.body.from_schedule <= 60s, objective: '0.95' }\n" +
      "  - { name: server, sli: server.ttft <= 1s, objective: '0.99' }\n",
  );
  await using flawless = await rawServer(good);
  const judged = (change: Partial<LoadgenOptions>) =>
    run({ rps: 200, durationS: 0.5, ...change }, change.slo === file ? flawless.port : server.port);
  const rows: [Partial<LoadgenOptions>, number, string][] = [
    [{ slo: file }, 0, "pass"],
    [{ slo: "e2e.body.from_send <= 60s", objective: "0.999" }, 1, "fail"],
    [{ slo: "e2e.body.from_send <= 60s", objective: "0.95" }, 3, "inconclusive"],
    [{ slo: "chat", arrival: "closed", concurrency: 4 }, 3, "inconclusive"],
    [{ slo: "e2e.body.from_send <= 60s", objective: "0.5", arrival: "closed", concurrency: 4 }, 0, "pass"],
  ];
  for (const [change, code, verdict] of rows) {
    const told = await judged(change);
    assertEquals([told.code, told.report.verdict], [code, verdict], JSON.stringify([change, told.report.reasons]));
    const figure = told.report.figures.find((f: { def: string }) => f.def === "goodput.fraction");
    assertEquals(figure.value, told.report.slos[0].goodput.fraction);
    if (change.slo === file) assertEquals(told.report.slos[1].verdict, "not-evaluated");
  }
  for (
    const [slo, message] of [["chatt", "no preset"], ["server.ttft <= 1s", "a client cannot measure"], [
      "ttft < 1s",
      "no definition id",
    ]]
  ) {
    await assertRejects(() => judged({ slo: slo! }), UsageError, message!);
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("loadgen: warm-up and cool-down are sent and not reported", async () => {
  await using server = await rawServer(good);
  const { records, report } = await run({ warmupS: 0.1, durationS: 0.2, cooldownS: 0.1, rps: 100 }, server.port);
  assertEquals([records.length, report.outcomes.ok, report.seconds.warmup], [40, 20, 0.1]);
  assertEquals(Math.round(report.rates.offered), 100);
});

Deno.test("loadgen: a share of requests is hung up by the client, with real durations", async () => {
  const over = Promise.withResolvers<void>();
  // It goes on for as long as the run takes: only the client can end a request.
  await using server = await rawServer(async (write) => {
    await write(HEAD + delta("a"));
    await over.promise;
    return "close";
  });
  const startedMs = performance.now();
  const { records } = await run({ cancelShare: 1, cancelAfterMs: 400 }, server.port);
  const wholeNs = (performance.now() - startedMs) * 1e6;
  over.resolve();
  for (const r of records) {
    assertEquals([r.outcome, r.error_type, r.t_ns.length], ["cancelled", "cancelled", 1]);
    assert(r.e_ns - r.s_ns >= 400e6 && r.e_ns - r.s_ns <= wholeNs);
  }
});

Deno.test("loadgen: stopped in the middle, the report so far is written and says so", async () => {
  await using server = await rawServer(good);
  const dir = await Deno.makeTempDir();
  const io = fakeIo();
  setTimeout(() => io.abort(new Error("stopped by SIGINT")), 1200);
  const options = { ...LOADGEN, target: `http://127.0.0.1:${server.port}`, out: dir, durationS: 60, json: false };
  await assertRejects(() => loadgen(options, io), Error, "stopped by SIGINT");
  assert(/INTERRUPTED after \d\.\d s of 60 s/.test(io.stdout), io.stdout);
  const report = JSON.parse(await Deno.readTextFile(`${dir}/report.json`));
  assert(report.interrupted.after_s < 10 && report.interrupted.not_due > 1000 && report.outcomes.ok > 0);
  assertEquals(report.outcomes.ok + report.outcomes.cancelled, 2400 - report.interrupted.not_due);
  const lines = (await Deno.readTextFile(`${dir}/requests.jsonl`)).trim().split("\n");
  assertEquals(lines.length, 2400);
  assert((await Deno.readTextFile(`${dir}/report.md`)).includes("INTERRUPTED"));
  await Deno.remove(dir, { recursive: true });
});

Deno.test("loadgen: a disk that is full costs the file that does not fit, and not the report", async () => {
  await using server = await rawServer(good);
  const dir = folder();
  await Deno.symlink("/dev/full", `${dir}/requests.jsonl`);
  const io = fakeIo();
  const error = await assertRejects(
    () => loadgen({ ...LOADGEN, target: `http://127.0.0.1:${server.port}`, out: dir }, io),
    IoError,
    "requests.jsonl",
  );
  assert(error.message.includes("the disk is full"), error.message);
  assertEquals(JSON.parse(io.stdout), JSON.parse(await Deno.readTextFile(`${dir}/report.json`)));
  assertEquals([...Deno.readDirSync(dir)].map(({ name }) => name).sort(), [
    "report.json",
    "report.md",
    "report.svg",
    "schedule.jsonl",
    "summary.csv",
  ]);
});

Deno.test("loadgen: plain HTTP, by GET and by POST, an answer in one piece has no first token", async () => {
  await using server = await rawServer(async (write) => {
    await write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
    return "keep";
  });
  const { code, report, records } = await run({ path: "/health?x=1" }, server.port);
  assertEquals([code, report.api, report.model, report.timeline_of], [0, "plain", null, "e2e.body.from_schedule"]);
  assert(server.heads[0]!.startsWith("GET /health?x=1 HTTP/1.1\r\n"));
  assertEquals([records[0].t_ns, records[0].a_ns, records[0].n_out], [[], null, null]);
  const value = (def: string) => report.figures.find((f: { def: string }) => f.def === def).value;
  assertEquals([value("ttft.content.from_send"), value("gap.chunk")], [null, null]);
  assert(value("ttfb.headers.from_send") > 0);
  await run({ path: "/x", body: '{"a":1}' }, server.port);
  assert(server.heads.at(-1)!.startsWith("POST /x HTTP/1.1"));
});

Deno.test("loadgen: --dry-run writes the list; the same seed gives the same, and the run keeps to it", async () => {
  const list = async (change: Partial<LoadgenOptions>) => {
    const io = fakeIo();
    assertEquals(await loadgen({ ...LOADGEN, arrival: "poisson", durationS: 2, ...change, dryRun: true }, io), 0);
    return io.stdout;
  };
  const first = await list({});
  assertEquals(await list({}), first);
  assert(await list({ seed: 7 }) !== first);
  assertEquals(Object.keys(JSON.parse(first.split("\n")[0]!)), ["id", "g_ns", "n_in", "n_out"]);
  assertEquals(JSON.parse((await list({ arrival: "closed" })).split("\n")[0]!).g_ns, null);
  for (const arrival of ["gamma", "ramp"] as const) assert((await list({ arrival })).length > 100);
  assert((await list({ arrival: "stages", stages: "1s:10,1s:10-50" })).trim().split("\n").length > 15);
  const dir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dir}/schedule.jsonl`, first);
  assertEquals(
    await list({ trace: `${dir}/schedule.jsonl`, arrival: undefined, durationS: undefined }),
    first,
    "our own list replays as it stands",
  );
  const twice = await list({ trace: `${dir}/schedule.jsonl`, arrival: undefined, durationS: undefined, timeScale: 2 });
  assertEquals(JSON.parse(twice.split("\n")[5]!).g_ns, Math.floor(JSON.parse(first.split("\n")[5]!).g_ns / 2));
  await Deno.remove(dir, { recursive: true });
});

Deno.test("loadgen: bad input is refused at the door", async () => {
  const rows: [Partial<LoadgenOptions>, typeof IoError | typeof UsageError, string][] = [
    [{}, UsageError, "no target is named"],
    [{ target: "nonsense" }, UsageError, "it is no http URL"],
    [{ target: "ftp://a" }, UsageError, "it is no http URL"],
    [{ target: "http://a", path: "x" }, UsageError, "does not begin with /"],
    [{ target: "http://127.0.0.1:1", rps: 0 }, UsageError, "must be more than 0"],
    [{ target: "http://127.0.0.1:1", warmupS: -1 }, UsageError, "it is negative"],
    [{ target: "http://127.0.0.1:1", headers: ["nocolon"] }, UsageError, "it is not NAME:VALUE"],
    [{ target: "http://127.0.0.1:1", headers: ["a: b\r\nc: d"] }, UsageError, "it is not NAME:VALUE"],
    [{ target: "http://127.0.0.1:1", headers: ["Content-Length: 3"] }, UsageError, "it is made for every request"],
    [{ target: "http://127.0.0.1:1", body: "[1" }, UsageError, "no JSON object"],
    [{ target: "http://127.0.0.1:1", body: '{"n":2}' }, UsageError, "a request has one answer"],
    [{ target: "http://127.0.0.1:1", arrival: "stages" }, UsageError, "no stages are given"],
    [{ target: "http://127.0.0.1:1", rps: 1e6, durationS: 100 }, UsageError, "arrivals are more than"],
    [{ target: "http://127.0.0.1:1", trace: "/nowhere.csv", arrival: undefined }, IoError, "there is no such file"],
    [{ target: "http://127.0.0.1:1", trace: "x" }, UsageError, "a trace has its own arrivals"],
    [{ target: "http://no.such.name.invalid" }, IoError, "Cannot resolve"],
    [{ target: "http://127.0.0.1:1", out: "/dev/null/x" }, IoError, "Cannot write"],
  ];
  for (const [part, kind, message] of rows) {
    await assertRejects(() => loadgen({ ...LOADGEN, ...part }, fakeIo()), kind, message);
  }
});

Deno.test("loadgen: client stamps, spans and kernel events of a request meet in one line, by trace id", async () => {
  const dir = await Deno.makeTempDir();
  const events = `${dir}/events.jsonl`;
  // What an agent beside the server would write: the same trace id, wall time.
  const server: RawServer = await rawServer(async (write, n) => {
    const trace_id = /traceparent: 00-([0-9a-f]{32})/.exec(server.heads[n]!)![1]!;
    const at = toUnixNs(readClocks(), monotonicNs());
    const event = {
      ts_unix_nano: at,
      signal: "stream_ttft_ms",
      node: "n",
      namespace: "",
      pod: "",
      container: "",
      pid: 7,
      tid: 7,
    };
    const line = toJson({ ...event, value: 1.5, unit: "ms", status: "ok", trace_id });
    await Deno.writeTextFile(events, `${line}\n`, { append: true });
    return await good(write);
  });
  await using _server = server;
  const spans: Span[] = [];
  await using receiver = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    spans.push(...decodeTraces(await request.bytes(), "protobuf").spans);
    return new Response(null, { headers: { "content-type": "application/x-protobuf" } });
  });
  const io = fakeIo();
  const otlpEndpoint = `http://127.0.0.1:${receiver.addr.port}`;
  const options = { ...LOADGEN, target: `http://127.0.0.1:${server.port}`, out: dir, join: [events], otlpEndpoint };
  assertEquals(await loadgen(options, io), 0, io.stderr);
  const rows = (await Deno.readTextFile(`${dir}/joined.jsonl`)).trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(rows.map(({ id }) => id), [0, 1, 2, 3]);
  for (const { request, events: [event], trace_id } of rows) {
    assertEquals([event.signal, event.value, event.pid], ["stream_ttft_ms", 1.5, 7]);
    assert(request.s_ns - 1e6 < event.ts_ns && event.ts_ns < request.e_ns + 1e6, "on one clock");
    const span = spans.find(({ traceId }) => traceId === trace_id)!;
    assertEquals([span.spanId, span.name, span.kind], [request.span_id, "chat m", 3]);
    assertEquals(Number(span.endNs - span.startNs), request.e_ns - request.s_ns);
    const ttft = span.attributes["gen_ai.response.time_to_first_chunk"] as number;
    assert(Math.abs(ttft - (request.t_ns[0] - request.s_ns) / 1e9) < 1e-9);
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("loadgen: a tokenizer that listens counts where the server does not, and differences are told", async () => {
  const texts: string[] = [];
  await using tokenizer = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { prompt, model } = await request.json();
    texts.push(`${model}: ${prompt}`);
    return Response.json({ count: 7 });
  });
  const url = `http://127.0.0.1:${tokenizer.addr.port}/tokenize`;
  await using server = await rawServer(async (write, n) => {
    await write(HEAD + delta("a") + delta("b") + (n % 2 === 0 ? usage : "") + event("[DONE]") + "0\r\n\r\n");
    return "keep";
  });
  const { records, report } = await run({ tokenizer: url }, server.port);
  assertEquals(records.map(({ n_out, n_source }) => `${n_out} ${n_source}`), [
    "3 usage",
    "7 tokenizer",
    "3 usage",
    "7 tokenizer",
  ]);
  assertEquals(report.tokens.tokenizer, { counted: 4, compared: 2, differing: 2, most_difference: 4 });
  assertEquals(new Set(texts), new Set(["m: ab"]));
  await assertRejects(
    () => run({ tokenizer: `http://127.0.0.1:${server.port}/` }, server.port),
    IoError,
    "Cannot count tokens",
  );
});
