/**
 * Both joins against one that compares every signal with every span, written from the contract and sharing no code with them. Ten
 * thousand signals; on one process in ten 32 spans at a time. Another seed: SLOCTL_JOIN_SEED.
 */
import { assert, assertEquals } from "@std/assert";
import { type Random, random } from "../stats/random.ts";
import { correlate } from "./correlate.ts";
import { enrich } from "./enrich.ts";
import { StreamJoin } from "./stream_join.ts";
import type { SignalSubject, SpanSubject } from "./subject.ts";

const SIGNALS = 10_000;
const SPANS = 1_000;
const PIDS = 100;
const AT_ONCE = 32;
const MS = 1e6;
const SEEDS = (Deno.env.get("SLOCTL_JOIN_SEED") ?? "1,2").split(",");

interface Pair {
  readonly span: number;
  readonly signal: number;
  readonly tier: string;
  readonly k: number;
  readonly confidence: number;
  readonly distanceNs: number;
}

/** Every pair of the strongest tier in which any span answers, with how many answered. */
function bruteForce(spans: readonly SpanSubject[], signals: readonly SignalSubject[]): Pair[] {
  const same = (a: string | undefined, b: string | undefined) =>
    !!a && !!b && (a === b || a.toLowerCase() === b.toLowerCase());
  const equal = (a: string | undefined, b: string | undefined) => !!a && a === b;
  const ends = new Map([...spans, ...signals].map(({ conn }) => [conn, String(conn ?? "").split("->").sort().join()]));
  const rules: [string, number, number, (span: SpanSubject, signal: SignalSubject) => boolean][] = [
    ["pod_pid_100ms", 100, 0.9, (a, b) => equal(a.pod, b.pod) && a.pid === b.pid && a.pid! > 0],
    ["pod_conn_250ms", 250, 0.8, (a, b) => equal(a.pod, b.pod) && !!a.conn && ends.get(a.conn) === ends.get(b.conn)],
    ["svc_node_500ms", 500, 0.65, (a, b) => equal(a.service, b.service) && equal(a.node, b.node)],
  ];
  const pairs: Pair[] = [];
  signals.forEach((signal, s) => {
    const far = spans.map(({ startNs, endNs }) =>
      signal.tsNs < startNs ? startNs - signal.tsNs : signal.tsNs > endNs ? signal.tsNs - endNs : 0
    );
    const add = (tier: string, worth: number, answered: number[]) => {
      const left = unnested(answered, spans, far);
      for (const span of left) {
        const k = left.length;
        pairs.push({ span, signal: s, tier, k, confidence: worth / k, distanceNs: far[span]! });
      }
    };
    const all = spans.map((_, i) => i);
    const kin = signal.traceId ? all.filter((i) => same(spans[i]!.traceId, signal.traceId)) : [];
    if (kin.length > 0) {
      const near = kin.filter((i) => far[i]! <= 2000 * MS);
      const named = near.filter((i) =>
        same(spans[i]!.spanId, signal.spanId) || same(spans[i]!.parentSpanId, signal.childOf)
      );
      const own = near.filter((i) =>
        spans[i]!.parentSpanId !== undefined && equal(spans[i]!.pod, signal.pod) && spans[i]!.pid! > 0 &&
        spans[i]!.pid === signal.pid
      );
      if (named.length === 0) return add("trace_id_exact", 1, own.length > 0 ? own : near);
      for (const span of named) {
        const k = named.length;
        pairs.push({ span, signal: s, tier: "trace_id_exact", k, confidence: 1 / k, distanceNs: far[span]! });
      }
      return;
    }
    for (const [tier, windowMs, worth, fits] of rules) {
      const answered = all.filter((i) => far[i]! <= windowMs * MS && fits(spans[i]!, signal));
      if (answered.length > 0) return add(tier, worth, answered);
    }
  });
  return pairs;
}

/** Of spans that share a trace and say whose children they are: what contains the moment before what does not, then the innermost. */
function unnested(answered: number[], spans: readonly SpanSubject[], far: readonly number[]): number[] {
  const traces = new Map<string, number[]>();
  for (const i of answered) {
    const { traceId, parentSpanId } = spans[i]!;
    if (!traceId || parentSpanId === undefined) continue;
    traces.set(traceId.toLowerCase(), [...traces.get(traceId.toLowerCase()) ?? [], i]);
  }
  const out = new Set<number>();
  for (const family of traces.values()) {
    const closer = family.some((i) => far[i] === 0) ? family.filter((i) => far[i] === 0) : family;
    for (const i of family) if (!closer.includes(i)) out.add(i);
    const parentOf = (child: number, parent: number) =>
      spans[child]!.parentSpanId!.toLowerCase() === spans[parent]!.spanId!.toLowerCase();
    const above = (low: number, high: number): boolean =>
      closer.some((i) => parentOf(low, i) && (i === high || above(i, high)));
    for (const i of closer) {
      if (closer.some((other) => above(other, i) && far[other]! <= far[i]!)) out.add(i);
      if (closer.some((other) => above(i, other) && far[other]! < far[i]!)) out.add(i);
    }
  }
  return answered.filter((i) => !out.has(i));
}

/** Whole milliseconds, so that many a signal lies exactly on the edge of a window. */
function made(draw: Random): { spans: SpanSubject[]; signals: SignalSubject[] } {
  const maybe = <T>(percent: number, value: T): T | undefined => draw.below(100) < percent ? value : undefined;
  const conn = () => `10.0.0.${draw.below(4)}:${draw.below(4)}->10.0.1.${draw.below(2)}:443`;
  const who = (pid: number) => ({
    pod: maybe(90, `pod-${pid % 40}`),
    pid: draw.below(20) === 0 ? 0 : pid,
    service: maybe(70, `service-${pid % 7}`),
    node: maybe(80, `node-${pid % 5}`),
    conn: maybe(30, conn()),
  });
  const hex = (n: number, digits: number) => {
    const id = n.toString(16).padStart(digits, "0");
    return draw.below(10) === 0 ? id.toUpperCase() : id;
  };
  const busy = PIDS / 10;
  const spans = Array.from({ length: SPANS }, (_, i): SpanSubject => {
    const crowded = i < busy * AT_ONCE * 2;
    const [index, pids] = crowded ? [i, busy] : [i - busy * AT_ONCE * 2, PIDS - busy];
    const pid = crowded ? 1 + index % pids : 1 + busy + index % pids;
    // Three spans a trace, each the child of the one before; of some nobody says whose children they are.
    const turn = Math.floor(index / pids);
    const traceId = hex(0xabc000 + (crowded ? 0 : 1000) + Math.floor(turn / 3) * pids + index % pids, 32);
    const nested = draw.below(4) > 0;
    const parentSpanId = turn % 3 === 0 ? "" : hex(0xdef000 + i - pids, 16);
    // Of each crowd 32 share the first ten seconds and 32 the second.
    const startMs = crowded ? Math.floor(turn / AT_ONCE) * 10_000 + draw.below(200) : draw.below(20_000);
    const lengthMs = crowded ? 9_000 + draw.below(700) : draw.below(3) === 0 ? 0 : draw.below(2_000);
    const startNs = startMs * MS;
    const ids = { traceId: maybe(85, traceId), spanId: hex(0xdef000 + i, 16), ...(nested ? { parentSpanId } : {}) };
    return { ...who(pid), ...ids, startNs, endNs: startNs + lengthMs * MS };
  });
  const signals = Array.from({ length: SIGNALS }, (): SignalSubject => {
    const of = draw.below(SPANS);
    const near = spans[of]!;
    const edge = [-2001, -2000, -500, -250, -101, -100, 0, 1, 100, 101, 250, 251, 500, 2000][draw.below(14)]!;
    const onEdge = draw.below(4) === 0;
    const atMs = onEdge ? (draw.below(2) === 0 ? near.startNs : near.endNs) / MS + edge : draw.below(24_000) - 2_000;
    const subject = onEdge || draw.below(3) === 0 ? near : who(1 + draw.below(PIDS));
    const { pod, pid, service, node, conn } = subject;
    return {
      ...(pod === undefined ? {} : { pod }),
      ...(pid === undefined ? {} : { pid }),
      ...(service === undefined ? {} : { service }),
      ...(node === undefined ? {} : { node }),
      ...(conn === undefined ? {} : { conn: String(conn).split("->").reverse().join("->") }),
      ...(draw.below(3) === 0 ? { traceId: draw.below(2) === 0 ? hex(0xfff, 32) : near.traceId ?? "" } : {}),
      ...(draw.below(6) === 0 ? { spanId: hex(0xdef000 + of, 16) } : {}),
      ...(draw.below(20) === 0 && near.parentSpanId ? { childOf: near.parentSpanId } : {}),
      tsNs: atMs * MS,
    };
  });
  return { spans, signals };
}

const order = (a: Pair, b: Pair) => a.signal - b.signal || a.distanceNs - b.distanceNs || a.span - b.span;

for (const seed of SEEDS) {
  Deno.test(`seed ${seed}: all at once, and as they come, equal to comparing everything with everything`, async (test) => {
    const { spans, signals } = made(random(`${seed}/join`));
    const expected = bruteForce(spans, signals);
    const tiers = Map.groupBy(expected, (pair) => pair.tier);
    for (const [tier, pairs] of tiers) assert(pairs.length > 100, `only ${pairs.length} pairs in ${tier}`);
    assertEquals(tiers.size, 4);
    assert(expected.some(({ k }) => k >= AT_ONCE), "no signal with 32 rivals");

    await test.step("all at once", () => {
      const matches = correlate(spans, signals);
      const plain = matches.map(({ span, signal, tier, k, confidence, distanceNs }): Pair => ({
        span,
        signal,
        tier,
        k,
        confidence,
        distanceNs,
      }));
      assertEquals(plain.sort(order), expected.toSorted(order));
      // Enrichment: sure enough, three at most, the surest first, then the nearest.
      const best = new Map([...enrich(matches)].map(([span, list]) => [span, list.map(({ signal }) => signal)]));
      const wanted = new Map(
        [...Map.groupBy(expected.filter(({ confidence }) => confidence >= 0.7), ({ span }) => span)].map((
          [span, list],
        ) => [
          span,
          list.sort((a, b) => b.confidence - a.confidence || a.distanceNs - b.distanceNs || a.signal - b.signal)
            .slice(0, 3).map(({ signal }) => signal),
        ]),
      );
      for (const [span, list] of wanted) assertEquals(best.get(span), list, `span ${span}`);
      assertEquals(best.size, wanted.size);
    });

    for (const arrival of ["signals first", "spans first", "mixed"]) {
      await test.step(`as they come, ${arrival}`, () => {
        const draw = random(`${seed}/${arrival}`);
        const join = new StreamJoin<number, number>({ spans: SPANS, signals: SIGNALS });
        const newcomers = shuffle([...spans.map((_, i) => i), ...signals.map((_, i) => -1 - i)], draw);
        if (arrival === "signals first") newcomers.sort((a, b) => Number(a >= 0) - Number(b >= 0));
        if (arrival === "spans first") newcomers.sort((a, b) => Number(b >= 0) - Number(a >= 0));
        const spanIds = new Map<number, number>();
        const signalIds = new Map<number, number>();
        for (const one of newcomers) {
          if (one >= 0) spanIds.set(one, join.addSpan(spans[one]!, one));
          else signalIds.set(-1 - one, join.addSignal(signals[-1 - one]!, -1 - one));
        }
        const got: Pair[] = [];
        for (const [span, id] of spanIds) {
          for (const { signal, tier, k, confidence, distanceNs } of join.joined(id)) {
            got.push({ span, signal, tier, k, confidence, distanceNs });
          }
        }
        assertEquals(got.sort(order), expected.toSorted(order));
        // Asked for the sure ones alone it finds just those, sooner.
        let unsure = 0;
        const sure = [...spanIds.values()].flatMap((id) => join.joined(id, 0.7, () => unsure++));
        assertEquals(sure.length, expected.filter(({ confidence }) => confidence >= 0.7).length);
        assert(sure.every(({ confidence }) => confidence >= 0.7) && unsure > 0);
        const bySignal = new Map(expected.map(({ signal, tier, k }) => [signal, { tier, k }]));
        for (const [signal, id] of signalIds) {
          const standing = join.standing(id);
          assertEquals(
            standing === null ? undefined : { ...standing } as { tier: string; k: number },
            bySignal.get(signal),
          );
        }
        assertEquals([join.stats.evictedSpans, join.stats.evictedSignals], [0, 0]);
      });
    }
  });
}

function shuffle(list: number[], draw: Random): number[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = draw.below(i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}
