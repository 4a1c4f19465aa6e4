import { assertEquals } from "@std/assert";
import { Governor, type Reading, type Step } from "./governor.ts";

const WEIGHTS = { tls_handshake: 1, runqueue_delay: 2, stream: 4 };

/** Ten-second windows, one for each total; the steps they ask for, with the number of the window. */
function play(
  governor: Governor,
  totals: readonly number[],
  costs: Reading["costs"] = { tls_handshake: 0.1, runqueue_delay: 3, stream: 2 },
  from = 0,
): string[] {
  return totals.flatMap((totalPct, i) => {
    const fromMs = (from + i) * 10_000;
    const step = governor.step({ fromMs, toMs: fromMs + 10_000, totalPct, costs });
    return step === null ? [] : [`${from + i} ${words(step)}`];
  });
}

const words = (step: Step) => "probe" in step ? `${step.action} ${step.probe}` : step.action;
const times = (n: number, value: number) => Array.from({ length: n }, () => value);
const governor = () => new Governor({ budgetPct: 3, weights: WEIGHTS });

Deno.test("over the budget: first thresholds, then the dearest by its weight, two windows apart; then it says that nothing is left", () => {
  assertEquals(play(governor(), times(12, 5)), [
    "1 raise_thresholds",
    "3 detach runqueue_delay", // 3 / 2, stream is 2 / 4, TLS 0.1 / 1
    "5 detach stream",
    "7 detach tls_handshake",
    "9 nothing_left", // and once
  ]);
});

Deno.test("one window over is nothing, nor are two with a pause, nor the budget itself", () => {
  assertEquals(play(governor(), [5, 3, 5, 2, 5, 3, 3, 3, 3]), []);
});

Deno.test("where no probe costs anything, as when the agent itself is busy, the least of them goes first", () => {
  assertEquals(play(governor(), times(8, 100), {}), [
    "1 raise_thresholds",
    "3 detach tls_handshake",
    "5 detach runqueue_delay",
    "7 detach stream",
  ]);
});

Deno.test("after 60 s below 70 % of the budget one step is taken back, the last one first", () => {
  assertEquals(play(governor(), [...times(4, 5), ...times(20, 2)]), [
    "1 raise_thresholds",
    "3 detach runqueue_delay",
    "9 restore runqueue_delay",
    "15 lower_thresholds",
  ]);
});

Deno.test("between 70 % and the budget nothing moves, and calm begins anew", () => {
  const totals = [5, 5, ...times(5, 2), 2.2, ...times(5, 2), 2, 2];
  assertEquals(play(governor(), totals), ["1 raise_thresholds", "13 lower_thresholds"]);
  assertEquals(play(governor(), [5, 5, ...times(30, 2.5)]), ["1 raise_thresholds"]);
});

Deno.test("what must be shed again waits twice as long each time, sixteen times at most", () => {
  const governed = governor();
  const waits: number[] = [];
  let window = 0;
  play(governed, [5, 5], undefined, window);
  window += 2;
  for (let round = 0; round < 7; round++) {
    const shed = play(governed, [5, 5], undefined, window);
    assertEquals(shed, [`${window + 1} detach runqueue_delay`]);
    window += 2;
    for (let quiet = 1;; quiet++) {
      const [step] = play(governed, [1], undefined, window++);
      if (step === undefined) continue;
      waits.push(quiet / 6);
      break;
    }
  }
  assertEquals(waits, [1, 2, 4, 8, 16, 16, 16]);
});
