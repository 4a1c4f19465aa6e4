import { assert, assertEquals } from "@std/assert";
import type { LogRecord } from "../model/log_record.ts";
import { decodeLogs, encodeLogs } from "../otlp/mod.ts";
import { madeRun } from "../testing/telemetry.ts";
import { probeEventLog, probeEventOf } from "./probe_event_log.ts";

const { probes } = madeRun({ seconds: 1 });

Deno.test("probe events survive the way through OTLP logs, in either encoding", () => {
  const logs = probes.map((probe) => probeEventLog(probe, { "host.name": "n1" }, 5n));
  for (const encoding of ["json", "protobuf"] as const) {
    assertEquals(decodeLogs(encodeLogs(logs, encoding), encoding).logs.map(probeEventOf), [...probes]);
  }
});

Deno.test("other spellings are understood, other logs left alone, bad ones named", () => {
  const [probe] = probes;
  const log = (change: Partial<LogRecord>): LogRecord => ({ ...probeEventLog(probe!, {}, 0n), body: null, ...change });
  const map = JSON.parse(JSON.stringify(probe, (_, value) => typeof value === "bigint" ? String(value) : value));
  const wrapped = `{"kind":"probe","payload":${probeEventLog(probe!, {}, 0n).body}}`;
  assertEquals(probeEventOf(log({ body: map, eventName: "" })), probe!);
  assertEquals(probeEventOf(log({ attributes: { ...map, ts_unix_nano: probe!.ts_unix_nano } })), probe!);
  assertEquals(probeEventOf(log({ body: wrapped, eventName: "" })), probe!);
  const traced = probeEventOf(log({ body: map, traceId: "a".repeat(32), spanId: "b".repeat(16) }));
  assert(typeof traced === "object" && traced?.trace_id === "a".repeat(32) && traced.span_id === "b".repeat(16));
  for (const body of ["hello", "{}", null, 5, [1], { message: "x" }, new Uint8Array(3)]) {
    assertEquals(probeEventOf(log({ body, eventName: "" })), null);
  }
  const bad: [Partial<LogRecord>, string][] = [
    [{}, "the body is no document"],
    [{ body: '{"ts_unix_nano":' }, "not JSON"],
    [{ body: { ...map, pid: "x" } }, "pid is not an integer"],
    [{ body: { ...map, ts_unix_nano: "soon" } }, "ts_unix_nano is not an integer"],
  ];
  for (const [change, reason] of bad) assertEquals(probeEventOf(log(change)), reason);
});
