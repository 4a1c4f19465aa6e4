/** The gateway's front door with real services behind it, in this process and on loopback. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { missingTool, testUnless } from "../testing/unless.ts";
import { serveGateway } from "./gateway.ts";
import { providerControl } from "./control.ts";
import { serveProvider } from "./provider.ts";
import { serveRetrieval } from "./retrieval.ts";
import type { GatewayConfig } from "./roles.ts";

const TRACE = "0102030405060708090a0b0c0d0e0f10";
const IP = "127.0.0.1";

function freePort(): number {
  using listener = Deno.listen({ hostname: IP, port: 0 });
  return listener.addr.port;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any -- a JSON document under test
  readonly body: any;
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(url, { method: "POST", headers, body: text });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function sample(url: string, series: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split("\n").find((line) => line.startsWith(series.slice(0, -1)) && line.includes("instance="));
  assert(line !== undefined, `no ${series} in\n${text}`);
  return Number(line.split(" ").at(-1));
}

async function startAll(stack: AsyncDisposableStack) {
  const [port, providerPort, retrievalPort, controlPort] = [freePort(), freePort(), freePort(), freePort()];
  const hosts = { provider: IP, retrieval: IP };
  const config: GatewayConfig = { ip: IP, port, providerPort, retrievalPort, hosts };
  stack.use(await serveRetrieval({ ip: IP, port: retrievalPort, seed: 1 }));
  stack.use(await serveProvider({ ip: IP, port: providerPort, controlPort, seed: 1 }));
  stack.use(await serveGateway(config));
  const provider = providerControl(`http://${IP}:${controlPort}`);
  return { config, url: `http://${IP}:${port}`, provider, providerUrl: `http://${IP}:${providerPort}`, stack };
}

Deno.test("POST /ai/execute", async (test) => {
  await using stack = new AsyncDisposableStack();
  const lab = await startAll(stack);
  const execute = `${lab.url}/ai/execute`;

  await test.step("answers with the contract's fields, and the trace id of the caller", async () => {
    const { status, body, headers } = await post(execute, { tool: "search", input: "hello", trace_id: "run-7/a" });
    assertEquals(status, 200);
    assertEquals(Object.keys(body).sort(), ["duration_ms", "output", "success", "tool", "trace_id"]);
    assertEquals([body.success, body.tool, body.trace_id, body.output.length], [true, "search", "run-7/a", 6]);
    assertEquals(headers.get("x-trace-id"), "run-7/a");
    assert(body.duration_ms > 0);

    const chat = await post(execute, { tool: "chat", input: "hello" }, { "x-trace-id": TRACE.toUpperCase() });
    assertEquals([chat.status, chat.body.trace_id], [200, TRACE.toUpperCase()]);
    assertEquals(typeof chat.body.output, "string");
    const echo = await post(execute, { tool: "echo", input: "ping" }, {
      traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
    });
    assertEquals([echo.status, echo.body.trace_id], [200, TRACE]);
    assert(echo.body.output !== "pong", "without the bypass the model answers");
    assertMatch((await post(execute, { tool: "search", input: "x" })).body.trace_id, /^[0-9a-f]{32}$/);
  });

  await test.step("refuses by code and status, with the trace id", async () => {
    const fault = (name: string) => ({ "x-lab-fault": name });
    const rows: [string, unknown, Record<string, string>, number, string, string][] = [
      ["malformed JSON", "{", {}, 400, "VALIDATION_ERROR", ""],
      ["no body", "", {}, 400, "VALIDATION_ERROR", ""],
      ["a list", "[]", {}, 400, "VALIDATION_ERROR", ""],
      ["a body over 1 MiB", { tool: "chat", input: "x".repeat(3 << 20) }, {}, 413, "VALIDATION_ERROR", ""],
      ["unknown tool", { tool: "toString", input: "x" }, {}, 400, "VALIDATION_ERROR", "toString"],
      ["no input", { tool: "echo" }, {}, 400, "VALIDATION_ERROR", "echo"],
      ["bad trace id", { tool: "echo", input: "x", trace_id: "a\nb" }, {}, 400, "VALIDATION_ERROR", "echo"],
      ["unknown fault", { tool: "chat", input: "x" }, fault("none"), 400, "VALIDATION_ERROR", "chat"],
      ["429", { tool: "chat", input: "x" }, fault("429"), 429, "RATE_LIMITED", "chat"],
      ["500", { tool: "chat", input: "x" }, fault("500"), 500, "INTERNAL_ERROR", "chat"],
      ["abort", { tool: "chat", input: "x" }, fault("abort"), 502, "BAD_GATEWAY", "chat"],
    ];
    for (const [name, body, headers, status, code, tool] of rows) {
      const answer = await post(execute, body, { ...headers, "x-trace-id": "t-1" });
      assertEquals([answer.status, answer.body.error?.code, answer.body.tool], [status, code, tool], name);
      assertEquals([answer.body.success, answer.body.trace_id, answer.headers.get("x-trace-id")], [
        false,
        "t-1",
        "t-1",
      ]);
      assertEquals(Object.keys(answer.body.error), ["code", "message"], name);
      assertEquals(answer.headers.get("retry-after"), code === "RATE_LIMITED" ? "1" : null, name);
    }
  });

  await test.step("a late answer is TIMEOUT, a missing provider BAD_GATEWAY, a bypassed echo fast", async () => {
    const [port, elsewhere] = [freePort(), freePort()];
    stack.use(await serveGateway({ ...lab.config, port, deadlineMs: 300 }));
    const stalled = { tool: "echo", input: "x" };
    const late = await post(`http://${IP}:${port}/ai/execute`, stalled, { "x-lab-fault": "stall" });
    assertEquals([late.status, late.body.error.code], [504, "TIMEOUT"]);
    assert(late.body.duration_ms >= 300 && late.body.duration_ms < 5000, `${late.body.duration_ms}`);

    stack.use(await serveGateway({ ...lab.config, port: elsewhere, providerPort: freePort(), bypassLlm: true }));
    const away = `http://${IP}:${elsewhere}/ai/execute`;
    const gone = await post(away, { tool: "chat", input: "x" });
    assertEquals([gone.status, gone.body.error.code], [502, "BAD_GATEWAY"]);
    assertEquals((await post(away, { tool: "echo", input: "ping" })).body.output, "pong");
    assertEquals((await post(away, { tool: "echo", input: "other" })).body.output, "other");
  });

  await test.step("every hop echoes X-Trace-Id, also on errors and on paths without a span", async () => {
    for (const [url, body] of [[lab.providerUrl, { messages: [] }], [lab.url, { messages: [] }]] as const) {
      const answer = await post(`${url}/v1/chat/completions`, body, { "x-trace-id": "t-2" });
      assertEquals([answer.status, answer.headers.get("x-trace-id"), answer.body.trace_id], [400, "t-2", "t-2"]);
      assertEquals(Object.keys(answer.body.error).sort(), ["code", "message", "param", "type"]);
    }
    for (const path of ["/health", "/v1/models", "/nowhere"]) {
      const response = await fetch(lab.url + path, { headers: { "x-trace-id": "t-3" } });
      await response.body?.cancel();
      assertEquals(response.headers.get("x-trace-id"), "t-3", path);
    }
    const unusable = await fetch(`${lab.url}/health`, { headers: { "x-trace-id": "a b" } });
    await unusable.body?.cancel();
    assertMatch(unusable.headers.get("x-trace-id") ?? "", /^[0-9a-f]{32}$/);
  });

  await test.step("metrics move: requests, errors, searches, cache", async () => {
    const read = () =>
      Promise.all([
        sample(lab.url, 'ai_requests_total{tool="search",status="success"}'),
        sample(lab.url, 'ai_request_duration_seconds_count{tool="search"}'),
        sample(lab.url, 'ai_request_errors_total{tool="search",error_type="VALIDATION_ERROR"}'),
        sample(lab.url, 'selector_search_total{platform="lab-corpus"}'),
        sample(lab.url, 'selector_search_duration_seconds_count{platform="lab-corpus"}'),
        sample(lab.url, "selector_cache_hits_total{}"),
        sample(lab.url, "selector_cache_misses_total{}"),
        sample(lab.url, "llm_slo_ttft_ms_count{}"),
      ]);
    const before = await read();
    const first = await post(execute, { tool: "search", input: "a new question" });
    const again = await post(execute, { tool: "search", input: "a new question" });
    assertEquals(again.body.output, first.body.output);
    await post(execute, { tool: "search", input: "" });
    const messages = [{ role: "user", content: "a new question" }];
    await post(`${lab.url}/v1/chat/completions`, { messages, max_tokens: 1 }); // asks the index, past the cache
    const after = await read();
    assertEquals(after.map((value, i) => value - (before[i] ?? 0)), [2, 3, 1, 2, 2, 1, 1, 1]);
    await post(execute, { tool: "made-up", input: "x" });
    assert(await sample(lab.url, 'ai_requests_total{tool="unknown",status="error"}') > 0);
    const text = await (await fetch(`${lab.url}/metrics`)).text();
    assert(!text.includes("made-up"), "a caller must not make series");
    assertStringIncludes(text, `instance="${IP}:`);
  });

  await test.step("a refusal with a short Retry-After is tried once more", async () => {
    const chat = { messages: [{ role: "user", content: "hi" }], max_tokens: 1 };
    await lab.provider.setThrottle({ share: 1, pace_factor: 1, retry_after_s: 0 });
    const refused = await post(`${lab.url}/v1/chat/completions`, chat);
    assertEquals([refused.status, refused.headers.get("retry-after")], [429, "0"]);
    await lab.provider.setThrottle({ share: 1, pace_factor: 1, retry_after_s: 3 });
    const start = performance.now();
    assertEquals((await post(execute, { tool: "echo", input: "x" })).body.error.code, "RATE_LIMITED");
    assert(performance.now() - start < 2000, "3 s are left to the caller");
    await lab.provider.setThrottle({ share: 1, pace_factor: 1, retry_after_s: 1 });
    const pending = post(`${lab.url}/v1/chat/completions`, chat);
    await new Promise((done) => setTimeout(done, 400));
    await lab.provider.setThrottle(null);
    assertEquals((await pending).status, 200, "the second attempt came through");
  });
});

const PROMTOOL = "promtool finds nothing wrong with /metrics but a unit in a name that others know it by";
testUnless(await missingTool("promtool", "apt-get install prometheus"), PROMTOOL, async () => {
  await using stack = new AsyncDisposableStack();
  const { url } = await startAll(stack);
  await post(`${url}/ai/execute`, { tool: "search", input: "x" });
  await post(`${url}/ai/execute`, { tool: "search" });
  const promtool = new Deno.Command("promtool", {
    args: ["check", "metrics"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = promtool.stdin.getWriter();
  await writer.write(await (await fetch(`${url}/metrics`)).bytes());
  await writer.close();
  const { code, stdout, stderr } = await promtool.output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assertEquals([code, said], [3, "llm_slo_ttft_ms metric names should not contain abbreviated units\n"]);
});
