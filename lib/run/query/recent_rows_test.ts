import { assert, assertEquals } from "@std/assert";
import type { JudgedRequest } from "../../model/answers.ts";
import type { SloEvent } from "../../model/slo_event.ts";
import { parseTimeNs } from "../../model/time.ts";
import { quantile } from "../../stats/describe.ts";
import { random } from "../../stats/random.ts";
import { probeEntry, sloEntry } from "../../store/entries.ts";
import { JournalStore } from "../../store/journal_store.ts";
import { MemoryStore } from "../../store/memory_store.ts";
import type { NewEntry, Store } from "../../store/store.ts";
import { madeRun } from "../../testing/telemetry.ts";
import { JudgedRequests, type Worst } from "./judged_requests.ts";
import { MOST, type RecentRow, RecentRows } from "./recent_rows.ts";
import { scoped } from "./scoped.ts";
import { SignalStats } from "./signal_stats.ts";

const START_MS = Date.parse("2026-01-01T00:00:00Z");
const { probes } = madeRun({ seconds: 2 });

/** SLO events and kernel events, mostly in the order in which they happened. */
class Made {
  readonly #stream;
  #n = 0;

  constructor(seed: string) {
    this.#stream = random(seed);
  }

  get nowMs(): number {
    return START_MS + this.#n * 10;
  }

  some(): NewEntry[] {
    return Array.from(
      { length: 1 + this.#stream.below(12) },
      () => this.#stream.below(3) > 0 ? this.slo() : this.probe(),
    );
  }

  slo(): NewEntry {
    const n = ++this.#n;
    const request = n - this.#stream.below(9);
    const names = ["ttft_ms", "request_latency_ms", "error_rate"] as const;
    const name = names[this.#stream.below(3)]!;
    const event: SloEvent = {
      event_id: `${n}`,
      timestamp: new Date(this.#atMs()).toISOString(),
      ...{ cluster: "", namespace: ["", "a", "b"][this.#stream.below(3)]!, workload: "", unit: "ms" },
      service: ["gw", "other"][this.#stream.below(2)]!,
      request_id: `r${request}`,
      sli_name: name,
      sli_value: name === "error_rate" ? this.#stream.below(2) : this.#stream.below(20),
      status: "ok",
      trace_id: `${request}`.padStart(32, "0"),
      ...(this.#stream.below(2) === 0 ? {} : { labels: { slo_bad: "fast,good", ttft_source: "kernel" } }),
    };
    return sloEntry(event, 100);
  }

  probe(): NewEntry {
    this.#n++;
    const probe = probes[this.#stream.below(probes.length)]!;
    return probeEntry({ ...probe, ts_unix_nano: BigInt(this.#atMs()) * 1_000_000n + 7n, namespace: "a" }, 100);
  }

  /** One in eight is late by up to a minute, or ahead. */
  #atMs(): number {
    return this.nowMs + (this.#stream.below(8) === 0 ? this.#stream.below(80_000) - 60_000 : 0);
  }

  sinceNs(): bigint {
    return BigInt(this.nowMs - this.#stream.below(20_000)) * 1_000_000n + BigInt(this.#stream.below(2));
  }

  below(n: number): number {
    return this.#stream.below(n);
  }
}

const row = ({ commitSeq, timeNs, service }: { commitSeq: number; timeNs: bigint; service: string }): RecentRow => ({
  seq: commitSeq,
  timeNs,
  service,
});

/** As the requests were found before anything was kept: from all events of that time, each time. */
async function worst(
  store: Pick<Store, "newest">,
  sinceNs: bigint,
  service: string | undefined,
  limit: number,
): Promise<Worst> {
  const filter = { kinds: ["slo"] as const, sinceNs, ...(service === undefined ? {} : { service }) };
  const events = (await store.newest(MOST, filter)).flatMap((entry) => entry.kind === "slo" ? [entry.document] : []);
  const requests = [...Map.groupBy(events, ({ trace_id = "", request_id }) => `${trace_id}/${request_id}`).values()]
    .map((events): JudgedRequest => {
      const [{ trace_id = "", service, timestamp, labels = {} }] = events as [SloEvent];
      const value = (name: string) => events.find(({ sli_name }) => sli_name === name)?.sli_value ?? null;
      const ttft = value("ttft_ms");
      return {
        trace_id,
        service,
        ended_at: timestamp,
        ttft_ms: ttft,
        latency_ms: value("request_latency_ms"),
        failed: value("error_rate") === 1,
        slo_bad: (labels.slo_bad ?? "").split(",").filter((name) => name !== ""),
        ttft_source: ttft === null ? null : labels.ttft_source === "kernel" ? "kernel" : "application",
      };
    });
  const rank = (one: JudgedRequest) => one.failed ? Infinity : one.ttft_ms ?? one.latency_ms ?? 0;
  return {
    total: requests.length,
    requests: requests.sort((a, b) => rank(b) === rank(a) ? 0 : rank(b) - rank(a)).slice(0, limit),
  };
}

async function signals(store: Pick<Store, "newest">, sinceNs: bigint) {
  const entries = await store.newest(MOST, { kinds: ["probe"], sinceNs });
  const events = entries.flatMap((entry) => entry.kind === "probe" ? [entry.document] : []);
  return [...Map.groupBy(events, ({ signal }) => signal)].map(([signal, list]) => {
    const single = signal.endsWith("_total") ? [] : list.filter((probe) => !("histogram" in probe));
    const values = single.map(({ value }) => value).sort((a, b) => a - b);
    const at = (p: number) => values.length === 0 ? null : quantile(values, p);
    const bad = list.filter(({ status }) => status !== "ok").length;
    const { unit } = list[0]!;
    return { signal, unit, events: list.length, bad, p50: at(0.5), p95: at(0.95), max: values.at(-1) ?? null };
  }).sort((a, b) => b.bad - a.bad || b.events - a.events);
}

async function check(store: Store, seed: string, turns: number, trim: (made: Made) => Promise<void>): Promise<void> {
  const made = new Made(seed);
  const few = new RecentRows({ store, kind: "slo", rowOf: row, most: 60 });
  for (const ns of ["", "a"]) {
    const readable = scoped(store, ns);
    const [requests, stats] = [new JudgedRequests(readable), new SignalStats(readable)];
    const narrow = new JudgedRequests(readable, 40);
    for (let turn = 0; turn < turns; turn++) {
      await Promise.all(Array.from({ length: made.below(4) }, () => store.append(made.some())));
      if (made.below(12) === 0) await trim(made);
      const [sinceNs, service, limit] = [made.sinceNs(), ["gw", undefined][made.below(2)], 1 + made.below(30)];
      const [found, told, rows] = await Promise.all([
        requests.worst(sinceNs, service, limit),
        stats.answer(sinceNs, made.nowMs),
        few.ask(sinceNs, service, (rows) => rows.map(({ seq }) => seq)),
        narrow.worst(sinceNs, service, limit),
      ]);
      assertEquals(found, await worst(readable, sinceNs, service, limit), `seed ${seed}, turn ${turn}`);
      assertEquals(told.signals, await signals(readable, sinceNs), `seed ${seed}, turn ${turn}`);
      const all = await store.newest(60, { kinds: ["slo"], sinceNs, ...(service === undefined ? {} : { service }) });
      assertEquals(rows, all.map(({ commitSeq }) => commitSeq), `seed ${seed}, turn ${turn}`);
      assert(few.held < 60 + 256, "what is held is bounded");
    }
  }
}

Deno.test("what is kept of the newest gives what reading them all gives: in memory, the oldest going", async () => {
  await using store = new MemoryStore({ entries: 1_500 });
  await check(store, "memory", 120, () => Promise.resolve());
});

Deno.test("the same on disk, while it is trimmed", async () => {
  const dir = await Deno.makeTempDir({ prefix: "sloctl-journal-" });
  try {
    const options = { dir, synchronous: "OFF", leaseMs: 10_000, owner: "a test" };
    await using store = await JournalStore.open({ ...options, retainMs: Infinity, retainBytes: Infinity });
    await check(store, "disk", 40, async (made) => {
      const { first, last } = store.state();
      await store.trim(first + made.below(Math.max(1, (last - first) / 4 | 0)));
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("each entry is read once, and none of what is gone is kept", async () => {
  await using store = new MemoryStore();
  let [read, gone] = [0, 0];
  const rows = new RecentRows<RecentRow>({
    store,
    kind: "slo",
    rowOf: (entry) => (read++, row(entry)),
    onGone: () => gone++,
    most: 300,
  });
  const made = new Made("once");
  const sinceNs = parseTimeNs("2020-01-01T00:00:00Z")!;
  for (let i = 0; i < 250; i++) await store.append([made.slo()]);
  for (let i = 0; i < 3; i++) assertEquals(await rows.ask(sinceNs, undefined, ({ length }) => length), 250);
  assertEquals([read, gone], [250, 0]);
  for (let i = 0; i < 290; i++) await store.append([made.slo()]);
  assertEquals(await rows.ask(sinceNs, undefined, ({ length }) => length), 300);
  assertEquals([read, gone, rows.held], [540, 0, 540], "block by block");
  for (let i = 0; i < 290; i++) await store.append([made.slo()]);
  assertEquals(await rows.ask(sinceNs, undefined, ({ length }) => length), 300);
  assertEquals([read - gone, rows.held < 300 + 256], [rows.held, true]);
});
