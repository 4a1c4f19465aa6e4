import { assert, assertEquals } from "@std/assert";
import { probeEventLog, probeEventOf } from "../../export/probe_event_log.ts";
import type { LogRecord } from "../../model/log_record.ts";
import type { Attributes, Span } from "../../model/span.ts";
import { madeRun } from "../../testing/telemetry.ts";
import { claimed } from "./claimed.ts";

const { spans, probes } = madeRun({ seconds: 1 });
const KEY = "k8s.namespace.name";
const spanOf = (resource: Attributes): Span => ({ ...spans[0]!, resource });
const logOf = (resource: Attributes, namespace: string): LogRecord =>
  probeEventLog({ ...probes[0]!, namespace }, resource, 1n);

Deno.test("what names no namespace becomes the sender's, what names another is refused", () => {
  const shared: Attributes = { "service.name": "gw" };
  const [one, two] = [claimed(spanOf(shared), "a")!, claimed(spanOf(shared), "a")!];
  assertEquals(one.resource, { "service.name": "gw", [KEY]: "a" });
  assert(one.resource === two.resource, "resources stay shared");
  assertEquals(claimed(spanOf(shared), "b")!.resource[KEY], "b");
  assertEquals(shared, { "service.name": "gw" });
  const own = spanOf({ [KEY]: "a" });
  assert(claimed(own, "a") === own);
  for (const other of ["b", "A", "a ", 7, ["a"]]) assertEquals(claimed(spanOf({ [KEY]: other }), "a"), null);
  assertEquals(claimed(spanOf({ [KEY]: "" }), "a")!.resource[KEY], "a");
  const anyone = spanOf({ [KEY]: "b" });
  assert(claimed(anyone, "") === anyone, "a token without a namespace speaks for all");
});

Deno.test("a probe event is claimed by its resource and by itself", () => {
  assertEquals(claimed(logOf({ [KEY]: "a" }, "b"), "a"), null, "its resource says one thing, it says another");
  assertEquals(claimed(logOf({ [KEY]: "b" }, "a"), "a"), null);
  assertEquals(claimed(logOf({}, "b"), "a"), null);
  for (const resource of [{}, { [KEY]: "a" }] as Attributes[]) {
    const log = claimed(logOf(resource, ""), "a")!;
    assertEquals(log.resource[KEY], "a");
    const probe = probeEventOf(log);
    assert(probe !== null && typeof probe !== "string");
    assertEquals(probe, { ...probes[0]!, namespace: "a" });
  }
});

Deno.test("nobody sends the collector's own audit records", () => {
  const forged: LogRecord = { ...logOf({}, ""), eventName: "sloctl.audit", body: "POST /v1/admin/trim" };
  assertEquals([claimed(forged, ""), claimed(forged, "a")], [null, null]);
});
