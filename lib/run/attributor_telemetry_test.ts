import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { NOBODY_NAMED } from "../correlate/peers.ts";
import { IoError } from "../model/errors.ts";
import { validate } from "../report/validate.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { madeRun } from "../testing/telemetry.ts";
import { attributor, type AttributorOptions } from "./attributor.ts";
import { SEND_NOTHING } from "./send_options.ts";

const options: AttributorOptions = {
  inputs: ["-"],
  mode: "model",
  out: "-",
  predictionsOut: undefined,
  summaryOut: undefined,
  confusionOut: undefined,
  baselineMs: 25_000,
  objectiveMs: 150,
  peers: NOBODY_NAMED,
  send: SEND_NOTHING,
};

async function incidents(stdin: string, part: Partial<AttributorOptions> = {}) {
  const io = fakeIo({ stdin });
  assertEquals(await attributor({ ...options, ...part }, io), 0);
  return io.stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

Deno.test("events and spans: the excess over the baseline names the domain, in milliseconds", async () => {
  const { probeLines, spanLines } = madeRun();
  for (const mode of ["model", "rule", "bayes"] as const) {
    const [incident, ...more] = await incidents(spanLines + probeLines, { mode });
    assertEquals(more, []);
    assertEquals(validate("incident-attribution/v1.1", incident), []);
    assertEquals([incident.predicted_fault_domain, incident.service], ["network_dns", "gw"]);
    assert(Math.abs(Date.parse(incident.timestamp) - Date.parse("2026-01-01T00:00:30Z")) < 1000, incident.timestamp);
    assert(incident.slo_impact.burn_rate > 50);
    if (mode !== "model") continue;
    assert(Math.abs(incident.split.excess.dns - 151) < 5, `${incident.split.excess.dns}`);
    assertEquals(incident.split.incident.app, null); // no thread clocks in events: not watched, not zero
  }
});

Deno.test("wrapped lines, as a replay writes them, say so in the incident", async () => {
  const { probes, spanLines } = madeRun();
  const wrap = (kind: string, payload: string) => `{"kind":"${kind}","payload":${payload},"replay":true}\n`;
  const lines = probes.map((probe) =>
    wrap(
      "probe",
      JSON.stringify({ ...probe, ts_unix_nano: 0 }).replace('"ts_unix_nano":0', `"ts_unix_nano":${probe.ts_unix_nano}`),
    )
  );
  const [incident] = await incidents(wrap("spans", spanLines.trim()) + lines.join(""));
  assertEquals([incident.predicted_fault_domain, incident.replay], ["network_dns", true]);
});

Deno.test("events alone: the same domain, estimated, and it says so", async () => {
  const { probeLines } = madeRun();
  const untraced = probeLines.replaceAll(/"(trace|span)_id":"[0-9a-f]+",?/g, "").replaceAll(",}", "}");
  for (const lines of [probeLines, untraced]) {
    const io = fakeIo({ stdin: lines });
    assertEquals(await attributor(options, io), 0);
    const [incident, ...more] = io.stdout.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals([more, validate("incident-attribution/v1.1", incident)], [[], []]);
    assertEquals([incident.predicted_fault_domain, incident.service, incident.estimated], [
      "network_dns",
      "gateway:0",
      true,
    ]);
    assert(Math.abs(incident.split.excess.dns - 151) < 5, `${incident.split.excess.dns}`);
    assertEquals(incident.split.incident.retrieval, null);
    assertStringIncludes(io.stderr, "no spans: requests are estimated");
  }
  assertEquals(await incidents(madeRun({ slowMs: 2 }).probeLines), []);
});

Deno.test("a calm run has no incident; half of the input is not enough", async () => {
  const calm = madeRun({ slowMs: 2 });
  assertEquals(await incidents(calm.probeLines + calm.spanLines), []);
  await assertRejects(() => incidents(calm.spanLines), IoError, "holds no probe events");
  const strangers = calm.probeLines.replaceAll(/"trace_id":"0/g, '"trace_id":"f');
  await assertRejects(() => incidents(strangers + calm.spanLines), IoError, "joins an exchange");
});
