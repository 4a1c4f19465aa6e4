import { assert, assertEquals, assertRejects } from "@std/assert";
import { IoError } from "../../model/errors.ts";
import type { Incident } from "../../model/attribution.ts";
import type { IncidentAttribution } from "../../model/incident_attribution.ts";
import { LABELS } from "../../model/split.ts";
import { validate } from "../../report/validate.ts";
import { readRecording, writeRecording } from "../../source/recording.ts";
import { fakeIo } from "../../testing/fake_io.ts";
import { demo } from "../demo.ts";

const RECORDING = new URL("../../../fixtures/recordings/dns_latency.jsonl.gz", import.meta.url).pathname;

async function play(recording: string, json: boolean) {
  const out = await Deno.makeTempDir({ prefix: "sloctl-replay-test-" });
  const io = fakeIo();
  try {
    const code = await demo({
      fault: "dns_latency",
      tls: false,
      noSpans: false,
      replay: recording,
      out: `${out}/demo`,
      json,
      argv: ["demo"],
    }, io);
    const lines = (file: string) => Deno.readTextFileSync(`${out}/demo/${file}`).split("\n").filter(Boolean);
    return {
      code,
      io,
      incidents: lines("incidents.jsonl"),
      slo: lines("slo_events.jsonl"),
      probes: lines("events.jsonl"),
      splits: lines("splits.jsonl"),
    };
  } finally {
    await Deno.remove(out, { recursive: true });
  }
}

Deno.test("the committed recording goes through the same pipeline, names its cause, and says that it is a replay", async () => {
  const { code, io, incidents, slo, probes } = await play(RECORDING, true);
  const report = JSON.parse(io.stdout) as { mode: string; incident: Incident; drops: Record<string, number> };
  assertEquals(code, 0);
  assertEquals(validate("demo-report/v1", report), []);
  assertEquals([report.mode, report.incident.domain, report.incident.replay], ["replay", "network_dns", true]);
  const { incident, baseline, excess } = report.incident.split;
  assert(excess.dns! > 100 && excess.dns! < 140, `the resolver was 120 ms late, the split says ${excess.dns}`);
  assert(baseline.unexplained! < 5, `unexplained at baseline: ${baseline.unexplained}`);
  for (const label of LABELS.filter((l) => incident[l] !== null)) {
    assert(Math.abs(incident[label]! - baseline[label]! - excess[label]!) < 1e-6, label);
  }
  const [told] = incidents.map((line) => JSON.parse(line) as IncidentAttribution);
  assertEquals(validate("incident-attribution/v1.1", told), []);
  assertEquals([told?.replay, told?.predicted_fault_domain, incidents.length], [true, "network_dns", 1]);
  assert(slo.length > 100 && slo.every((line) => line.includes('"replay":"true"')));
  assert(probes.length > 1000 && probes.every((line) => line.includes('"replay":"true"')));
});

Deno.test("without its spans the same recording names the same cause, and every document says that it is estimated", async () => {
  const path = await Deno.makeTempFile({ suffix: ".jsonl.gz" });
  try {
    const lines = await readRecording(RECORDING);
    await writeRecording(path, lines.filter(({ kind }) => kind !== "spans"));
    const [withSpans, without] = [await play(RECORDING, true), await play(path, true)];
    const [told, report] = [withSpans, without].map(({ io }) => JSON.parse(io.stdout));
    assertEquals([without.code, validate("demo-report/v1", report)], [0, []]);
    assertEquals([report.estimated, report.incident.estimated, told.incident.estimated], [true, true, undefined]);
    assertEquals([report.incident.domain, report.incident.service], [told.incident.domain, "deno:8080"]);
    // Sockets also show the one or the other whose span came too late.
    const more = report.requests.split - told.requests.split;
    assert(more >= 0 && more <= 2, `${more} more requests than with spans`);
    for (const label of ["dns", "connect", "provider", "runq", "app"]) {
      const [spans, sockets] = [told.incident.split.incident[label], report.incident.split.incident[label]];
      assert(Math.abs(spans - sockets) <= Math.max(1, 0.02 * spans), `${label}: ${sockets}, with spans ${spans}`);
    }
    assert(report.incident.confidence < told.incident.confidence);
    const [incident] = without.incidents.map((line) => JSON.parse(line) as IncidentAttribution);
    assertEquals([validate("incident-attribution/v1.1", incident), incident?.estimated], [[], true]);
    assert(without.slo.length > 100 && without.slo.every((line) => line.includes('"estimated":"true"')));
    assert(without.splits.length > 100 && without.splits.every((line) => line.includes('"estimated":true')));
    assert(!withSpans.slo.some((line) => line.includes("estimated")));
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("every line a person sees of a replay is marked", async () => {
  const { io } = await play(RECORDING, false);
  const lines = io.stdout.split("\n").slice(0, -1);
  assert(lines.length > 20);
  assertEquals(lines.filter((line) => !line.startsWith("replay | ")), []);
});

Deno.test("what is no recording is refused with one line", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-replay-test-" });
  const whole = await Deno.readFile(RECORDING);
  const gzip = async (text: string) =>
    new Uint8Array(
      await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer(),
    );
  const rows: [string, Uint8Array | null, string][] = [
    ["absent", null, "No such file"],
    ["empty", new Uint8Array(), "Cannot read recording"],
    ["rubbish", new Uint8Array([1, 2, 3, 4]), "Cannot read recording"],
    ["cut", whole.subarray(0, whole.length / 2), "Cannot read recording"],
    ["other JSON", await gzip("{}\n"), "line 1 is not"],
    ["future", await gzip('{"kind":"meta","payload":{"schema":"recording/v9"}}\n'), "line 1 is not the head"],
    ["no end", await gzip('{"kind":"meta","payload":{"schema":"recording/v1"}}\n'), "its end is missing"],
  ];
  try {
    for (const [name, bytes, message] of rows) {
      const path = `${folder}/${name}.gz`;
      if (bytes !== null) await Deno.writeFile(path, bytes as Uint8Array<ArrayBuffer>);
      await assertRejects(() => play(path, true), IoError, message);
    }
    await assertRejects(() => play(folder, true), IoError, "Cannot read recording");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
