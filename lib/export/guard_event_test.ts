import { assertEquals } from "@std/assert";
import type { GuardStep } from "../model/guard.ts";
import { validate } from "../report/validate.ts";
import { guardEvent } from "./guard_event.ts";
import { serializeProbeEvent } from "./probe_event_json.ts";

const step: GuardStep = {
  tsNs: 5e9,
  action: "detach",
  probe: "stream",
  totalPct: 4.25,
  ownPct: 1,
  kernelPct: 3.25,
  budgetPct: 3,
  measuredBy: "kernel",
};
const context = {
  node: "n",
  namespace: "",
  pod: "",
  container: "",
  toUnixNs: (ns: number) => 1_800_000_000_000_000_000n + BigInt(ns),
};

Deno.test("a step is a valid document of either version, and says what, why and by whose measure", () => {
  for (const schemaVersion of ["v1alpha1", "v1alpha2"] as const) {
    const document = JSON.parse(serializeProbeEvent(guardEvent(step, 42, { ...context, schemaVersion })));
    assertEquals(validate(`probe-event/${schemaVersion}`, document), []);
    assertEquals([document.signal, document.value, document.status, document.pid], [
      "agent_overhead_pct",
      4.25,
      "warning",
      42,
    ]);
    if (schemaVersion === "v1alpha2") {
      assertEquals(document.attributes, {
        action: "detach",
        probe: "stream",
        budget_pct: 3,
        own_pct: 1,
        kernel_pct: 3.25,
        kernel_measured_by: "kernel",
      });
    }
  }
  const unknown = { ...step, action: "restore", kernelPct: null, measuredBy: null, refused: "EPERM" } as const;
  const { status, attributes } = guardEvent(unknown, 42, { ...context, schemaVersion: "v1alpha2" }) as {
    status: string;
    attributes?: unknown;
  };
  assertEquals([status, attributes], ["ok", {
    action: "restore",
    probe: "stream",
    budget_pct: 3,
    own_pct: 1,
    refused: "EPERM",
  }]);
});
