/** Good bodies of every signal in both encodings, holding every kind of member. */
import type { Span } from "../model/span.ts";
import { decodeLogs, encodeLogs, encodeTraces } from "../otlp/mod.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** The protobufs of logs and metrics were written by the protobuf library for Python from the published .proto files. */
const LOGS_PROTOBUF = hex(
  "0a9f010a160a140a0c736572766963652e6e616d6512040a0267771284010a080a036c696212013212590915cd853dfe9c971710111a0545" +
    "52524f522a040a026e6f32100a016e120b18fbffffffffffffffff01380245010000004a100102030405060708090a0b0c0d0e0f105208" +
    "01020304050607085916cd853dfe9c9717620165121d2a1232100a0e0a016b120921000000000000e03f590700000000000000",
);
const METRICS_PROTOBUF = hex(
  "0aeb0212e802121f0a01671201641a01312a140a1219050000000000000021000000000000e03f12600a01733a5b0a551101000000000000" +
    "001905000000000000002a2e110400000000000000220801020304050607082a100102030405060708090a0b0c0d0e0f10310300000000" +
    "00000031f9ffffffffffffff3a080a016b12030a01761002180112620a01684a5d0a591905000000000000002106000000000000002900" +
    "0000000000124032180100000000000000020000000000000003000000000000003a10000000000000e03f000000000000f83f599a9999" +
    "999999b93f610000000000002240100112470a016552420a3e190500000000000000210a0000000000000029000000000000f83f300339" +
    "010000000000000042060805120201044a05080412010471000000000000d03f100212360a01715a310a2f190500000000000000210300" +
    "000000000000290000000000001840321209000000000000e03f110000000000000040",
);

const request = (...metrics: unknown[]) => ({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
const HISTOGRAM = {
  timeUnixNano: "5",
  count: "6",
  sum: 4.5,
  bucketCounts: ["1", 2, "3"],
  explicitBounds: [0.5, 1.5],
  min: 0.1,
  max: 9,
};
const exemplar = {
  timeUnixNano: 4,
  asInt: "3",
  traceId: "0102030405060708090A0B0C0D0E0F10",
  spanId: "0102030405060708",
};
const METRICS_JSON = json(request(
  { name: "g", description: "d", unit: "1", gauge: { dataPoints: [{ timeUnixNano: "5", asDouble: 0.5 }] } },
  {
    name: "s",
    sum: {
      dataPoints: [{
        startTimeUnixNano: "1",
        timeUnixNano: "5",
        asInt: "-7",
        attributes: [{ key: "k", value: { stringValue: "v" } }],
        exemplars: [exemplar],
      }],
      aggregationTemporality: 2,
      isMonotonic: true,
    },
  },
  { name: "h", histogram: { aggregationTemporality: 1, dataPoints: [HISTOGRAM] } },
  {
    name: "e",
    exponentialHistogram: {
      aggregationTemporality: 2,
      dataPoints: [{
        timeUnixNano: "5",
        count: "10",
        sum: 1.5,
        scale: -2,
        zeroCount: "1",
        zeroThreshold: 0.25,
        positive: { offset: -3, bucketCounts: ["1", "4"] },
        negative: { offset: "2", bucketCounts: ["4"] },
      }],
    },
  },
  {
    name: "q",
    summary: { dataPoints: [{ timeUnixNano: 5, count: 3, sum: 6, quantileValues: [{ quantile: 0.5, value: 2 }] }] },
  },
));

const SPANS: readonly Span[] = [
  {
    traceId: "0102030405060708090a0b0c0d0e0f10",
    spanId: "0102030405060708",
    parentSpanId: "a1a2a3a4a5a6a7a8",
    name: "chat näive",
    kind: 2,
    startNs: 1700000000123456789n,
    endNs: 1700000000123456790n,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.system": "vllm",
      text: "",
      long: "x".repeat(300),
      yes: true,
      int: -5,
      wide: 9223372036854775807n,
      half: 0.5,
      nan: NaN,
      nothing: null,
      bytes: new Uint8Array([0, 255, 62, 63]),
      list: [1, "two", [3.5], { four: 4 }],
      map: { inner: { deep: "yes" } },
    },
    events: [{ name: "first token", timeNs: 1700000000123456790n, attributes: { index: 0 }, droppedAttributes: 1 }],
    statusCode: 2,
    statusMessage: "upstream said no",
    resource: { "service.name": "gateway", "process.pid": 4242, "host.name": "lab" },
    resourceDetails: { schemaUrl: "https://opentelemetry.io/schemas/1.41.0" },
    scope: "lab.gateway",
    scopeDetails: { version: "1.2", attributes: { build: "x" } },
    traceState: "a=1",
    flags: 0x101,
    links: [{ traceId: "b".repeat(32), spanId: "c".repeat(16), attributes: { why: "retry" }, flags: 1 }],
    droppedAttributes: 4,
  },
  {
    traceId: "0102030405060708090a0b0c0d0e0f10",
    spanId: "a1a2a3a4a5a6a7a8",
    parentSpanId: "",
    name: "POST",
    kind: 3,
    startNs: 1700000000000000000n,
    endNs: 1700000000223456790n,
    attributes: {},
    events: [],
    statusCode: 0,
    statusMessage: "",
    resource: {},
    scope: "",
  },
];

export const TRACES = { json: encodeTraces(SPANS, "json"), protobuf: encodeTraces(SPANS, "protobuf") };
export const LOGS = {
  json: encodeLogs(decodeLogs(LOGS_PROTOBUF, "protobuf").logs, "json"),
  protobuf: LOGS_PROTOBUF,
};
export const METRICS = { json: METRICS_JSON, protobuf: METRICS_PROTOBUF };
