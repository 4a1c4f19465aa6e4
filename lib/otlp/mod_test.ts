import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Span } from "../model/span.ts";
import { DecodeError, decodeTraces, encodeResponse, encodeStatus, encodeTraces } from "./mod.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));
const utf8 = (text: string) => new TextEncoder().encode(text);
const json = (value: unknown) => utf8(JSON.stringify(value));

/** The published one-span request, in both encodings. */
const SPAN_BYTES = hex(
  "0a 37 12 35 12 33 0a 10 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 12 08 01 02 03 04 05 06 07 08 2a 01 61 " +
    "30 03 39 15 cd 85 3d fe 9c 97 17 41 16 cd 85 3d fe 9c 97 17",
);
const SPAN_JSON = '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10", ' +
  '"spanId":"0102030405060708","name":"a","kind":3,"startTimeUnixNano":"1700000000123456789",' +
  '"endTimeUnixNano":"1700000000123456790"}]}]}]}';
const SPAN: Span = {
  traceId: "0102030405060708090a0b0c0d0e0f10",
  spanId: "0102030405060708",
  parentSpanId: "",
  name: "a",
  kind: 3,
  startNs: 1700000000123456789n,
  endNs: 1700000000123456790n,
  attributes: {},
  events: [],
  statusCode: 0,
  statusMessage: "",
  resource: {},
  scope: "",
};

/** One span with every kind of attribute, an event, a status, a resource and a scope. */
const RICH: Span = {
  ...SPAN,
  parentSpanId: "a1a2a3a4a5a6a7a8",
  name: "chat näive",
  kind: 2,
  attributes: JSON.parse('{"__proto__":"kept"}') as Span["attributes"],
  events: [{ name: "first token", timeNs: 1700000000123456790n, attributes: { index: 0 }, droppedAttributes: 1 }],
  statusCode: 2,
  statusMessage: "upstream said no",
  resource: { "service.name": "gateway", "process.pid": 4242, "host.name": "lab" },
  resourceDetails: { schemaUrl: "https://opentelemetry.io/schemas/1.41.0", droppedAttributes: 2 },
  scope: "lab.gateway",
  scopeDetails: { version: "1.2", attributes: { build: "x" }, schemaUrl: "https://example/1", droppedAttributes: 3 },
  traceState: "a=1",
  flags: 0x101,
  links: [
    { traceId: "b".repeat(32), spanId: "c".repeat(16), attributes: { why: "retry" }, traceState: "z=2", flags: 1 },
    { traceId: "d".repeat(32), spanId: "e".repeat(16), attributes: {}, droppedAttributes: 9 },
  ],
  droppedAttributes: 4,
  droppedEvents: 5,
  droppedLinks: 6,
};
Object.assign(RICH.attributes, {
  text: "",
  long: "x".repeat(300),
  yes: true,
  no: false,
  int: -5,
  safe: Number.MAX_SAFE_INTEGER,
  wide: 9223372036854775807n,
  narrow: -9223372036854775808n,
  half: 0.5,
  minusZero: -0,
  nan: NaN,
  inf: -Infinity,
  nothing: null,
  bytes: new Uint8Array([0, 255, 62, 63]),
  list: [1, "two", [3.5], { four: 4 }],
  map: { inner: { deep: "yes" } },
});

Deno.test("the published request decodes to one span, in every spelling", () => {
  const bare = SPAN_JSON.replaceAll(/"(\d{19})"/g, "$1");
  assert(bare !== SPAN_JSON);
  const rows: readonly (readonly [Uint8Array, "json" | "protobuf"])[] = [
    [SPAN_BYTES, "protobuf"],
    [utf8(SPAN_JSON), "json"],
    [utf8(bare), "json"],
    [utf8(SPAN_JSON.replace("0a0b0c", "0A0B0C")), "json"],
    [utf8(SPAN_JSON.replace('"kind":3', '"kind":3,"flags":0,"links":[],"future":{"x":[1]}')), "json"],
    // Scope spans before an unknown group, fixed32 and varint fields: all stepped over.
    [hex("1b 08 01 1c 25 00 00 00 00 28 96 01 " + SPAN_BYTES.toHex()), "protobuf"],
  ];
  for (const [body, encoding] of rows) {
    const got = decodeTraces(body, encoding);
    assertEquals(got.spans, [SPAN]);
    assertEquals(got.rejected.size, 0);
    assertEquals(got.warnings.size, 0);
  }
  assertEquals(encodeTraces([SPAN], "protobuf"), SPAN_BYTES);
});

Deno.test("a span survives both encodings with all it carries", () => {
  const { scopeDetails: _, ...plain } = RICH;
  const other: Span = { ...plain, spanId: "1111111111111111", scope: "other" };
  for (const encoding of ["json", "protobuf"] as const) {
    assertEquals(decodeTraces(encodeTraces([SPAN, RICH, other], encoding), encoding).spans, [SPAN, RICH, other]);
  }
});

Deno.test("the resource reaches its spans even when it comes last on the wire", () => {
  const group = hex("12 35 " + SPAN_BYTES.subarray(4).toHex());
  const resource = hex("0a 0a 0a 08 0a 01 6b 12 03 0a 01 76");
  const length = (group.length + resource.length).toString(16);
  assertEquals(decodeTraces(hex(`0a ${length} ${group.toHex()} ${resource.toHex()}`), "protobuf").spans, [
    { ...SPAN, resource: { k: "v" } },
  ]);
});

Deno.test("empty requests and envelopes are success", () => {
  for (
    const body of ["{}", '{"resourceSpans":[]}', '{"resourceSpans":[{"scopeSpans":[{}]}]}', '{"resourceSpans":null}']
  ) {
    assertEquals(decodeTraces(utf8(body), "json").spans, []);
  }
  for (const body of ["", "0a 00", "0a 02 12 00"]) assertEquals(decodeTraces(hex(body), "protobuf").spans, []);
});

Deno.test("bad spans are counted by reason, their neighbours are kept", () => {
  const good = { traceId: SPAN.traceId, spanId: SPAN.spanId, name: "a", startTimeUnixNano: "1", endTimeUnixNano: "2" };
  const rows: readonly (readonly [object, string])[] = [
    [{ traceId: undefined }, "trace_id"],
    [{ traceId: "0".repeat(32) }, "trace_id"],
    [{ traceId: "AQIDBAUGBwgJCgsMDQ4PEA==" }, "trace_id"],
    [{ spanId: "01020304" }, "span_id"],
    [{ spanId: 7 }, "span_id"],
    [{ parentSpanId: "0102" }, "parent_span_id"],
    [{ endTimeUnixNano: "0" }, "time_order"],
    [{ startTimeUnixNano: "-1" }, "field"],
    [{ startTimeUnixNano: "99999999999999999999" }, "field"],
    [{ kind: "SPAN_KIND_CLIENT" }, "field"],
    [{ status: { code: "STATUS_CODE_ERROR" } }, "field"],
    [{ name: 5 }, "field"],
    [{ attributes: {} }, "field"],
    [{ attributes: [{ key: "a", value: { intValue: "1.5" } }] }, "field"],
    [{ attributes: [{ key: "a", value: { bytesValue: "*" } }] }, "field"],
  ];
  for (const [change, reason] of rows) {
    const got = decodeTraces(
      json({ resourceSpans: [{ scopeSpans: [{ spans: [{ ...good, ...change }, good] }] }] }),
      "json",
    );
    assertEquals([got.spans.length, [...got.rejected]], [1, [[reason, 1]]], JSON.stringify(change));
  }
});

Deno.test("odd spans are kept and counted", () => {
  const spans = [{
    traceId: SPAN.traceId,
    spanId: SPAN.spanId,
    parentSpanId: "0000000000000000",
    start_time_unix_nano: "5",
    attributes: [{ key: "k", value: { intValue: 1 } }, { key: "k", value: { intValue: 2 } }],
  }];
  const got = decodeTraces(json({ resourceSpans: [{ scopeSpans: [{ spans }] }] }), "json");
  assertEquals(got.spans, [{ ...SPAN, name: "", kind: 1, startNs: 0n, endNs: 0n, attributes: { k: 1 } }]);
  assertEquals(Object.fromEntries(got.warnings), { empty_name: 1, duplicate_attribute: 1, snake_case_key: 1 });
  assertEquals([...decodeTraces(json({ resource_spans: [] }), "json").warnings], [["snake_case_key", 1]]);
});

Deno.test("what cannot be read is one DecodeError that says where", () => {
  const deep = '{"arrayValue":{"values":['.repeat(200_000);
  const rows: readonly (readonly [Uint8Array, "json" | "protobuf", RegExp])[] = [
    [utf8(""), "json", /byte 0: the body is empty/],
    [utf8("{}{}"), "json", /body: .*JSON/],
    [utf8("{"), "json", /body: .*JSON/],
    [utf8("null"), "json", /request: must be an object/],
    [utf8("[]"), "json", /request: must be an object, is an array/],
    [hex("ff"), "json", /UTF-8/],
    [json({ resourceSpans: {} }), "json", /resourceSpans: must be an array/],
    [json({ resourceSpans: [{ scopeSpans: [{ spans: 1 }] }] }), "json", /resourceSpans\[0\].scopeSpans\[0\].spans: /],
    [json({ resourceSpans: [{ resource: { attributes: 1 } }] }), "json", /resourceSpans\[0\].resource: /],
    [utf8(deep), "json", /body: /],
    [SPAN_BYTES.subarray(0, 40), "protobuf", /byte 2: 55 bytes announced, 38 left/],
    [hex("0a ff ff ff ff ff ff"), "protobuf", /byte 6: number does not fit 32 bits/],
    [hex("08 01"), "protobuf", /wire type 0, expected 2/],
    [hex("02 01"), "protobuf", /field number 0/],
    [hex("1b 08 01"), "protobuf", /group 3 is not closed/],
    [hex("1b".repeat(5000)), "protobuf", /groups nested deeper/],
    [hex("0a 06 12 04 0a 02 0a 05"), "protobuf", /announced/],
  ];
  for (const [body, encoding, message] of rows) {
    const error = assertThrows(() => decodeTraces(body, encoding), DecodeError);
    assert(message.test(error.message), error.message);
  }
});

Deno.test("values nested too deep are refused, not followed", () => {
  const value = '{"arrayValue":{"values":['.repeat(5000) + "]}}".repeat(5000);
  const body = SPAN_JSON.replace('"kind":3', `"kind":3,"attributes":[{"key":"k","value":${value}}]`);
  assertEquals([...decodeTraces(utf8(body), "json").rejected], [["field", 1]]);
  let nested: Span["attributes"][string] = 1;
  for (let i = 0; i < 200; i++) nested = [nested];
  const bytes = encodeTraces([{ ...SPAN, attributes: { nested } }], "protobuf");
  assertThrows(() => decodeTraces(bytes, "protobuf"), DecodeError, "nested deeper");
});

Deno.test("answers equal the published bytes", () => {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const three = { rejected: 3, errorMessage: "bad id" };
  const warning = { rejected: 0, errorMessage: "w" };
  assertEquals(encodeResponse("traces", null, "protobuf"), hex(""));
  assertEquals(text(encodeResponse("traces", null, "json")), "{}");
  assertEquals(encodeResponse("traces", three, "protobuf"), hex("0a 0a 08 03 12 06 62 61 64 20 69 64"));
  assertEquals(
    text(encodeResponse("traces", three, "json")),
    '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"bad id"}}',
  );
  assertEquals(encodeResponse("traces", warning, "protobuf"), hex("0a 03 12 01 77"));
  assertEquals(text(encodeResponse("traces", warning, "json")), '{"partialSuccess":{"errorMessage":"w"}}');
  assertEquals(encodeStatus({ message: "x" }, "protobuf"), hex("12 01 78"));
  assertEquals(text(encodeStatus({ message: "x" }, "json")), '{"message":"x"}');
});
