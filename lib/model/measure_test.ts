import { assert, assertEquals, assertThrows } from "@std/assert";
import { request } from "../testing/request_record.ts";
import { DEFINITIONS, REQUEST_DEFINITIONS } from "./definitions.ts";
import { measure } from "./measure.ts";

const rounded = (values: readonly number[]) => values.map((value) => Math.round(value * 100) / 100);

Deno.test("stream-definitions: send 0, chunks at 100, 140, 180 ms with 1, 1, 3 tokens, the body ends with the last", () => {
  const record = request({
    g: -5,
    s: 0,
    h: 50,
    a: 90,
    r1: 100,
    t: [100, 140, 180],
    e: 180,
    nOut: 5,
    tTokens: [1, 1, 3],
  });
  const expected: Record<string, number[]> = {
    "lag.schedule": [5],
    "ttfb.headers.from_send": [50],
    "ttfb.headers.from_schedule": [55],
    "ttft.choice.from_send": [90],
    "ttft.choice.from_schedule": [95],
    "ttft.content.from_send": [100],
    "ttft.content.from_schedule": [105],
    "ttfo.answer.from_send": [100],
    "ttfo.answer.from_schedule": [105],
    "ttst.chunk": [40],
    "tpot.decode": [20],
    "tpot.whole.from_send": [36],
    "ntpot.body.from_send": [36],
    "gap.chunk": [40, 40],
    "gap.token_flat": [40, 40, 0, 0],
    "gap.per_token": [40, 13.33],
    "gap.max": [40],
    "e2e.content.from_send": [180],
    "e2e.content.from_schedule": [185],
    "e2e.body.from_send": [180],
    "e2e.body.from_schedule": [185],
    "speed.user": [50],
    "speed.request": [27.78],
    "duration.from_send": [180],
    "duration.from_schedule": [185],
  };
  assertEquals(Object.keys(expected).sort(), REQUEST_DEFINITIONS.map(({ id }) => id).sort());
  for (const [id, values] of Object.entries(expected)) assertEquals(rounded(measure(id, record)), values, id);
});

Deno.test("undefined is none, never zero", () => {
  const defined = (record: Parameters<typeof request>[0]) =>
    REQUEST_DEFINITIONS.map(({ id }) => id).filter((id) => measure(id, request(record)).length > 0);
  assertEquals(defined({ g: 0, s: null, e: null, t: [] }), []);
  assertEquals(defined({ g: null, s: 0, h: 5, t: [], e: 9 }), [
    "ttfb.headers.from_send",
    "e2e.body.from_send",
    "duration.from_send",
  ]);
  const one = defined({ g: 0, s: 0, t: [10], e: 10, nOut: 1, tTokens: [1] });
  for (
    const id of ["ttst.chunk", "tpot.decode", "gap.chunk", "gap.token_flat", "gap.per_token", "gap.max", "speed.user"]
  ) {
    assert(!one.includes(id), id);
  }
  assert(one.includes("ntpot.body.from_send") && !one.includes("ttfo.answer.from_send"));
  assert(!defined({ s: 0, t: [10, 20], e: 30, complete: false }).includes("e2e.body.from_send"));
  assert(defined({ s: 0, t: [10, 20], e: 30, complete: false }).includes("duration.from_send"));
  assert(
    !defined({ s: 0, t: [10, 20], e: 30, nOut: 2, source: "chunks" }).includes("gap.per_token"),
    "chunks are no tokens",
  );
  assert(
    defined({ s: 0, t: [10, 20], e: 30, nOut: 2 }).includes("gap.per_token"),
    "as many tokens as chunks: one each",
  );
  assertThrows(() => measure("server.queue", request({})), RangeError);
});

Deno.test("an id stands once, and says when it is undefined", () => {
  assertEquals(new Set(DEFINITIONS.map(({ id }) => id)).size, DEFINITIONS.length);
  assert(DEFINITIONS.every(({ formula, undefined_when }) => formula !== "" && undefined_when !== ""));
});
