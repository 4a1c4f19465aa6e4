/** What every store has to do, whatever it keeps its entries in. */
import { assertEquals } from "@std/assert";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import type { LogRecord } from "../model/log_record.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import type { Span } from "../model/span.ts";
import { incidentEntry, logEntry, probeEntry, sloEntry, spanEntry } from "../store/entries.ts";
import type { NewEntry, Store } from "../store/store.ts";
import { sharedStoreSuite } from "./store_suite_shared.ts";
import { madeRun } from "./telemetry.ts";
import { until } from "./until.ts";

const { spans, probes } = madeRun({ seconds: 2 });

const incident = (id: string, at: string): NewEntry =>
  incidentEntry({ incident_id: id, timestamp: at, service: "gw" } as IncidentAttribution, 100);

const slo = (id: string, status: "ok" | "breach"): NewEntry =>
  sloEntry({
    event_id: id,
    timestamp: "2026-01-01T00:00:00Z",
    cluster: "",
    namespace: "",
    workload: "",
    service: "gw",
    request_id: "r",
    sli_name: "ttft_ms",
    sli_value: 1,
    unit: "ms",
    status,
    trace_id: spans[0]!.traceId,
  }, 100);

/** How to come by stores of a kind; `P` is whatever says where one is: nothing, a folder, the name of a stream. */
export interface StoreKind<P> {
  /** Where nothing is yet. */
  place(): P;
  /** The store that is there, to be written, with room for some hundred entries. Disposed of it may be opened again. */
  open(place: P): Store | Promise<Store>;
  /**
   * As one that comes when the writer has been silent for longer than it may, however that is brought about. Only for stores that
   * outlive their process.
   */
  replace?(place: P): Promise<Store>;
}

/** Registers the tests. None of them knows of files, of threads, or how soon a commit is told. */
export function storeSuite<P>(name: string, kind: StoreKind<P>): void {
  const { replace } = kind;
  if (replace !== undefined) sharedStoreSuite(name, { ...kind, replace });
  const test = (what: string, body: (store: Store) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, async () => {
      await using store = await kind.open(kind.place());
      await body(store);
    });

  test("sequences begin at 1 and have no gaps; nothing appended is nothing", async (store) => {
    const empty = store.state();
    assertEquals([empty.first, empty.last], [1, 0]);
    await store.append([]);
    assertEquals(store.state().last, 0);
    assertEquals(await store.append(spans.slice(0, 3).map((span) => spanEntry(span, 10))), { first: 1, last: 3 });
    assertEquals(await store.append([probeEntry(probes[0]!, 10)]), { first: 4, last: 4 });
    const all = await store.after(0, 100);
    assertEquals(all.map(({ commitSeq, kind }) => [commitSeq, kind]), [[1, "span"], [2, "span"], [3, "span"], [
      4,
      "probe",
    ]]);
    assertEquals(all[0]!.document, spans[0]!);
    assertEquals(all[3]!.document, probes[0]!);
    const { held, first, last } = store.state();
    assertEquals([held.span, held.probe, held.slo, first, last], [3, 1, 0, 1, 4]);
  });

  test("what is appended together stays together, whoever appends at the same time", async (store) => {
    const batches = Array.from({ length: 20 }, (_, i) => spans.slice(0, 1 + i % 3).map((span) => spanEntry(span, 10)));
    const given = await Promise.all(batches.map((batch) => store.append(batch)));
    const spread = given.map(({ first, last }) => last - first + 1);
    assertEquals(spread, batches.map((batch) => batch.length));
    const seqs = given.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
    assertEquals(seqs.toSorted((a, b) => a - b), seqs.map((_, i) => i + 1));
  });

  test("read on from anywhere, filtered, so many at a time", async (store) => {
    await store.append([
      spanEntry(spans[0]!, 10),
      slo("e1", "ok"),
      slo("e2", "breach"),
      probeEntry(probes[0]!, 10),
      spanEntry(spans[2]!, 10),
    ]);
    const seqs = async (...args: Parameters<Store["after"]>) =>
      (await store.after(...args)).map(({ commitSeq }) => commitSeq);
    assertEquals(await seqs(0, 2), [1, 2]);
    assertEquals(await seqs(2, 2), [3, 4]);
    assertEquals(await seqs(5, 2), []);
    assertEquals(await seqs(0, 9, { kinds: ["span", "probe"] }), [1, 4, 5]);
    assertEquals(await seqs(0, 9, { service: "gw" }), [1, 2, 3, 5]);
    assertEquals(await seqs(0, 9, { severity: "error" }), [3]);
    assertEquals(await seqs(0, 1, { kinds: ["probe"] }), [4]);
  });

  test("by trace, by id, the newest first", async (store) => {
    const [a, b] = [spans[0]!, spans[2]!];
    await store.append([spanEntry(a, 10), spanEntry(b, 10), slo("e1", "ok"), probeEntry(probes[2]!, 10)]);
    await store.append([incident("i1", "2026-01-01T00:00:01Z"), incident("i2", "2026-01-01T00:00:02Z")]);
    await store.append([incident("i1", "2026-01-01T00:00:03Z")]);
    const trace = await store.ofTrace(a.traceId);
    assertEquals(trace.map(({ kind }) => kind), ["span", "slo", "probe"]);
    assertEquals((await store.ofTrace(a.traceId.toUpperCase())).length, 3);
    assertEquals(await store.ofTrace("f".repeat(32)), []);
    assertEquals((await store.byId("incident", "i1"))?.commitSeq, 7);
    assertEquals((await store.byId("slo", "e1"))?.commitSeq, 3);
    assertEquals(await store.byId("incident", "e1"), null);
    const seqs = async (...args: Parameters<Store["newest"]>) =>
      (await store.newest(...args)).map(({ commitSeq }) => commitSeq);
    assertEquals(await seqs(2), [7, 6]);
    assertEquals(await seqs(9, { kinds: ["incident"] }), [7, 6, 5]);
    const sinceNs = BigInt(Date.parse("2026-01-01T00:00:02Z")) * 1_000_000n;
    assertEquals(await seqs(9, { kinds: ["incident"], sinceNs }), [7, 6]);
  });

  test("by time: spans that touch a window and kernel events in it; of too many the nearest", async (store) => {
    const long = { ...spans[0]!, spanId: "00000000000000aa", startNs: spans[0]!.startNs - 3_600_000_000_000n };
    const entries = [spanEntry(long, 10), ...spans.map((span) => spanEntry(span, 10))];
    entries.push(...probes.map((probe) => probeEntry(probe, 10)), slo("e1", "ok"));
    for (let i = 0; i < entries.length; i += 7) await store.append(entries.slice(i, i + 7));
    const all = await store.after(0, 1000);
    const between = (startNs: bigint, endNs: bigint, limit = 1000, around = 1) => ({ startNs, endNs, limit, around });
    const moments = [long.startNs, long.startNs + 1n, ...spans.flatMap(({ startNs, endNs }) => [startNs, endNs])];
    for (const at of moments) {
      for (const [a, b] of [[at, at], [at, at + 200_000_000n], [at - 1n, at - 1n], [at + 1n, at + 1n]] as const) {
        const touched = all.filter(({ kind, document }) =>
          kind === "span" && document.endNs >= a && document.startNs <= b
        );
        assertEquals(await store.during("span", between(a, b)), touched);
        const heard = all.filter(({ kind, timeNs }) => kind === "probe" && timeNs >= a && timeNs <= b);
        assertEquals(await store.during("probe", between(a, b)), heard);
      }
    }
    const [from, to] = [spans[0]!.startNs, spans.at(-1)!.endNs];
    const few = await store.during("span", between(from, to, 3, 1));
    assertEquals(few.map(({ commitSeq }) => commitSeq), [1, 2, 3]);
  });

  test("a receipt is kept with what it is for, also where that is nothing", async (store) => {
    const receipt = (key: string) => ({ key, digest: `d-${key}`, type: "t", answer: new Uint8Array([1, 0, 2]) });
    assertEquals(await store.receipt("a"), null);
    await store.append([slo("e1", "ok")], receipt("a"));
    await store.append([], receipt("b"));
    assertEquals(await store.receipt("a"), receipt("a"));
    assertEquals((await store.receipt("b"))?.digest, "d-b");
    assertEquals(store.state().last, 1);
  });

  test("what was appended is there for whoever asks as soon as that resolves", async (store) => {
    for (const span of spans) {
      const { last } = await store.append([spanEntry(span, 10)]);
      assertEquals(store.state().last, last);
      const found = await Promise.all([store.after(last - 1, 1), store.newest(1), store.ofTrace(span.traceId)]);
      assertEquals(found.map((entries) => entries.at(-1)?.commitSeq), [last, last, last]);
    }
  });

  test("every document comes back as it was given", async (store) => {
    const attributes = {
      text: 'é \u0000 \ud83d\ude00 "',
      whole: 2n ** 63n - 1n,
      part: -0.1,
      no: false,
      bytes: new Uint8Array([0, 255]),
      list: ["a", 1n, [true]],
      map: { a: { b: 1n } },
      empty: "",
    };
    const at = spans[0]!.startNs + 1n;
    const span: Span = {
      ...spans[0]!,
      attributes,
      events: [{ name: "e", timeNs: at, attributes }],
      statusCode: 2,
      statusMessage: "no",
    };
    const { resource, scope, traceId, spanId } = span;
    const log: LogRecord = {
      ...{ resource, scope, traceId, spanId, attributes, body: attributes.map },
      ...{ timeNs: at, observedNs: at + 1n, severity: 17, severityText: "ERROR", eventName: "" },
    };
    const probe: ProbeEvent = { ...probes[0]!, value: 1e-9, attributes: { rcode: 0, query_name: "ü" } };
    await store.append([spanEntry(span, 10), logEntry(log, 10), probeEntry(probe, 10), slo("e1", "breach")]);
    await store.append([incident("i1", "2026-01-01T00:00:01Z")]);
    const [a, b, c, d, e] = await store.after(0, 9);
    assertEquals([a?.document, b?.document, c?.document], [span, log, probe]);
    assertEquals([d?.id, d?.severity, e?.id], ["e1", "error", "i1"]);
  });

  test("who follows it sees every entry once and in order, while others append", async (store) => {
    const seen: number[] = [];
    const total = 90;
    const follow = async (from: number, into: number[]) => {
      let wake = () => {};
      using _listening = store.onCommit(() => wake());
      for (let at = from; at < total;) {
        const rung = new Promise<void>((resolve) => wake = resolve);
        const page = await store.after(at, 4);
        into.push(...page.map(({ commitSeq }) => commitSeq));
        if (page.length === 0) await rung;
        at = into.at(-1) ?? from;
      }
    };
    const following = follow(0, seen);
    for (let i = 0; i < total / 3; i += 3) {
      await Promise.all([0, 1, 2].map(() => store.append(spans.slice(0, 3).map((span) => spanEntry(span, 10)))));
    }
    await following;
    const late: number[] = [];
    await follow(40, late);
    assertEquals(seen, Array.from({ length: total }, (_, i) => i + 1));
    assertEquals(late, seen.slice(40));
  });

  test("a listener is told of the newest commit, in order, until it is disposed of", async (store) => {
    const told: number[] = [];
    const listening = store.onCommit((last) => told.push(last));
    await store.append([slo("e1", "ok"), slo("e2", "ok")]);
    await store.append([]);
    await store.append([slo("e3", "ok")]);
    // Several commits may be told at once, and a little later.
    await until(() => told.at(-1) === 3, "the last to be told");
    listening[Symbol.dispose]();
    await store.append([slo("e4", "ok")]);
    assertEquals(told, [2, 3].slice(-told.length));
  });
}
