import { assertEquals } from "@std/assert";
import { LOGS } from "../testing/otlp_bodies.ts";
import { decodeLogs, encodeLogs } from "./mod.ts";

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

const TRACE = "0102030405060708090a0b0c0d0e0f10";
const SPAN = "0102030405060708";
const RECORD = {
  timeUnixNano: "1700000000123456789",
  observedTimeUnixNano: "1700000000123456790",
  severityNumber: 17,
  severityText: "ERROR",
  body: { stringValue: "no" },
  attributes: [{ key: "n", value: { intValue: "-5" } }],
  droppedAttributesCount: 2,
  flags: 1,
  traceId: TRACE.toUpperCase(),
  spanId: SPAN,
  eventName: "e",
};
const second = { body: { kvlistValue: { values: [{ key: "k", value: { doubleValue: 0.5 } }] } } };
const request = (...logRecords: unknown[]) => ({
  resourceLogs: [{
    resource: { attributes: [{ key: "service.name", value: { stringValue: "gw" } }] },
    scopeLogs: [{ scope: { name: "lib", version: "2" }, logRecords }],
  }],
});

Deno.test("log records mean the same in both encodings, and survive being written again", () => {
  const { logs, rejected, warnings } = decodeLogs(LOGS.protobuf, "protobuf");
  const origin = { resource: { "service.name": "gw" }, scope: "lib", scopeDetails: { version: "2" } };
  assertEquals([rejected.size, warnings.size], [0, 0]);
  assertEquals(logs, [
    {
      ...origin,
      timeNs: 1700000000123456789n,
      observedNs: 1700000000123456790n,
      severity: 17,
      severityText: "ERROR",
      eventName: "e",
      body: "no",
      attributes: { n: -5 },
      traceId: TRACE,
      spanId: SPAN,
      flags: 1,
      droppedAttributes: 2,
    },
    {
      ...origin,
      timeNs: 7n, // not said: the observed time stands in
      observedNs: 7n,
      severity: 0,
      severityText: "",
      eventName: "",
      body: { k: 0.5 },
      attributes: {},
      traceId: "",
      spanId: "",
    },
  ]);
  assertEquals(decodeLogs(json(request(RECORD, { ...second, observedTimeUnixNano: 7 })), "json").logs, logs);
  for (const encoding of ["json", "protobuf"] as const) {
    assertEquals(decodeLogs(encodeLogs(logs, encoding), encoding).logs, logs);
  }
});

Deno.test("a log with a bad id is kept without it; a member of the wrong type costs that record", () => {
  const rows: readonly (readonly [object, string, string, number])[] = [
    [{ traceId: "12" }, "", "", 1],
    [{ traceId: "AQIDBAUGBwgJCgsMDQ4PEA==" }, "", "", 1],
    [{ traceId: "0".repeat(32) }, "", "", 0],
    [{ traceId: undefined }, "", "", 0],
    [{ spanId: "xyz" }, TRACE, "", 1],
    [{ spanId: undefined }, TRACE, "", 0],
  ];
  for (const [change, traceId, spanId, unlinked] of rows) {
    const got = decodeLogs(json(request({ ...RECORD, ...change })), "json");
    assertEquals([got.logs[0]?.traceId, got.logs[0]?.spanId], [traceId, spanId], JSON.stringify(change));
    assertEquals(got.warnings.get("unlinked_log") ?? 0, unlinked, JSON.stringify(change));
  }
  for (const change of [{ severityNumber: "SEVERITY_NUMBER_ERROR" }, { timeUnixNano: "soon" }, { flags: 1.5 }]) {
    const got = decodeLogs(json(request({ ...RECORD, ...change }, RECORD)), "json");
    assertEquals([got.logs.length, [...got.rejected]], [1, [["field", 1]]], JSON.stringify(change));
  }
});
