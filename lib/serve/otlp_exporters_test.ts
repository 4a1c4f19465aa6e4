/** What the SDKs of OpenTelemetry really send: every exporter for JavaScript, through real sockets. */
import { assert, assertEquals } from "@std/assert";
import { SeverityNumber, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { OTLPLogExporter as LogsGrpc } from "@opentelemetry/exporter-logs-otlp-grpc";
import { OTLPLogExporter as LogsJson } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPLogExporter as LogsProto } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter as MetricsGrpc } from "@opentelemetry/exporter-metrics-otlp-grpc";
import { OTLPMetricExporter as MetricsJson } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as MetricsProto } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter as TracesGrpc } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as TracesJson } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as TracesProto } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from "@opentelemetry/sdk-logs";
import {
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import type { LogRecord } from "../model/log_record.ts";
import type { MetricPoint } from "../model/metric_point.ts";
import type { Span } from "../model/span.ts";
import { listenHttp } from "./http_server.ts";
import { serveGrpc } from "./otlp_grpc.ts";
import { otlpRoute } from "./otlp_http.ts";
import { OtlpReceiver } from "./otlp_receiver.ts";
import { routes } from "./routes.ts";

const resource = resourceFromAttributes({ "service.name": "exporters", "process.pid": 42 });

async function start() {
  const kept = { spans: [] as Span[], logs: [] as LogRecord[], points: [] as MetricPoint[] };
  const receiver = new OtlpReceiver({
    sink: {
      spans: (spans) => void kept.spans.push(...spans),
      logs: (logs) => void kept.logs.push(...logs),
      metrics: (points) => void kept.points.push(...points),
    },
  });
  const http = await listenHttp({ hostname: "127.0.0.1", port: 0, handler: routes([otlpRoute({ receiver })]) });
  const grpc = await serveGrpc({ hostname: "127.0.0.1", port: 0, receiver });
  return {
    ...kept,
    receiver,
    url: `http://127.0.0.1:${http.port}`,
    grpcUrl: `http://127.0.0.1:${grpc.port}`,
    async [Symbol.asyncDispose]() {
      await http.shutdown();
      await grpc.shutdown();
    },
  };
}

type Started = Awaited<ReturnType<typeof start>>;

const TRACES: Readonly<Record<string, (to: Started) => SpanExporter>> = {
  proto: ({ url }) => new TracesProto({ url: `${url}/v1/traces`, compression: "gzip" as never }),
  json: ({ url }) => new TracesJson({ url: `${url}/v1/traces` }),
  grpc: ({ grpcUrl }) => new TracesGrpc({ url: grpcUrl }),
};

Deno.test("spans of every trace exporter", async (test) => {
  for (const [name, exporter] of Object.entries(TRACES)) {
    await test.step(name, async () => {
      await using to = await start();
      const provider = new TracerProvider({
        resource,
        spanProcessors: [new BatchSpanProcessor({ exporter: exporter(to) })],
      });
      const tracer = provider.getTracer("tests", "1.2.3");
      const parent = tracer.startSpan("outer", { kind: SpanKind.SERVER });
      const { traceId, spanId } = parent.spanContext();
      const links = [{ context: parent.spanContext(), attributes: { why: "again" } }];
      const attributes = { text: "ü", n: 7, half: 0.5, yes: true, list: ["a", "b"] };
      const span = tracer.startSpan("inner", {
        kind: SpanKind.CLIENT,
        attributes,
        links,
        startTime: [1_700_000_000, 5],
      });
      span.addEvent("token", { index: 3 }, [1_700_000_000, 7]);
      span.setStatus({ code: SpanStatusCode.ERROR, message: "no" });
      span.end([1_700_000_001, 0]);
      for (let i = 0; i < 100; i++) tracer.startSpan(`s${i}`).end();
      parent.end();
      await provider.shutdown();
      assertEquals(to.spans.length, 102);
      const inner = to.spans.find((one) => one.name === "inner")!;
      assertEquals([inner.startNs, inner.endNs], [1_700_000_000_000_000_005n, 1_700_000_001_000_000_000n]);
      assertEquals([inner.kind, inner.statusCode, inner.statusMessage, inner.attributes], [3, 2, "no", attributes]);
      assertEquals(inner.events, [{ name: "token", timeNs: 1_700_000_000_000_000_007n, attributes: { index: 3 } }]);
      assertEquals([inner.links?.[0]?.traceId, inner.links?.[0]?.spanId], [traceId, spanId]);
      assertEquals([inner.resource["service.name"], inner.resource["process.pid"]], ["exporters", 42]);
      assertEquals([inner.scope, inner.scopeDetails?.version], ["tests", "1.2.3"]);
      assertEquals(to.receiver.stats.traces.rejected.size + to.receiver.stats.traces.warnings.size, 0);
    });
  }
});

const LOGS: Readonly<Record<string, (to: Started) => LogRecordExporter>> = {
  proto: ({ url }) => new LogsProto({ url: `${url}/v1/logs` }),
  json: ({ url }) => new LogsJson({ url: `${url}/v1/logs` }),
  grpc: ({ grpcUrl }) => new LogsGrpc({ url: grpcUrl }),
};

Deno.test("records of every log exporter", async (test) => {
  for (const [name, exporter] of Object.entries(LOGS)) {
    await test.step(name, async () => {
      await using to = await start();
      const provider = new LoggerProvider({
        resource,
        processors: [new BatchLogRecordProcessor({ exporter: exporter(to) })],
      });
      provider.getLogger("tests", "1").emit({
        timestamp: [1_700_000_000, 5],
        severityNumber: SeverityNumber.WARN,
        severityText: "WARN",
        body: { what: "map", deep: [1, "two", { three: 3.5 }] },
        attributes: { a: 1 },
        eventName: "made.up",
      });
      await provider.shutdown();
      const [log] = to.logs;
      assertEquals(to.logs.length, 1);
      assertEquals([log!.timeNs, log!.severity, log!.severityText], [1_700_000_000_000_000_005n, 13, "WARN"]);
      assertEquals([log!.body, log!.attributes, log!.eventName], [
        { what: "map", deep: [1, "two", { three: 3.5 }] },
        { a: 1 },
        "made.up",
      ]);
      assert(log!.observedNs > 0n);
      assertEquals([log!.traceId, to.receiver.stats.logs.warnings.size], ["", 0]);
    });
  }
});

const METRICS: Readonly<Record<string, (to: Started) => PushMetricExporter>> = {
  proto: ({ url }) => new MetricsProto({ url: `${url}/v1/metrics` }),
  json: ({ url }) => new MetricsJson({ url: `${url}/v1/metrics` }),
  grpc: ({ grpcUrl }) => new MetricsGrpc({ url: grpcUrl }),
};

Deno.test("points of every metric exporter", async (test) => {
  for (const [name, exporter] of Object.entries(METRICS)) {
    await test.step(name, async () => {
      await using to = await start();
      const reader = new PeriodicExportingMetricReader({ exporter: exporter(to), exportIntervalMillis: 3_600_000 });
      const exponential = { type: AggregationType.EXPONENTIAL_HISTOGRAM } as const;
      const provider = new MeterProvider({
        resource,
        readers: [reader],
        views: [{ instrumentName: "expo", aggregation: exponential }],
      });
      const meter = provider.getMeter("tests");
      meter.createCounter("count", { unit: "{x}" }).add(5, { k: "v" });
      meter.createUpDownCounter("updown").add(-2.5);
      meter.createObservableGauge("gauge").addCallback((result) => result.observe(0.25));
      const advice = { explicitBucketBoundaries: [1, 2, 4] };
      const histogram = meter.createHistogram("histo", { unit: "s", advice });
      for (const value of [0.5, 1, 1.5, 3, 9]) histogram.record(value);
      const expo = meter.createHistogram("expo");
      for (const value of [0, 1, 2, 1000]) expo.record(value);
      await provider.shutdown();
      const by = new Map(to.points.map((point) => [point.metric.name, point]));
      const told = (point: MetricPoint | undefined, ...keys: string[]) =>
        keys.map((key) => (point as unknown as Record<string, unknown>)[key]);
      assertEquals(told(by.get("count"), "kind", "value", "monotonic", "attributes"), ["sum", 5, true, { k: "v" }]);
      assertEquals(told(by.get("updown"), "kind", "value", "monotonic"), ["sum", -2.5, false]);
      assertEquals(told(by.get("gauge"), "kind", "value"), ["gauge", 0.25]);
      assertEquals(told(by.get("histo"), "kind", "count", "sum", "bounds", "counts", "min", "max"), [
        "histogram",
        5,
        15,
        [1, 2, 4],
        [2, 1, 1, 1],
        0.5,
        9,
      ]);
      assertEquals(told(by.get("expo"), "kind", "count", "zeroCount"), ["exponential_histogram", 4, 1]);
      assertEquals(by.get("histo")?.metric.unit, "s");
      assertEquals(to.receiver.stats.metrics.rejected.size, 0);
    });
  }
});
