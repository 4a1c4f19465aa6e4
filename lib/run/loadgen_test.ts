import { assert, assertEquals, assertRejects } from "@std/assert";
import { drawSchedule } from "../load/schedule.ts";
import { IoError, UsageError } from "../model/errors.ts";
import { LOAD_PROFILES } from "../model/load_profile.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { loadgen, type LoadgenOptions } from "./loadgen.ts";

const options: LoadgenOptions = {
  target: undefined,
  path: "/v1/chat/completions",
  model: "m",
  profile: "chat_short",
  rps: 40,
  durationS: 0.5,
  warmupS: 0,
  seed: 42,
  arrival: "constant",
  maxInFlight: undefined,
  timeoutMs: 2000,
  headers: ["x-test: 1"],
  out: undefined,
  dryRun: false,
  json: true,
};

const encoder = new TextEncoder();
const event = (value: unknown) =>
  encoder.encode(`data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`);
const delta = (content: string) => event({ choices: [{ delta: { content } }] });

/** What a server does to a request: its chunks, with a pause before each. */
const SCRIPTS: Readonly<Record<string, { readonly status?: number; readonly parts: readonly Uint8Array[] }>> = {
  "/good": {
    parts: [
      encoder.encode(": hello\n\n"),
      delta(""),
      delta("a"),
      delta("b"),
      event({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 3 } }),
      event("[DONE]"),
    ],
  },
  "/torn": { parts: [delta("a"), delta("b")] },
  "/error": { parts: [delta("a"), event({ error: { type: "server_error" } })] },
  "/429": { status: 429, parts: [] },
};

function serve(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    assertEquals(request.headers.get("x-test"), "1");
    assert(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/.test(request.headers.get("traceparent") ?? ""));
    await request.body?.cancel();
    const { status = 200, parts } = SCRIPTS[new URL(request.url).pathname]!;
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        for (const part of parts) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          controller.enqueue(part);
        }
        controller.close();
      },
    });
    return new Response(body, { status, headers: { "content-type": "text/event-stream" } });
  });
}

Deno.test("the schedule is drawn from the seed alone", () => {
  const base = {
    process: "poisson",
    requestsPerSecond: 50,
    seconds: 20,
    seed: 1,
    profile: LOAD_PROFILES.rag_medium,
  } as const;
  const schedule = drawSchedule(base);
  assertEquals(drawSchedule(base), schedule);
  assert(Math.abs(schedule.length - 1000) < 120);
  assertEquals(drawSchedule({ ...base, process: "constant" }).length, 1000);
  assertEquals(new Set(schedule.map((arrival) => arrival.trace_id)).size, schedule.length);
});

Deno.test("loadgen: every planned arrival is a line, with its outcome", async () => {
  await using server = serve();
  const target = `http://127.0.0.1:${server.addr.port}`;
  const rows: [string, string, string | null, number][] = [
    ["/good", "ok", null, 0],
    ["/torn", "incomplete", "no_done", 4],
    ["/error", "incomplete", "server_error", 4],
    ["/429", "err", "http_429", 4],
  ];
  for (const [path, outcome, error, code] of rows) {
    const dir = await Deno.makeTempDir();
    const io = fakeIo();
    const run = loadgen({ ...options, target, path, out: dir }, io);
    if (code === 0) assertEquals(await run, 0);
    else await assertRejects(() => run, IoError, "no request ended well");
    const records = (await Deno.readTextFile(`${dir}/requests.jsonl`)).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals(records.length, 20);
    for (const [i, record] of records.entries()) {
      assertEquals([record.id, record.outcome, record.error_type], [i, outcome, error]);
      assert(record.g_ns <= record.s_ns && record.s_ns <= record.h_ns && record.h_ns <= record.e_ns);
      if (path === "/good") {
        assertEquals([record.n_in, record.n_out, record.n_source, record.t_ns.length], [5, 3, "usage", 2]);
        assert(record.a_ns <= record.t_ns[0] && record.r1_ns === record.t_ns[0]); // an empty delta is no content
      }
    }
    const report = JSON.parse(await Deno.readTextFile(`${dir}/report.json`));
    assertEquals([report.outcomes[outcome], report.delivered], [20, true]);
    const defs = new Set(report.figures.map((figure: { def: string }) => figure.def));
    assertEquals(defs.has("ttft.content.from_schedule"), path === "/good");
    assertEquals((await Deno.readTextFile(`${dir}/schedule.jsonl`)).trim().split("\n").length, 20);
    for (const name of ["report.md", "report.svg", "summary.csv"]) assert((await Deno.stat(`${dir}/${name}`)).size > 0);
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("loadgen: a declared cap drops, and is told", async () => {
  await using server = serve();
  const target = `http://127.0.0.1:${server.addr.port}`;
  const io = fakeIo();
  assertEquals(await loadgen({ ...options, target, path: "/good", rps: 200, maxInFlight: 1 }, io), 0);
  const report = JSON.parse(io.stdout);
  assert(report.outcomes.dropped > 0 && report.delivered && report.max_in_flight === 1);
  assertEquals(report.outcomes.ok + report.outcomes.dropped, 100);
});

Deno.test("loadgen: bad input", async () => {
  const rows: [Partial<LoadgenOptions>, typeof IoError | typeof UsageError, string][] = [
    [{}, UsageError, "no target is named"],
    [{ target: "nonsense" }, UsageError, "it is no http URL"],
    [{ target: "http://127.0.0.1:1", rps: 0 }, UsageError, "must be more than 0"],
    [{ target: "http://127.0.0.1:1", headers: ["nocolon"] }, UsageError, "it is not NAME:VALUE"],
    [{ target: "http://127.0.0.1:1" }, IoError, "no request ended well (connection)"],
    [{ target: "http://127.0.0.1:1", out: "/dev/null/x" }, IoError, "Cannot write"],
  ];
  for (const [part, kind, message] of rows) {
    await assertRejects(() => loadgen({ ...options, durationS: 0.1, ...part }, fakeIo()), kind, message);
  }
  const io = fakeIo();
  assertEquals(await loadgen({ ...options, dryRun: true }, io), 0);
  assertEquals(io.stdout.trim().split("\n").length, 20);
});
