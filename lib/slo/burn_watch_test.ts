import { assert, assertEquals } from "@std/assert";
import { request, sloFile } from "../testing/slo.ts";
import { type BurnChange, BurnWatch } from "./burn_watch.ts";
import { SloTracker } from "./tracker.ts";

const MINUTE = 60_000;

interface Story {
  readonly minutes: number;
  /** Failures of the 600 requests of this minute; null: there are none at all. */
  readonly failed: (minute: number) => number | null;
  readonly heardMs?: (minute: number) => number;
}

/** What is told, and in which minute. */
function play({ minutes, failed, heardMs = () => -Infinity }: Story): [number, BurnChange][] {
  const tracker = new SloTracker(sloFile(["objective: '0.999'"], ["objective: '0.99'"]));
  const watch = new BurnWatch(tracker);
  const told: [number, BurnChange][] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const bad = failed(minute);
    const atMs = minute * MINUTE;
    for (let i = 0; bad !== null && i < 600; i++) tracker.observe(request(atMs + i * 100, i >= bad), atMs + i * 100);
    for (const change of watch.turn(atMs + MINUTE, heardMs(minute))) told.push([minute, change]);
  }
  return told;
}

const words = (told: [number, BurnChange][]) =>
  told.map(([, change]) =>
    `${change.incident.alert.level} ${change.incident.slo.name} ${
      change.kind === "closed" ? change.because : change.kind
    }`
  );

Deno.test("one request in fifty fails for an hour: one page, of the SLO that burns most, over when it is over", () => {
  const told = play({ minutes: 240, failed: (minute) => minute >= 60 && minute < 120 ? 12 : 0 });
  const pages = told.filter(([, { incident }]) => incident.alert.level === "page");
  assertEquals(words(pages), ["page s0 opened", "page s0 recovered"]);
  const [[opened, change], [closed]] = pages as [[number, BurnChange], [number, BurnChange]];
  assert(opened > 60 && opened < 120 && closed > 120, `${opened} ${closed}`);
  assertEquals(change.incident.openedMs, (opened + 1) * MINUTE);
  assert(change.incident.burnRate > 6, String(change.incident.burnRate));
});

Deno.test("slower than any page: a ticket, and no page", () => {
  const told = play({ minutes: 36 * 60, failed: () => 2 });
  assertEquals(words(told), ["ticket s0 opened"]);
});

Deno.test("health and silence open nothing; silence closes, and is not called recovery", () => {
  assertEquals(play({ minutes: 120, failed: () => 0 }), []);
  assertEquals(play({ minutes: 120, failed: () => null }), []);
  const told = play({ minutes: 300, failed: (minute) => minute < 100 ? 60 : null });
  const pages = told.filter(([, { incident }]) => incident.alert.level === "page");
  assertEquals(words(pages), ["page s0 opened", "page s0 no_traffic"]);
});

Deno.test("what burns because of an incident that was told opens nothing, until it burns without it", () => {
  const failed = (minute: number) => minute >= 60 && minute < 90 ? 60 : 0;
  const incident = (minute: number) => minute < 60 ? -Infinity : minute < 90 ? Infinity : 90 * MINUTE;
  const pages = (told: [number, BurnChange][]) => told.filter(([, { incident: { alert } }]) => alert.level === "page");
  assertEquals(pages(play({ minutes: 120, failed, heardMs: incident })), []);
  const on = pages(play({ minutes: 160, failed: (minute) => minute >= 60 ? 60 : 0, heardMs: incident }));
  assertEquals([words(on), on[0]![0] >= 94], [["page s0 opened"], true]);
});
