import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { displayWidth } from "../lib/report/text.ts";
import { listenHttp } from "../lib/serve/http_server.ts";
import type { HttpHandler } from "../lib/serve/http.ts";
import { queryRoute } from "../lib/serve/query_http.ts";
import { routes } from "../lib/serve/routes.ts";
import { type FakeIo, fakeIo, type FakeIoOptions } from "../lib/testing/fake_io.ts";
import { madeSource, TRACE } from "../lib/testing/query_source.ts";
import { until } from "../lib/testing/until.ts";
import { main } from "./main.ts";

/** Colours, a window title, a bell, a line that is overwritten, an eight-bit CSI, a bidi override, wide characters, and very long. */
const HOSTILE = "\x1b[31mred\x1b]0;title\x07\r\n\b\x9b2J\u202e\u2028漢字" + "x".repeat(120);

async function serve(handler: HttpHandler) {
  const listener = await listenHttp({ hostname: "127.0.0.1", port: 0, handler });
  return { url: `http://127.0.0.1:${listener.port}`, [Symbol.asyncDispose]: () => listener.shutdown() };
}
const collector = (text: string) => serve(routes([queryRoute(madeSource(text), () => Date.now())]));

async function run(argv: readonly string[], options: FakeIoOptions = {}): Promise<FakeIo & { code: number }> {
  const io = fakeIo({ columns: 80, ...options });
  const code = await main(argv, io);
  return Object.assign(io, { code });
}

Deno.test("incidents, explain, top: whatever a span says, 80 columns hold it and nothing steers the terminal", async () => {
  await using served = await collector(HOSTILE);
  for (
    const argv of [
      ["incidents"],
      ["explain", "inc-2"],
      ["explain", TRACE],
      ["top", "--once"],
      ["top"], // no terminal: one look
    ]
  ) {
    const { stdout, stderr, code } = await run([...argv, "--url", served.url]);
    assertEquals([code, stderr], [0, ""], argv.join(" "));
    // deno-lint-ignore no-control-regex -- control characters are what is looked for
    assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]/.exec(stdout), null, argv.join(" "));
    if (argv[0] === "top") {
      const lines = stdout.trimEnd().split("\n");
      assert(lines.length <= 24, `${lines.length} lines`);
      for (const line of lines) assert(displayWidth(line) <= 80, `${displayWidth(line)}: ${line}`);
    }
  }
});

Deno.test("top fits a terminal of 80 columns and 24 lines, and leaves it as it was", async () => {
  await using served = await collector("gw");
  const io = fakeIo({ columns: 80, terminal: true });
  const running = main(["top", "--url", served.url, "--interval", "200ms"], io);
  await until(() => io.stdout.split("\x1b[H").length > 3, "three looks");
  io.abort();
  assertEquals(await running, 0);
  const frames = io.stdout.split("\x1b[H");
  assert(
    frames[0]!.startsWith("\x1b[?1049h") && io.stdout.endsWith("\x1b[?25h\x1b[?1049l"),
    "the screen is given back",
  );
  const lines = frames[1]!.split("\r\n");
  assert(lines.length <= 24, `${lines.length} lines:\n${frames[1]}`);
});

Deno.test("top in a low terminal keeps its head; in a high one it shows more of the worst requests", async () => {
  await using served = await collector("gw");
  const frame = async (lines: number) => {
    const io = fakeIo({ columns: 80, lines, terminal: true });
    const running = main(["top", "--url", served.url, "--interval", "200ms"], io);
    await until(() => io.stdout.split("\x1b[H").length > 2, "two looks");
    io.abort();
    assertEquals(await running, 0);
    return io.stdout.split("\x1b[H")[1]!.split("\r\n");
  };
  const [low, usual, high] = [await frame(5), await frame(24), await frame(60)];
  assertEquals(low.length, 5);
  assert(low[0]!.includes("UTC") && high.length <= 60);
  const requests = (lines: readonly string[]) => lines.filter((line) => /[0-9a-f]{8}/.test(line)).length;
  assert(requests(high) > requests(usual), `${requests(high)} and ${requests(usual)}`);
});

Deno.test("top waits for a collector that is away; --once does not", async () => {
  let url: string;
  {
    await using served = await collector("gw");
    url = served.url;
  }
  const { code, stderr } = await run(["top", "--once", "--url", url]);
  assertEquals(code, 4);
  assertStringIncludes(stderr, "nobody listens there");
  const io = fakeIo({ columns: 80, terminal: true });
  const running = main(["top", "--url", url], io);
  await until(() => io.stdout.includes("Still trying"), "it says so");
  io.abort();
  assertEquals(await running, 0);
});

Deno.test("incidents: what is asked for, page by page, and as JSON", async () => {
  await using served = await collector("gw");
  const table = await run(["incidents", "--url", served.url]);
  for (const word of ["network_dns", "0.82", "127 ms", "open", "59.3 s", "inc-2"]) {
    assertStringIncludes(table.stdout, word);
  }
  const json = await run(["incidents", "--json"], { env: { SLOCTL_URL: served.url } });
  assertEquals(JSON.parse(json.stdout).incidents.map((one: { state: string }) => one.state), ["open", "closed"]);
  const one = await run(["incidents", "--url", served.url, "--limit", "1"]);
  assertStringIncludes(one.stderr, "raise --limit");
  const closed = await run(["incidents", "--url", served.url, "--state", "closed", "--json"]);
  assertEquals(JSON.parse(closed.stdout).incidents.length, 1);
});

Deno.test("explain: the split, each join with tier and confidence, and what was rejected and why", async () => {
  await using served = await collector("gw");
  const request = await run(["explain", TRACE, "--url", served.url]);
  for (
    const word of [
      "pod_pid_100ms",
      "0.90",
      "first token after 213 ms",
      "dns",
      "122 ms",
      "Not joined with it",
      "gw[900] in gw",
    ]
  ) {
    assertStringIncludes(request.stdout, word);
  }
  const incident = await run(["explain", "inc-2", "--url", served.url]);
  for (
    const word of [
      "Cause: network_dns",
      "95 % network_dns",
      "closed: its",
      "40 requests against 100",
      TRACE,
    ]
  ) {
    assertStringIncludes(incident.stdout, word);
  }
  const json = await run(["explain", TRACE.toUpperCase(), "--json", "--url", served.url]);
  assertEquals(JSON.parse(json.stdout).trace_id, TRACE);
});

Deno.test("what goes wrong is said in one line, with its exit code", async () => {
  await using served = await collector("gw");
  await using odd = await serve(() => Promise.resolve({ status: 200, body: "<html>" }));
  await using old = await serve(() => Promise.resolve({ status: 200, body: '{"schema":"incidents-answer/v9"}' }));
  await using moved = await serve(() => Promise.resolve({ status: 302, headers: { location: "http://x/" }, body: "" }));
  await using failing = await serve(() => Promise.resolve({ status: 503, body: "\x1b[31mbusy" }));
  const rows: [readonly string[], number, string][] = [
    [["explain", "nothing", "--url", served.url], 4, 'Cannot find "nothing": nothing is held under that name'],
    [["incidents", "--since", "yesterday", "--url", served.url], 4, "neither RFC 3339 nor a length of time"],
    [["incidents", "--url", odd.url], 4, "its answer is not incidents-answer/v1: it is not JSON"],
    [["incidents", "--url", old.url], 4, "its answer is not incidents-answer/v1"],
    [["incidents", "--url", moved.url], 4, "Cannot ask"],
    [["incidents", "--url", failing.url], 4, "it answers 503"],
    [["incidents", "--url", "ftp://x"], 2, "it is no http or https URL"],
    [["incidents", "--limit", "0"], 2, "it is below 1"],
    [["top", "--interval", "1ms"], 2, "too often"],
    [["incidents", "--store", "/nonexistent/store"], 4, "there is no such store"],
    [["top", "--store", "/tmp/x", "--url", served.url], 2, "two at once"],
    [["explain"], 2, "ID"],
  ];
  for (const [argv, code, message] of rows) {
    const io = await run(argv);
    assert(io.code === code && io.stdout === "", `${argv.join(" ")}: ${io.code} ${io.stderr}`);
    assert(io.stderr.includes(message), `${argv.join(" ")}: ${io.stderr}`);
  }
});
