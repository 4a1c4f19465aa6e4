import { assertEquals } from "@std/assert";
import { until } from "../testing/until.ts";
import { WATCH_LIMITS, type WatchedEvent, Watchers, type WatchSink, type WatchSource } from "./watch.ts";

/** A log that shows what `shown` says and has read `read`: a reader may be ahead of the state it is told. */
function log() {
  const state = { first: 1, shown: 0, read: 0 };
  const listeners = new Set<() => void>();
  const event = (commitSeq: number): WatchedEvent => ({
    commitSeq,
    kind: "span",
    traceId: "",
    spanId: "",
    document: "{}",
  });
  const source: WatchSource = {
    state: () => ({ first: state.first, last: state.shown }),
    after: (seq, limit) => {
      const from = Math.max(seq + 1, state.first);
      const length = Math.max(0, Math.min(limit, state.read - from + 1));
      return Promise.resolve(Array.from({ length }, (_, i) => event(from + i)));
    },
    onCommit: (listener) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
  return { state, source, listeners, ring: () => listeners.forEach((listener) => listener()) };
}

function reader(takes = () => true) {
  const seen: number[] = [];
  const leaves = new AbortController();
  const sink: WatchSink = {
    event: ({ commitSeq }) => {
      seen.push(commitSeq);
      return takes();
    },
    idle: () => {},
    drained: (ms) => takes() ? Promise.resolve(true) : new Promise((done) => setTimeout(() => done(false), ms)),
    gone: leaves.signal,
  };
  return { seen, sink, leave: () => leaves.abort() };
}

const ALL = { filter: {}, caller: undefined };
const counting = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

Deno.test("a watcher is told what the state knows, also of a store that can already be read further", async () => {
  const { state, source, listeners, ring } = log();
  Object.assign(state, { shown: 200, read: 300 });
  const watchers = new Watchers(() => source);
  const one = reader();
  const done = watchers.watch({ ...ALL, after: 0 }, one.sink);
  await until(() => one.seen.length === 200, "what is known");
  assertEquals(watchers.clients, 1);
  state.shown = 300;
  ring();
  await until(() => one.seen.length === 300, "the rest");
  one.leave();
  assertEquals([await done, watchers.clients, listeners.size], [null, 0, 0]);
  assertEquals(one.seen, counting(1, 300));
});

Deno.test("what is gone is said, whether it was asked for or went on the way", async () => {
  const { state, source, ring } = log();
  Object.assign(state, { first: 101, shown: 200, read: 200 });
  const watchers = new Watchers(() => source);
  const late = await watchers.watch({ ...ALL, after: 50 }, reader().sink);
  assertEquals(late, { reason: "evicted", commitSeq: 100, firstSeq: 101, lost: 50 });
  const one = reader();
  const done = watchers.watch({ ...ALL, after: 0 }, one.sink);
  await until(() => one.seen.length === 100, "what is kept");
  Object.assign(state, { first: 301, shown: 400, read: 400 });
  ring();
  assertEquals(await done, { reason: "evicted", commitSeq: 300, firstSeq: 301, lost: 100 });
  assertEquals(await watchers.watch({ ...ALL, after: 401 }, reader().sink), {
    ...{ reason: "ahead", commitSeq: 0, firstSeq: 301, lost: 0 },
  });
});

Deno.test("who does not read: far behind it is closed after a second, a little behind after longer, and never when it has all", async () => {
  const { state, source } = log();
  Object.assign(state, { shown: 100, read: 100 });
  let nowMs = 0;
  const limits = { ...WATCH_LIMITS, maxBehind: 50, stallMs: 5_000 };
  const watchers = new Watchers(() => source, limits, () => nowMs += 300);
  const far = await watchers.watch({ ...ALL, after: 0 }, reader(() => false).sink);
  assertEquals([far?.reason, far?.commitSeq, nowMs], ["slow", 1, 1500]);
  nowMs = 0;
  const near = await watchers.watch({ ...ALL, after: 90 }, {
    ...reader(() => false).sink,
    drained: () => Promise.resolve(false),
  });
  assertEquals([near?.reason, near?.commitSeq, nowMs > 5_000], ["slow", 91, true]);
  const idle = reader(() => false);
  const done = watchers.watch({ ...ALL, after: 99 }, idle.sink);
  await new Promise((resolve) => setTimeout(resolve, 500));
  idle.leave();
  idle.sink.drained = () => Promise.resolve(true);
  assertEquals([await done, idle.seen], [null, [100]]);
});
