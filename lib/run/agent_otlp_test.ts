/** The agent's events and heartbeat over OTLP, to a receiver that fails first, and to our own collector. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { IoError, UsageError } from "../model/errors.ts";
import type { AgentsAnswer } from "../model/answers.ts";
import { AGENT_DEFAULTS } from "../testing/agent_defaults.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { otlpSink, readLogs, readMetrics } from "../testing/otlp_sink.ts";
import { until } from "../testing/until.ts";
import { type AgentOptions, runAgent } from "./agent.ts";
import { collector } from "./collector.ts";
import { IN_MEMORY } from "./collector/open_store.ts";
import { SEND_NOTHING } from "./send_options.ts";

function options(port: number, part: Partial<AgentOptions> = {}): AgentOptions {
  const send = { ...SEND_NOTHING, otlp: { endpoint: `http://127.0.0.1:${port}`, timeoutMs: 2_000 } };
  return { ...AGENT_DEFAULTS, source: "synthetic", output: "otlp", count: 30, node: "n1", send, ...part };
}

Deno.test("agent --output otlp: refused twice, sent again, every event once and to the nanosecond", async () => {
  let refusals = 0;
  await using sink = await otlpSink({
    answer: () => {
      if (refusals === 2) return { status: 200 };
      return { status: refusals++ === 0 ? 429 : 503, headers: { "retry-after": "0" } };
    },
  });
  const io = fakeIo();
  assertEquals(await runAgent(options(sink.port), io), 0);
  assertEquals(io.stdout, "");
  const logs = sink.requests.filter(({ path, body }) => path === "/v1/logs" && body.length > 0)
    .flatMap(({ body }) => readLogs(body));
  assertEquals(logs.length, 30);
  for (const { timeUnixNano, body, severityNumber } of logs) {
    assertEquals(/"ts_unix_nano":(\d{19}),/.exec(body.stringValue)?.[1], timeUnixNano);
    const { status, node } = JSON.parse(body.stringValue);
    assertEquals([severityNumber, node], [{ ok: 9, warning: 13, error: 17 }[status as "ok"], "n1"]);
  }
  assertStringIncludes(io.stderr, `30 events -> http://127.0.0.1:${sink.port}`);

  const metrics = sink.requests.filter(({ path, body }) => path === "/v1/metrics" && body.length > 0)
    .flatMap(({ body }) => readMetrics(body));
  const named = (name: string) => metrics.findLast((metric) => metric.name === name);
  const heartbeat = named("llm_slo_agent_heartbeat").gauge.dataPoints[0];
  const beat = Number(heartbeat.asDouble ?? heartbeat.asInt);
  assert(Math.abs(beat - Date.now() / 1000) < 60, `${beat}`);
  const told = named("llm_ebpf_probe_events_total").sum;
  assertEquals([told.isMonotonic, told.aggregationTemporality], [true, 2]);
  // deno-lint-ignore no-explicit-any
  assertEquals(told.dataPoints.reduce((sum: number, { asInt }: any) => sum + Number(asInt), 0), 30);
  const { bounds, count } = [named("llm_ebpf_dns_latency_ms").histogram.dataPoints[0]]
    .map(({ explicitBounds: bounds, bucketCounts, count }) => {
      assertEquals(bucketCounts.reduce((sum: number, n: string) => sum + Number(n), 0), Number(count));
      return { bounds, count: Number(count) };
    })[0]!;
  assertEquals([bounds.length, bounds[10]], [11, 800]);
  assertEquals(count, logs.filter(({ body }) => body.stringValue.includes('"dns_latency_ms"')).length);
});

Deno.test("what the receiver refuses for good is counted as lost, and slo events have no form over OTLP", async () => {
  await using sink = await otlpSink({ answer: () => ({ status: 400 }) });
  const io = fakeIo();
  const error = await assertRejects(() => runAgent(options(sink.port), io), IoError, 'Cannot send "30 events"');
  assertEquals(error.exitCode, 4);
  assertStringIncludes(io.stderr, "it answered 400; these are lost, and counted");
  assertStringIncludes(io.stderr, `0 events -> http://127.0.0.1:${sink.port}; 30 LOST: refused 30`);
  await assertRejects(() => runAgent(options(sink.port, { eventKind: "both" }), fakeIo()), UsageError, "over OTLP");
  const nowhere = { ...SEND_NOTHING, otlp: { endpoint: "nowhere" } };
  await assertRejects(() => runAgent(options(1, { send: nowhere }), fakeIo()), UsageError, "no http URL");
});

Deno.test("a collector knows the agent by its heartbeat, and has its events", async () => {
  const io = fakeIo();
  const running = collector({
    ...{ inputs: [], out: "/dev/null", listen: "127.0.0.1:0", listenGrpc: "off", metricsBind: undefined },
    ...{
      tlsCert: undefined,
      tlsKey: undefined,
      clientCa: undefined,
      insecureListen: false,
      store: IN_MEMORY,
      tracker: null,
    },
    ...{ sloFile: null, version: "0.0.0", send: SEND_NOTHING, count: 0, objectives: { ttftMs: 800 }, windowMs: 200 },
    place: { cluster: "", namespace: "", workload: "", service: "" },
  }, io);
  await until(() => io.stderr.includes("OTLP at"), "the collector to listen");
  const url = /OTLP at (\S+)\/v1/.exec(io.stderr)![1]!;
  assertEquals(await runAgent(options(Number(new URL(url).port)), fakeIo()), 0);
  const { agents } = await (await fetch(`${url}/v1/agents`)).json() as AgentsAnswer;
  assertEquals(agents.map(({ node, known_by, stale }) => [node, known_by, stale]), [["n1", "metrics", false]]);
  assert(agents[0]!.heartbeat_age_s! < 60 && agents[0]!.events === 30, JSON.stringify(agents[0]));
  assertEquals(agents[0]!.dropped.ring_full, 0);
  assertEquals(agents[0]!.signals.length > 10, true);
  io.abort();
  assertEquals(await running, 0);
});
