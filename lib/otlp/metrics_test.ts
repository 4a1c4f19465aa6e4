import { assertEquals } from "@std/assert";
import { METRICS } from "../testing/otlp_bodies.ts";
import { decodeMetrics, encodeResponse } from "./mod.ts";

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

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
const histogram = (point: object) =>
  request({ name: "h", histogram: { aggregationTemporality: 1, dataPoints: [point] } });

Deno.test("data points mean the same in both encodings", () => {
  const { points, rejected, warnings } = decodeMetrics(METRICS.protobuf, "protobuf");
  assertEquals([rejected.size, warnings.size], [0, 0]);
  const metric = (name: string, description = "", unit = "") => ({ name, description, unit, resource: {}, scope: "" });
  const common = { attributes: {}, startNs: 0n, timeNs: 5n, flags: 0, exemplars: [] };
  assertEquals(points, [
    { ...common, kind: "gauge", metric: metric("g", "d", "1"), value: 0.5 },
    {
      ...common,
      kind: "sum",
      metric: metric("s"),
      attributes: { k: "v" },
      startNs: 1n,
      value: -7,
      temporality: 2,
      monotonic: true,
      exemplars: [{
        timeNs: 4n,
        value: 3,
        attributes: {},
        traceId: "0102030405060708090a0b0c0d0e0f10",
        spanId: "0102030405060708",
      }],
    },
    {
      ...common,
      kind: "histogram",
      metric: metric("h"),
      temporality: 1,
      count: 6,
      sum: 4.5,
      min: 0.1,
      max: 9,
      bounds: [0.5, 1.5],
      counts: [1, 2, 3],
    },
    {
      ...common,
      kind: "exponential_histogram",
      metric: metric("e"),
      temporality: 2,
      count: 10,
      sum: 1.5,
      min: null,
      max: null,
      scale: -2,
      zeroCount: 1,
      zeroThreshold: 0.25,
      positive: { offset: -3, counts: [1, 4] },
      negative: { offset: 2, counts: [4] },
    },
    { ...common, kind: "summary", metric: metric("q"), count: 3, sum: 6, quantiles: [{ quantile: 0.5, value: 2 }] },
  ]);
  assertEquals(decodeMetrics(METRICS.json, "json").points, points);
});

Deno.test("C18 histogram points that contradict themselves are refused, each with its reason", () => {
  const rows: readonly (readonly [object, string | null])[] = [
    [{}, null],
    [{ bucketCounts: [], explicitBounds: [] }, null],
    [{ bucketCounts: [6], explicitBounds: [] }, null],
    [{ count: 0, sum: 0, bucketCounts: [0, 0, 0] }, null],
    [{ sum: null }, null],
    [{ count: "9007199254740993", bucketCounts: ["9007199254740992", 1, 0] }, null],
    [{ count: "9007199254740993", bucketCounts: ["9007199254740992", 0, 0] }, "bucket_counts"],
    [{ count: 7 }, "bucket_counts"],
    [{ explicitBounds: [0.5] }, "bounds"],
    [{ explicitBounds: [] }, "bounds"],
    [{ bucketCounts: [] }, "bounds"],
    [{ explicitBounds: [1.5, 0.5] }, "bounds"],
    [{ explicitBounds: [0.5, 0.5] }, "bounds"],
    [{ explicitBounds: [0.5, "NaN"] }, "bounds"],
    [{ explicitBounds: ["-Infinity", "Infinity"] }, null],
    [{ count: 0, bucketCounts: [0, 0, 0] }, "value"],
    [{ count: -1 }, "field"],
    [{ count: "six" }, "field"],
  ];
  for (const [change, reason] of rows) {
    const got = decodeMetrics(json(histogram({ ...HISTOGRAM, ...change })), "json");
    assertEquals([...got.rejected.keys()], reason === null ? [] : [reason], JSON.stringify(change));
    assertEquals(got.points.length, reason === null ? 1 : 0);
  }
});

Deno.test("what is refused is counted in data points", () => {
  const points = [{ timeUnixNano: "5", asInt: "1" }, { timeUnixNano: "5", asInt: "1" }, { timeUnixNano: "6" }];
  const rows: readonly (readonly [object, number, [string, number][]])[] = [
    [{ name: "s", sum: { aggregationTemporality: 2, dataPoints: points } }, 2, [["value", 1]]],
    [{ name: "s", sum: { aggregationTemporality: 2, dataPoints: [{ flags: 1 }] } }, 1, []],
    [{ name: "", sum: { aggregationTemporality: 2, dataPoints: points } }, 0, [["metric_name", 3]]],
    [{ name: 7, sum: { dataPoints: points } }, 0, [["field", 3]]],
    [{ name: "s", sum: { aggregationTemporality: "DELTA", dataPoints: points } }, 0, [["field", 3]]],
    [{ name: "s", sum: { dataPoints: "none" } }, 0, [["field", 1]]],
    [{ name: "s", gauge: { dataPoints: [5, ...points] } }, 2, [["field", 1], ["value", 1]]],
  ];
  for (const [metric, kept, rejected] of rows) {
    const got = decodeMetrics(json(request(metric)), "json");
    assertEquals([got.points.length, [...got.rejected]], [kept, rejected], JSON.stringify(metric));
  }
  const vague = decodeMetrics(json(request({ name: "s", sum: { dataPoints: points.slice(0, 1) } })), "json");
  assertEquals([vague.points.length, [...vague.warnings]], [1, [["no_temporality", 1]]]);
});

Deno.test("answers of all signals: field 1 counts, field 2 tells", () => {
  const partial = { rejected: 3, errorMessage: "bad id" };
  for (
    const [signal, name] of [["traces", "rejectedSpans"], ["logs", "rejectedLogRecords"], [
      "metrics",
      "rejectedDataPoints",
    ]] as const
  ) {
    assertEquals(encodeResponse(signal, partial, "protobuf").toHex(), "0a0a08031206626164206964");
    const text = new TextDecoder().decode(encodeResponse(signal, partial, "json"));
    assertEquals(text, `{"partialSuccess":{"${name}":"3","errorMessage":"bad id"}}`);
  }
});
