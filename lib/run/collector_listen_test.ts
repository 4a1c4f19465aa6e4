import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { context, SpanKind, trace } from "@opentelemetry/api";
import { serializeProbeEvent } from "../export/probe_event_json.ts";
import { IoError, UsageError } from "../model/errors.ts";
import { encodeTraces } from "../otlp/mod.ts";
import { startCollector as start } from "../testing/collector.ts";
import { madeRun } from "../testing/telemetry.ts";
import { missingTool, testUnless } from "../testing/unless.ts";
import { until } from "../testing/until.ts";
import type { CollectorOptions } from "./collector.ts";

Deno.test("collector --listen: an application over gRPC and an agent over OTLP logs, as SDKs send them", async () => {
  const to = await start();
  const resource = resourceFromAttributes({ "service.name": "gw", "process.pid": 900, "host.name": "n1" });
  const traces = new TracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `http://${to.grpc}` }) })],
  });
  const agent = new LoggerProvider({
    processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${to.http}/v1/logs` }) })],
  });
  const startMs = Date.now() - 1000;
  const tracer = traces.getTracer("gw");
  const server = tracer.startSpan("POST /v1/chat/completions", { kind: SpanKind.SERVER, startTime: startMs });
  const inside = trace.setSpan(context.active(), server);
  const attributes = { "gen_ai.operation.name": "chat", "gen_ai.usage.output_tokens": 16 };
  const call = tracer.startSpan("chat", { kind: SpanKind.CLIENT, startTime: startMs + 10, attributes }, inside);
  call.setAttribute("gen_ai.response.time_to_first_chunk", 0.2);
  call.end(startMs + 900);
  server.end(startMs + 910);
  const probe = {
    schema: "probe_event/v1alpha2",
    ts_unix_nano: BigInt(startMs + 60) * 1_000_000n,
    signal: "dns_latency_ms",
    node: "n1",
    namespace: "",
    pod: "",
    container: "",
    pid: 900,
    tid: 900,
    value: 45.5,
    unit: "ms",
    status: "warning",
  } as const;
  agent.getLogger("agent").emit({ body: serializeProbeEvent(probe), eventName: "llm_slo.probe_event" });
  await agent.shutdown();
  await traces.shutdown();
  await until(() => to.events().length > 0, "SLO events");
  const [first] = to.events();
  assertEquals(first!.trace_id, server.spanContext().traceId);
  assertEquals(first!.labels?.["llm.ebpf.dns.latency_ms"], "45.5");
  assertEquals(first!.labels?.correlation_tier, "pod_pid_100ms");
  assertEquals(to.events().find((event) => event.sli_name === "ttft_ms")?.sli_value, 210);
  const text = await (await fetch(to.metrics)).text();
  for (
    const line of [
      'llm_slo_correlation_total{tier="pod_pid_100ms",enriched="true"} 1',
      'llm_slo_requests_total{profile="",status="ok"} 1',
      "llm_slo_ttft_ms_count 1",
      'llm_slo_ttft_ms_bucket{le="800"} 1',
      'llm_slo_collector_probe_events_total{from="otlp"} 1',
      'llm_slo_collector_records_total{signal="traces",outcome="taken"} 2',
      'llm_slo_collector_store_entries{kind="probe"} 1',
      "watch_clients 0",
    ]
  ) {
    assertStringIncludes(text, `${line}\n`);
  }
  assertEquals((await (await fetch(`${to.http}/metrics`)).text()).split("\n").length, text.split("\n").length);
  assertEquals(await to.end(), 0);
  assertStringIncludes(to.io.stderr, "from 2 spans, 0 duplicates, and 1 kernel event");
});

Deno.test("collector --listen: what was taken is judged, also when it is stopped at once", async () => {
  const { spans, probeLines } = madeRun({ seconds: 4 });
  const to = await start({ inputs: ["-"], listenGrpc: "off", metricsBind: undefined }, probeLines);
  const headers = { "content-type": "application/x-protobuf" };
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      fetch(`${to.http}/v1/traces`, {
        method: "POST",
        headers,
        body: encodeTraces(spans.filter((_, j) => j % 10 === i), "protobuf"),
      })),
  );
  assertEquals(answers.map(({ status }) => status), answers.map(() => 200));
  assertEquals(await to.end(), 0);
  assertEquals(to.events().filter((event) => event.sli_name === "ttft_ms").length, 20);
});

Deno.test("collector --listen: where it may listen, and what is said when it cannot", async () => {
  const rows: readonly (readonly [Partial<CollectorOptions>, typeof UsageError | typeof IoError, string])[] = [
    [{ listen: "0.0.0.0:0" }, UsageError, "it is not loopback, and without TLS"],
    [{ listen: ":0" }, UsageError, "it is not loopback, and without TLS"],
    [{ listenGrpc: "[::]:0" }, UsageError, "it is not loopback"],
    [{ listen: "nonsense" }, UsageError, "it is not HOST:PORT"],
    [{ listenGrpc: "::1:5" }, UsageError, "it is not HOST:PORT"],
    [{ metricsBind: "x" }, UsageError, "it is not HOST:PORT"],
    [{ tlsCert: "/x" }, UsageError, "it takes a certificate and its key"],
    [{ clientCa: "/x" }, UsageError, "that takes TLS"],
    [{ tlsCert: "/nowhere", tlsKey: "/nowhere" }, IoError, "it does not exist"],
  ];
  for (const [part, kind, message] of rows) await assertRejects(() => start(part), kind, message);
  const open = await start({ listen: "0.0.0.0:0", insecureListen: true, listenGrpc: "off", metricsBind: undefined });
  const port = open.http.split(":").at(-1);
  // The port a person named must be had; the usual one may be somebody else's.
  const same = { listenGrpc: `127.0.0.1:${port}` };
  await assertRejects(() => start(same), IoError, "the port is in use");
  assertEquals(await open.end(), 0);
});

testUnless(
  await missingTool("promtool", "apt-get install prometheus"),
  "collector /metrics is good in promtool's eyes",
  async () => {
    const { spans, probeLines } = madeRun({ seconds: 2 });
    const to = await start({ inputs: ["-"] }, probeLines);
    const body = encodeTraces(spans, "json");
    await fetch(`${to.http}/v1/traces`, { method: "POST", headers: { "content-type": "application/json" }, body });
    await until(() => to.events().length > 0, "SLO events");
    const text = await (await fetch(to.metrics)).text();
    const child = new Deno.Command("promtool", {
      args: ["check", "metrics"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await new Blob([text]).stream().pipeTo(child.stdin);
    const { code, stderr } = await child.output();
    const said = new TextDecoder().decode(stderr).split("\n")
      // Names of the contract, and of OpenTelemetry, keep their units.
      .filter((line) => line !== "" && !/^llm_slo_(ttft_ms|tokens_per_sec)/.test(line));
    assertEquals(said, []);
    assert(code === 0 || code === 3, `promtool ended with ${code}`);
    await to.end();
  },
);
