import { assert, assertEquals } from "@std/assert";
import { random } from "../stats/random.ts";
import { type IncidentChange, IncidentWatch, type RequestSample } from "./incident_watch.ts";

const S = 1e9;

interface Story {
  readonly seconds: number;
  readonly rps?: number;
  /** Milliseconds and failure of a request that arrives at this second; null: none arrives. */
  readonly of?: (atS: number, noise: number) => { readonly ttftMs: number | null; readonly failed?: boolean } | null;
}

/** Plays a story second by second, as a collector would. */
function play(watch: IncidentWatch, { seconds, rps = 5, of = (_, noise) => ({ ttftMs: 90 + 10 * noise }) }: Story) {
  const stream = random("story");
  const changes: (IncidentChange & { readonly atS: number })[] = [];
  const due: RequestSample[] = [];
  for (let i = 0; i < seconds * rps; i++) {
    const atS = i / rps;
    const told = of(atS, stream.float());
    if (told !== null) due.push({ atNs: atS * S, ttftMs: told.ttftMs, failed: told.failed ?? false });
  }
  for (let s = 1; s <= seconds; s++) {
    while (due.length > 0 && due[0]!.atNs < s * S) watch.add(due.shift()!);
    const change = watch.turn(s * S);
    if (change !== null) changes.push({ ...change, atS: s });
  }
  return changes;
}

const slowBetween = (from: number, to: number) => (atS: number, noise: number) => ({
  ttftMs: (atS >= from && atS < to ? 220 : 90) + 10 * noise,
});

Deno.test("a fault opens one incident, soon, and its end closes it once", () => {
  const [opened, closed, ...more] = play(new IncidentWatch(), { seconds: 180, of: slowBetween(60, 90) });
  assertEquals([opened?.kind, closed?.kind, more], ["opened", "closed", []]);
  assert(opened!.atS > 60 && opened!.atS <= 66, `opened at ${opened!.atS}`);
  assertEquals(opened!.incident.sli, "ttft_ms");
  const { startNs, endNs, baseline } = closed!.incident;
  assert(Math.abs(startNs / S - 60) < 1 && Math.abs(endNs / S - 90) < 1.5, `${startNs / S} ${endNs / S}`);
  assert(baseline.toNs < startNs, "nothing of the incident is in its baseline");
  assert(
    closed!.kind === "closed" && closed!.because === "recovered" && closed!.atS <= 102,
    `closed at ${closed!.atS}`,
  );
});

Deno.test("noise alone opens nothing; a second fault is a second incident", () => {
  assertEquals(play(new IncidentWatch(), { seconds: 300 }), []);
  const twice = (atS: number, noise: number) => slowBetween(atS < 120 ? 60 : 150, atS < 120 ? 90 : 180)(atS, noise);
  const kinds = play(new IncidentWatch(), { seconds: 260, of: twice }).map(({ kind }) => kind);
  assertEquals(kinds, ["opened", "closed", "opened", "closed"]);
});

Deno.test("a busy service has a baseline too: the same fault at 300 requests a second", () => {
  const [opened, closed, ...more] = play(new IncidentWatch(), { seconds: 120, rps: 300, of: slowBetween(60, 90) });
  assertEquals([opened?.kind, closed?.kind, more], ["opened", "closed", []]);
  assert(opened!.atS > 60 && opened!.atS <= 66, `opened at ${opened!.atS}`);
});

Deno.test("what does the promise no harm opens nothing, nor what comes while a service warms up", () => {
  const by = (ms: number, from = 60, to = 90) => (atS: number, noise: number) => ({
    ttftMs: (atS >= from && atS < to ? 90 + ms : 90) + 10 * noise,
  });
  const opened = (of: ReturnType<typeof by>, objectiveMs = 800) =>
    play(new IncidentWatch({ objectiveMs }), { seconds: 120, of }).filter(({ kind }) => kind === "opened").length;
  assertEquals([opened(by(30)), opened(by(50)), opened(by(30), 200)], [0, 1, 1]);
  assertEquals([opened(by(50, 12, 27)), opened(by(50, 50, 80))], [0, 1]);
});

Deno.test("few requests still make an incident, later", () => {
  const story = { seconds: 1200, rps: 0.5, of: slowBetween(400, 700) };
  const [opened, closed, ...more] = play(new IncidentWatch(), story);
  assertEquals([opened?.kind, closed?.kind, more], ["opened", "closed", []]);
  assert(opened!.atS > 400 && opened!.atS < 460, `opened at ${opened!.atS}`);
});

Deno.test("a fault that hurts a third of the requests is one incident", () => {
  const of = (atS: number, noise: number) => ({
    ttftMs: 90 + 10 * noise + (atS >= 60 && atS < 160 && noise < 0.33 ? 150 : 0),
  });
  assertEquals(play(new IncidentWatch(), { seconds: 240, of }).map(({ kind }) => kind), ["opened", "closed"]);
});

Deno.test("failures without a first token are an incident of their own kind", () => {
  const of = (atS: number, noise: number) =>
    atS >= 60 && atS < 90 && noise < 0.6 ? { ttftMs: null, failed: true } : { ttftMs: 90 + 10 * noise };
  const [opened, closed, ...more] = play(new IncidentWatch(), { seconds: 150, of });
  assertEquals([opened?.incident.sli, closed?.kind, more], ["error_rate", "closed", []]);
});

Deno.test("silence closes an incident, and is not called recovery", () => {
  const of = (atS: number, noise: number) => atS >= 80 ? null : slowBetween(60, 999)(atS, noise);
  const changes = play(new IncidentWatch(), { seconds: 200, of });
  assertEquals(changes.map((c) => c.kind === "closed" ? c.because : c.kind), ["opened", "no_traffic"]);
});

Deno.test("a level that stays becomes the normal one", () => {
  const watch = new IncidentWatch({ longestNs: 120 * S });
  const changes = play(watch, { seconds: 300, of: slowBetween(60, 999) });
  assertEquals(changes.map((c) => c.kind === "closed" ? c.because : c.kind), ["opened", "persists"]);
});

Deno.test("memory is bounded, and late requests find their place", () => {
  const watch = new IncidentWatch();
  for (let i = 0; i < 10_000; i++) watch.add({ atNs: i * 0.1 * S, ttftMs: 1, failed: false });
  assertEquals(watch.samples, 2048);
  const late = new IncidentWatch();
  for (const atS of [3, 1, 2]) late.add({ atNs: atS * S, ttftMs: 1, failed: false });
  assertEquals(late.turn(4 * S), null);
});
