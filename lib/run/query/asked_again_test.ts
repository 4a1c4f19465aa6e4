import { assert, assertEquals } from "@std/assert";
import type { IncidentAttribution } from "../../model/incident_attribution.ts";
import { incidentEntry, probeEntry, spanEntry } from "../../store/entries.ts";
import { MemoryStore } from "../../store/memory_store.ts";
import { madeRun } from "../../testing/telemetry.ts";
import { AskedAgain } from "./asked_again.ts";
import { requestAnswer } from "./request_answer.ts";

Deno.test("an answer stands while what it is made of is the same, and is made anew by anything of its time", async () => {
  const run = madeRun({ seconds: 12 });
  await using store = new MemoryStore();
  const again = new AskedAgain();
  const [early, late] = [run.spans[0]!, run.spans.at(-1)!];
  const traceId = run.spans[4]!.traceId;
  await store.append(run.spans.slice(2, -1).map((span) => spanEntry(span, 10)));
  await store.append(run.probes.slice(4).map((probe) => probeEntry(probe, 10)));
  const ask = async () => (await requestAnswer(store, traceId, 2000, again))!;
  const first = await ask();
  assert(await ask() === first);
  // Ten seconds later: none of its business.
  await store.append([spanEntry(late, 10)]);
  assert(await ask() === first);
  const incident = { incident_id: "i1", timestamp: "2026-01-01T00:00:00Z", service: "gw" } as IncidentAttribution;
  for (
    const entry of [
      spanEntry(early, 10),
      probeEntry(run.probes[0]!, 10),
      incidentEntry({ ...incident, trace_ids: [traceId] }, 10),
    ]
  ) {
    const before = await ask();
    await store.append([entry]);
    const after = await ask();
    assert(after !== before, entry.kind);
    assertEquals(after, await requestAnswer(store, traceId, 2000));
  }
});
