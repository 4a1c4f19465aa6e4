import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import { validate } from "../report/validate.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { prometheusWith, rising } from "../testing/prometheus.ts";
import { rawServer } from "../testing/raw_server.ts";
import { missingTool, testUnless } from "../testing/unless.ts";
import { cdgate, type CdgateOptions, type CdResult } from "./cdgate.ts";

const OPTIONS: CdgateOptions = {
  prometheusUrl: "",
  timeoutMs: 5_000,
  bearerTokenFile: undefined,
  caFile: undefined,
  ttftP95Ms: 800,
  errorRate: 0.05,
  burnRate: 2,
  failOpen: false,
  output: "json",
  ttftMetric: "llm_slo_ttft_ms_bucket",
  ttftUnit: "ms",
  good: 'llm_slo_requests_total{status="ok"}',
  total: "llm_slo_requests_total",
  shortWindowMs: 300_000,
  longWindowMs: 3_600_000,
  objective: 0.99,
  mostStalenessMs: 120_000,
  minRequests: 59,
  queries: [],
};

async function check(part: Partial<CdgateOptions>): Promise<{ code: number; result: CdResult }> {
  const io = fakeIo();
  const code = await cdgate({ ...OPTIONS, ...part }, io);
  const result = JSON.parse(io.stdout);
  assertEquals(validate("cdgate/v1", result), []);
  return { code, result };
}

const told = ({ checks }: CdResult) =>
  checks.map(({ verdict, reason }) => reason === null ? verdict : `${verdict} ${reason}`);

/** The counters of one service: what of `total` was good, and what came within 400 and 800 ms. */
function service(name: string, total: number, good: number, fast: number, ok: number, shape = {}) {
  const bucket = (le: string, to: number) => rising(`llm_slo_ttft_ms_bucket{service="${name}",le="${le}"}`, to, shape);
  const bad = total - good;
  return [
    bucket("400", fast),
    bucket("800", ok),
    bucket("+Inf", total),
    rising(`llm_slo_requests_total{service="${name}",status="ok"}`, good, shape),
    ...(bad > 0 ? [rising(`llm_slo_requests_total{service="${name}",status="error"}`, bad, shape)] : []),
  ];
}

const of = (name: string): Partial<CdgateOptions> => ({
  ttftMetric: `llm_slo_ttft_ms_bucket{service="${name}"}`,
  good: `llm_slo_requests_total{service="${name}",status="ok"}`,
  total: `llm_slo_requests_total{service="${name}"}`,
});

const without = await missingTool("prometheus", "Debian: apt-get install prometheus");

testUnless(without, "cdgate check: against a real Prometheus whose past is known", async (test) => {
  // 3 900 s of samples: a window of 5 minutes holds one thirteenth of all.
  const restarted = rising('llm_slo_requests_total{service="restarted",status="ok"}', 20_000);
  const again = restarted.points.map(({ agoS, value }) => ({ agoS, value: agoS < 100 ? value - 19_000 : value }));
  await using prometheus = await prometheusWith([
    ...service("good", 20_000, 19_950, 15_000, 19_900),
    ...service("slow", 20_000, 19_950, 5_000, 15_000),
    ...service("failing", 20_000, 16_000, 15_000, 19_900),
    ...service("perfect", 20_000, 20_000, 20_000, 20_000),
    ...service("renamed", 20_000, 20_000, 20_000, 20_000),
    ...service("quiet", 0, 0, 0, 0),
    ...service("rare", 260, 260, 260, 260),
    ...service("gone", 20_000, 20_000, 20_000, 20_000, { endAgoS: 200 }),
    ...service("restarted", 20_000, 20_000, 20_000, 20_000).slice(0, 3),
    { series: restarted.series, points: again },
    rising('queue{host="a"}', 4),
    rising('queue{host="b"}', 6),
  ]);
  const at = { prometheusUrl: prometheus.url };
  const rows: [string, Partial<CdgateOptions>, number, string[]][] = [
    ["good", of("good"), 0, ["pass", "pass", "pass"]],
    ["slow", of("slow"), 1, ["fail", "pass", "pass"]],
    ["failing", of("failing"), 1, ["pass", "fail", "fail"]],
    ["no error series yet", of("perfect"), 0, ["pass", "pass", "pass"]],
    [
      "the good series was renamed",
      { ...of("renamed"), good: 'llm_slo_requests_total{service="renamed",status="200"}' },
      1,
      ["pass", "fail", "fail"],
    ],
    ["no traffic", of("quiet"), 3, Array(3).fill("inconclusive no-traffic")],
    ["20 requests in 5 minutes", of("rare"), 3, ["inconclusive straddles", "inconclusive straddles", "pass"]],
    ["no such service", of("nobody"), 4, Array(3).fill("not-evaluated no-data")],
    ["the last sample is 200 s old", of("gone"), 3, Array(3).fill("inconclusive stale")],
    ["a counter started anew", of("restarted"), 3, ["pass", "inconclusive degraded", "inconclusive degraded"]],
    ["a limit between bounds", { ...of("good"), ttftP95Ms: 600 }, 3, ["inconclusive between-bounds", "pass", "pass"]],
    ["own query", { ...of("good"), queries: ["queue<=6: max(queue)"] }, 0, ["pass", "pass", "pass", "pass"]],
    ["several series", { ...of("good"), queries: ["queue<=6: queue"] }, 3, [
      "pass",
      "pass",
      "pass",
      "inconclusive multi-series",
    ]],
    ["0/0", { ...of("good"), queries: ["q<=1: vector(0)/vector(0)"] }, 3, ["pass", "pass", "pass", "inconclusive nan"]],
    ["an aggregate in place of a counter", { ...of("good"), queries: ["q<=1: queue > 100"] }, 4, [
      "pass",
      "pass",
      "pass",
      "not-evaluated no-data",
    ]],
  ];
  for (const [name, part, code, expected] of rows) {
    await test.step(name, async () => {
      const found = await check({ ...at, ...part });
      assertEquals([found.code, told(found.result)], [code, expected], JSON.stringify(found.result, null, 1));
    });
  }
  await test.step("the counts are those that Prometheus itself gives", async () => {
    const { result } = await check({ ...at, ...of("good") });
    const query = `sum(increase(llm_slo_requests_total{service="good"}[5m]))`;
    const answer = await (await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(query)}`)).json();
    const total = Number(answer.data.result[0].value[1]);
    assert(Math.abs(result.checks[1]!.n - total) < 0.01 * total, `${result.checks[1]!.n} and ${total}`);
    assertEquals(result.source, prometheus.url);
  });
  await test.step("a query that Prometheus calls wrong is the caller's error", async () => {
    const error = await assertRejects(() => check({ ...at, queries: ["q<=1: sum("] }), UsageError, 'Cannot ask "sum("');
    assertStringIncludes(error.message, "Prometheus refuses it");
  });
  await test.step("--fail-open lets nothing else through", async () => {
    assertEquals((await check({ ...at, ...of("nobody"), failOpen: true })).code, 4);
    assertEquals((await check({ ...at, ...of("slow"), failOpen: true })).result.override, null);
  });
});

const http = (status: string, body: string) => `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

Deno.test("cdgate check: a source that says the wrong thing, or nothing, is not evaluated; only the unreachable is lifted", async () => {
  const ok = (data: string, more = "") => http("200 OK", `{"status":"success","data":${data}${more}}`);
  const now = Math.floor(Date.now() / 1000);
  const series = (...values: string[]) =>
    ok(`{"resultType":"vector","result":[${values.map((v, i) => `{"metric":{"i":"${i}"},"value":[${now},"${v}"]}`)}]}`);
  const rows: [string, number, string, boolean][] = [
    [http("401 Unauthorized", ""), 4, "not-evaluated http-401", false],
    [http("403 Forbidden", ""), 4, "not-evaluated http-403", false],
    [http("422 Unprocessable", '{"status":"error","error":"x"}'), 4, "not-evaluated http-422", false],
    [http("429 Too Many", ""), 4, "not-evaluated http-429", false],
    [http("500 Oh", ""), 4, "not-evaluated http-500", false],
    [http("503 Busy", ""), 4, "not-evaluated http-503", false],
    [http("200 OK", "<html>sign in</html>"), 4, "not-evaluated wrong-answer", false],
    [ok(`{"resultType":"vector","result":[]}`), 4, "not-evaluated no-data", false],
    [ok(`{"resultType":"matrix","result":[]}`), 3, "inconclusive matrix", false],
    [ok(`{"resultType":"vector","result":[]}`, ',"warnings":["partial"]'), 3, "inconclusive warnings", false],
    [series("NaN"), 3, "inconclusive nan", false],
    [series("1", "2"), 3, "inconclusive multi-series", false],
    ["", 4, "not-evaluated unreachable", true],
    ["HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", 4, "not-evaluated unreachable", true],
  ];
  for (const [answer, code, expected, unreachable] of rows) {
    await using server = await rawServer(async (write) => {
      await write(answer);
      return "close";
    });
    const at = { prometheusUrl: `http://127.0.0.1:${server.port}/prefix/`, queries: ["q<=5: x"] };
    const shut = await check(at);
    assertEquals([shut.code, shut.result.checks[3]!.verdict, told(shut.result)[3]], [
      code,
      expected.split(" ")[0],
      expected,
    ]);
    assertEquals(shut.result.pass, false);
    const open = await check({ ...at, failOpen: true });
    const lifted: unknown[] = unreachable ? [0, "fail-open"] : [code, null];
    assertEquals([open.code, open.result.override], lifted, expected);
    assertEquals([open.result.verdict, open.result.pass], [shut.result.verdict, false]);
    assert(server.heads.every((head) => head.startsWith("GET /prefix/api/v1/query?query=")), server.heads[0]);
  }
});

Deno.test("cdgate check: patience ends, nobody listens, no such name", async () => {
  await using silent = await rawServer(() => Promise.resolve("keep"));
  const rows: [string, string][] = [
    [`http://127.0.0.1:${silent.port}`, "not-evaluated timeout"],
    ["http://127.0.0.1:1", "not-evaluated unreachable"],
    ["http://nowhere.invalid", "not-evaluated unreachable"],
    [`https://127.0.0.1:${silent.port}`, "not-evaluated timeout"],
  ];
  for (const [prometheusUrl, expected] of rows) {
    const shut = await check({ prometheusUrl, timeoutMs: 200 });
    assertEquals([shut.code, told(shut.result)[0]], [4, expected], prometheusUrl);
    const open = await check({ prometheusUrl, timeoutMs: 200, failOpen: true });
    assertEquals([open.code, open.result.override as string], [0, "fail-open"], prometheusUrl);
  }
});

Deno.test("cdgate check: one check failing while another cannot be asked is no case for --fail-open", async () => {
  const now = Math.floor(Date.now() / 1000);
  await using server = await rawServer(async (write, n) => {
    const asked = decodeURIComponent(server.heads[n]!.split(" ")[1]!);
    if (!asked.includes("query=x")) return "close";
    const result = `[{"metric":{},"value":[${now},"9"]}]`;
    await write(http("200 OK", `{"status":"success","data":{"resultType":"vector","result":${result}}}`));
    return "close";
  });
  const { code, result } = await check({
    prometheusUrl: `http://127.0.0.1:${server.port}`,
    failOpen: true,
    queries: ["q<=5: x"],
  });
  assertEquals([code, result.verdict, result.override], [1, "fail", null]);
});

Deno.test("cdgate check: a source that answers part of a check, and not with numbers, is not out of reach", async () => {
  const [refused, large] = [http("500 Oops", "{}"), http("200 OK", `{"pad":"${"x".repeat(5 << 20)}"}`)];
  const none = http("200 OK", '{"status":"success","data":{"resultType":"vector","result":[]}}');
  for (const answer of [refused, large, none]) {
    await using server = await rawServer(async (write, n) => {
      // Each check asks for an age or for increases: one half is answered, the other is not.
      if (!server.heads[n]!.includes("increase")) return "close";
      await write(answer);
      return "close";
    });
    const at = { prometheusUrl: `http://127.0.0.1:${server.port}`, failOpen: true, timeoutMs: 20_000 };
    const { code, result } = await check(at);
    assertEquals([code, result.verdict, result.override], [4, "not-evaluated", null], told(result).join());
  }
});

Deno.test("cdgate check: a token is sent and never shown; bad parameters are refused before anybody is asked", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "s3cret\n");
  await using server = await rawServer(async (write) => {
    await write(http("401 Unauthorized", ""));
    return "close";
  });
  const { result } = await check({ prometheusUrl: `http://me:hush@127.0.0.1:${server.port}`, bearerTokenFile: file });
  assertStringIncludes(server.heads[0]!.toLowerCase(), "authorization: bearer s3cret");
  assertEquals(/s3cret|hush/.test(JSON.stringify(result)), false);
  await Deno.remove(file);
  const asked = server.heads.length;
  const at = `http://127.0.0.1:${server.port}`;
  const rows: [Partial<CdgateOptions>, string][] = [
    [{ prometheusUrl: "" }, "no Prometheus is named"],
    [{ ttftP95Ms: 0 }, "--ttft-p95-ms 0"],
    [{ errorRate: 1.5 }, "--error-rate 1.5"],
    [{ errorRate: NaN }, "--error-rate NaN"],
    [{ burnRate: -1 }, "--burn-rate -1"],
    [{ objective: 1 }, "--objective 1"],
    [{ longWindowMs: 300_000 }, "--long-window"],
    [{ queries: ["max(x)"] }, "NAME<=VALUE"],
    [{ queries: ["a<=1: x", "a<=2: y"] }, 'check "a" already'],
    [{ queries: ["error_rate<=1: x"] }, 'check "error_rate" already'],
    [{ queries: ["a<=0x10: x"] }, "NAME<=VALUE"],
  ];
  for (const [part, message] of rows) {
    await assertRejects(() => check({ prometheusUrl: at, ...part }), UsageError, message);
  }
  assertEquals(server.heads.length, asked);
});
