import { assert, assertEquals } from "@std/assert";
import type { ProbeEventV1Alpha2 } from "../../model/probe_event.ts";
import type { Span } from "../../model/span.ts";
import { random } from "../../stats/random.ts";
import { probeEntry, spanEntry } from "../../store/entries.ts";
import { JournalStore } from "../../store/journal_store.ts";
import { JournalView } from "../../store/journal_view.ts";
import { MemoryStore } from "../../store/memory_store.ts";
import { inWindow, isDuring, type NewEntry, type Store } from "../../store/store.ts";
import { madeRun } from "../../testing/telemetry.ts";
import { neighbourhood } from "./neighbourhood.ts";
import { requestAnswer } from "./request_answer.ts";
import type { Readable } from "./scoped.ts";

/** Two services on two nodes, one of them with very long spans, its clock an hour ahead for a while; all in an order of its own. */
function jumbled(seed: string): NewEntry[] {
  const stream = random(seed);
  const run = madeRun({ seconds: 12, slowFrom: 6 });
  const moved = (ns: bigint) => ns + (stream.below(9) === 0 ? 3_600_000_000_000n : 0n);
  const others = run.spans.map((span, i): Span => ({
    ...span,
    traceId: (i + 1).toString(16).padStart(32, "f"),
    spanId: i.toString(16).padStart(16, "e"),
    resource: { ...span.resource, "host.name": "n2", "service.name": "other" },
    startNs: span.startNs - BigInt(stream.below(1 << 30)) * (stream.below(5) === 0 ? 3_000n : 1n),
    endNs: moved(span.endNs),
  }));
  const probes = run.probes.map((probe) => ({ ...probe, node: "n2" }) as ProbeEventV1Alpha2);
  const entries = [
    ...[...run.spans, ...others].map((span) => spanEntry(span, 100)),
    ...[...run.probes, ...probes].map((probe) => probeEntry(probe, 100)),
  ];
  for (let i = entries.length - 1; i > 0; i--) {
    // Mostly in the order in which they happened, some of them much later.
    const j = stream.below(10) === 0 ? stream.below(i + 1) : Math.max(0, i - stream.below(40));
    [entries[i], entries[j]] = [entries[j]!, entries[i]!];
  }
  return entries;
}

/** Reads everything, each time. */
function exhaustive(store: Store): Readable {
  return {
    after: (...args) => store.after(...args),
    ofTrace: async (id) => (await store.after(0, 1e6)).filter(({ traceId }) => traceId === id),
    newest: (...args) => store.newest(...args),
    eachNewest: (...args) => store.eachNewest(...args),
    byId: (...args) => store.byId(...args),
    onCommit: (...args) => store.onCommit(...args),
    state: () => store.state(),
    mark: (...args) => store.mark(...args),
    during: async (kind, window) =>
      inWindow((await store.after(0, 1e6)).filter((entry) => isDuring(entry, kind, window)), window),
  };
}

Deno.test("a request's answer is that of reading everything, on disk and in memory", async () => {
  const dir = await Deno.makeTempDir({ prefix: "sloctl-journal-" });
  try {
    const options = { dir, synchronous: "OFF", leaseMs: 10_000, owner: "a test" };
    await using journal = await JournalStore.open({ ...options, retainMs: Infinity, retainBytes: Infinity });
    await using memory = new MemoryStore();
    const entries = jumbled("a");
    for (let from = 0, stream = random("b"); from < entries.length;) {
      const some = entries.slice(from, from + 1 + stream.below(90));
      await journal.append(some);
      await memory.append(some);
      from += some.length;
    }
    await using view = new JournalView(dir);
    const traces = [...new Set(entries.map(({ traceId }) => traceId))].filter((id) => id !== "");
    assert(traces.length > 60);
    let joins = 0;
    for (const traceId of traces.filter((_, i) => i % 3 === 0)) {
      const expected = await requestAnswer(exhaustive(memory), traceId, 500);
      joins += expected!.joins.length;
      for (const store of [journal, memory, view]) {
        // Twice: from disk, and from what was read lately.
        for (let i = 0; i < 2; i++) assertEquals(await requestAnswer(store, traceId, 500), expected);
      }
    }
    assert(joins > 50, `${joins}`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("more than is looked at: the trace's own spans are among what is, and it is said", async () => {
  const run = madeRun({ seconds: 12 });
  await using store = new MemoryStore();
  await store.append(run.spans.map((span) => spanEntry(span, 100)));
  await store.append(run.probes.map((probe) => probeEntry(probe, 100)));
  const { traceId } = run.spans[20]!;
  const all = (await neighbourhood(store, traceId, 2_000_000_000n))!;
  const near = (await neighbourhood(store, traceId, 2_000_000_000n, 5))!;
  assertEquals([all.cut, near.cut, near.probes.length], [false, true, 5]);
  assert(near.own.every((span) => near.spans.includes(span)) && near.spans.length < all.spans.length);
  await using bounded = new MemoryStore({ entries: 60 });
  await bounded.append(run.spans.map((span) => spanEntry(span, 100)));
  assert((await neighbourhood(bounded, run.spans.at(-1)!.traceId, 0n))!.cut);
});
