import { assertEquals } from "@std/assert";
import { ClockLine, type ClockReading, suspendedIn, toMonotonicNs, toUnixNs, type UnixTime } from "./clock.ts";

const S = 1e9;
const EPOCH = 1_700_000_000_000_000_000n;

/** Seconds of the monotonic clock; how long the machine slept before, and how far wall time was set, in seconds. */
function reading(s: number, sleptS = 0, setS = 0): ClockReading {
  return {
    monotonicNs: s * S,
    bootNs: (s + sleptS) * S,
    unixNs: EPOCH + BigInt(Math.round((s + sleptS + setS) * S)),
    errorNs: 100,
  };
}

function line(...readings: ClockReading[]): ClockLine {
  const [first, ...rest] = readings;
  const clocks = new ClockLine(first!);
  for (const next of rest) clocks.add(next);
  return clocks;
}

Deno.test("toUnixNs and toMonotonicNs undo each other, to the nanosecond", () => {
  const anchor = reading(5);
  assertEquals(toUnixNs(anchor, 5 * S + 1), EPOCH + 5_000_000_001n);
  assertEquals(toMonotonicNs(anchor, toUnixNs(anchor, 4 * S - 7)), 4 * S - 7);
});

Deno.test("ClockLine.toUnix says what toUnixNs says, in two numbers", () => {
  const clocks = line(reading(5), reading(6), reading(7, 0, -3600.25), reading(8, 60, -3600.25));
  const out: UnixTime = { seconds: 0, ns: 0 };
  for (const ns of [0, 1, 4.9 * S, 5 * S - 1, 6 * S + 0.4, 6.999999999 * S, 7 * S, 7.75 * S, 1e6 * S + 1]) {
    clocks.toUnix(ns, out);
    assertEquals(BigInt(out.seconds) * 1_000_000_000n + BigInt(out.ns), clocks.toUnixNs(ns), `${ns}`);
    assertEquals(out.ns >= 0 && out.ns < S, true);
  }
});

Deno.test("ClockLine: steps and suspends are found, told apart, and wall time is right on both sides", () => {
  const rows: [string, ClockReading[], (string | number)[][], [atS: number, wallS: number][]][] = [
    ["nothing", [reading(0), reading(1), reading(2)], [], [[0.5, 0.5], [9, 9]]],
    ["steered by 0.4 ms a second", [reading(0), reading(1, 0, 0.0004), reading(2, 0, 0.0008)], [], [[2, 2.0008]]],
    ["set an hour back", [reading(0), reading(1), reading(2, 0, -3600)], [["step", -3600]], [
      [0.5, 0.5],
      [1.5, 1.5], // between the two readings nobody knows: the old time
      [2, -3598],
      [7, -3593],
    ]],
    ["slept for a minute", [reading(0), reading(1), reading(2, 60)], [["suspend", 60]], [[1, 1], [3, 63]]],
    ["slept, and the clock was set meanwhile", [reading(0), reading(1, 60, 10)], [["suspend", 60], ["step", 10]], [
      [0.5, 0.5],
      [2, 72],
    ]],
    ["twice", [reading(0), reading(1, 0, 5), reading(2, 0, 5), reading(3, 0, 1)], [["step", 5], ["step", -4]], [
      [0.5, 0.5],
      [1.5, 6.5],
      [4, 5],
    ]],
  ];
  for (const [name, readings, breaks, moments] of rows) {
    const clocks = line(...readings);
    assertEquals(clocks.breaks.map(({ kind, byNs }) => [kind, Math.round(byNs / 1e6) / 1e3]), breaks, name);
    for (const [atS, wallS] of moments) {
      assertEquals(clocks.toUnixNs(atS * S), EPOCH + BigInt(Math.round(wallS * S)), `${name}: ${atS}`);
    }
  }
});

Deno.test("ClockLine stays bounded, and forgets the oldest first", () => {
  const clocks = new ClockLine(reading(0));
  for (let s = 1; s <= 3000; s++) clocks.add(reading(s, 0, s));
  assertEquals(clocks.breaks.length, 1024);
  assertEquals(clocks.toUnixNs(3000 * S), reading(3000, 0, 3000).unixNs);
  assertEquals(clocks.toUnixNs(0), reading(1977, 0, 1977).unixNs - BigInt(1977 * S));
});

Deno.test("suspendedIn: any overlap with the time between the two readings counts", () => {
  const { breaks } = line(reading(0), reading(1), reading(2, 60), reading(3, 60, 9));
  const rows: [number, number, boolean][] = [[0, 1, false], [0, 1.1, true], [1.4, 1.5, true], [1.9, 5, true], [
    2,
    9,
    false,
  ]];
  for (const [from, to, expected] of rows) {
    assertEquals(suspendedIn(breaks, from * S, to * S), expected, `${from} ${to}`);
  }
});
