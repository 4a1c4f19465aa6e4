import { assert, assertEquals } from "@std/assert";
import { parseProbeEvent } from "../export/probe_event_json.ts";
import { validate } from "../report/validate.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { SEND_NOTHING } from "./send_options.ts";
import { type SyntheticAgentOptions, writeSyntheticEvents } from "./agent_synthetic.ts";

const base: SyntheticAgentOptions = {
  eventsTo: "-",
  otlpEvents: false,
  follow: [],
  fields: [],
  filter: undefined,
  json: false,
  send: SEND_NOTHING,
  metricsPort: null,
  eventKind: "both",
  eventSchema: "v1alpha2",
  count: 40,
  forMs: undefined,
  scenario: undefined,
  intervalMs: undefined,
  place: {},
};

Deno.test("agent --source synthetic: so many lines, each valid and marked", async () => {
  const rows: [Partial<SyntheticAgentOptions>, string[]][] = [
    [{}, ["probe", "slo"]],
    [{ eventKind: "slo" }, ["slo"]],
    [{ eventKind: "probe" }, ["probe"]],
    [{ eventKind: "probe", eventSchema: "v1alpha1" }, ["probe"]],
    [{ eventKind: "both", eventSchema: "v1alpha1" }, ["probe", "slo"]],
    [{ scenario: "memory_pressure", place: { node: "n1" } }, ["probe", "slo"]],
  ];
  for (const [part, kinds] of rows) {
    const io = fakeIo();
    const options = { ...base, ...part };
    await writeSyntheticEvents(options, io);
    const lines = io.stdout.trimEnd().split("\n");
    assertEquals(lines.length, 40);
    const seen = new Set<string>();
    for (const line of lines) {
      assert(/"synthetic":("?)true\1/.test(line), line);
      const whole = JSON.parse(line);
      const document = whole.payload ?? whole;
      if (whole.kind !== undefined) assertEquals(validate("recording/v1", whole), []);
      seen.add("sli_name" in document ? "slo" : "probe");
      if ("sli_name" in document) assertEquals(validate("slo-event/v1", document), []);
      else {
        assertEquals(parseProbeEvent(line).ok, true);
        assertEquals(validate(`probe-event/${options.eventSchema}`, document), []);
      }
    }
    assertEquals([...seen].sort(), kinds);
  }
});

Deno.test("invented events as rows, and through a filter", async () => {
  const rows = fakeIo();
  await writeSyntheticEvents({ ...base, follow: ["dns"], fields: ["kind", "pod"], count: 5 }, rows);
  const [header, ...lines] = rows.stdout.trimEnd().split("\n");
  assertEquals([header?.split(/ +/), lines.length], [["KIND", "POD"], 5]);
  assert(lines.every((line) => line.startsWith("dns ")), rows.stdout);
  const filtered = fakeIo();
  await writeSyntheticEvents({ ...base, eventKind: "probe", filter: "connect", count: 5 }, filtered);
  const signals = filtered.stdout.trimEnd().split("\n").map((line) => JSON.parse(line).signal);
  assertEquals(signals, Array(5).fill("connect_latency_ms"));
});
