import { assertEquals } from "@std/assert";
import type { IncidentAttribution } from "../../model/incident_attribution.ts";
import { incidentEntry } from "../../store/entries.ts";
import { MemoryStore } from "../../store/memory_store.ts";
import { scoped } from "./scoped.ts";

Deno.test("an incident of an objective that counts several namespaces is told to none of them", async () => {
  await using store = new MemoryStore();
  const incident = (incident_id: string, more: object) =>
    incidentEntry({ incident_id, timestamp: "2026-01-01T00:00:00Z", service: "gw", ...more } as IncidentAttribution, 9);
  const alert = { level: "page", long: "1h", short: "5m" };
  await store.append([
    incident("of a", { namespace: "a" }),
    incident("of b", { namespace: "b", alert }),
    incident("of nobody", {}),
    incident("burning", { alert }),
  ]);
  const seen = async (ns: string, sees: boolean) => {
    const readable = scoped(store, ns, () => sees);
    const all = await readable.after(0, 9);
    const ids = all.map(({ id }) => id);
    assertEquals((await readable.newest(9, { kinds: ["incident"] })).map(({ id }) => id), ids.toReversed());
    for (const id of ["of a", "of b", "of nobody", "burning"]) {
      assertEquals((await readable.byId("incident", id))?.id ?? null, ids.includes(id) ? id : null);
    }
    return ids;
  };
  assertEquals(await seen("a", true), ["of a", "of nobody", "burning"]);
  assertEquals(await seen("a", false), ["of a", "of nobody"]);
  assertEquals(await seen("b", false), ["of b", "of nobody"]);
  assertEquals(await seen("", false), ["of a", "of b", "of nobody", "burning"]);
});
