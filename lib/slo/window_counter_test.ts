import { assert, assertEquals } from "@std/assert";
import { random } from "../stats/random.ts";
import { WindowCounter } from "./window_counter.ts";

Deno.test("a window holds what a list of all events says it holds", () => {
  for (let seed = 0; seed < 40; seed++) {
    const draw = random(`window/${seed}`);
    const slices = 1 + draw.below(60);
    const sliceMs = 1 + draw.below(500);
    const windowMs = slices * sliceMs;
    const counter = new WindowCounter(windowMs, slices);
    const events: { atMs: number; good: number; bad: number }[] = [];
    let now = draw.below(1_000_000);
    for (let step = 0; step < 400; step++) {
      now += draw.below(3) === 0 ? draw.below(windowMs * 2) : draw.below(sliceMs * 2);
      const first = (Math.floor(now / sliceMs) - slices + 1) * sliceMs;
      if (draw.below(3) > 0) {
        const event = { atMs: now - draw.below(windowMs * 2), good: draw.below(5), bad: draw.below(3) };
        if (event.atMs < 0) continue;
        const taken = counter.add(event.atMs, now, event.good, event.bad);
        assertEquals(taken, event.atMs >= first);
        events.push(event);
      }
      const inside = events.filter(({ atMs }) => atMs >= first);
      const sum = (key: "good" | "bad") => inside.reduce((total, event) => total + event[key], 0);
      assertEquals(counter.counts(now), { good: sum("good"), bad: sum("bad") }, `seed ${seed}, step ${step}`);
      assert(now - first <= windowMs, "never further back than the window");
    }
  }
});

Deno.test("time that goes backwards changes nothing", () => {
  const counter = new WindowCounter(1000, 10);
  counter.add(5000, 5000, 1, 2);
  assertEquals(counter.counts(0), { good: 1, bad: 2 });
  assertEquals(counter.add(100, 200, 1, 0), false);
  assertEquals(counter.counts(5000), { good: 1, bad: 2 });
});
