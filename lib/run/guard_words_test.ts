import { assertEquals } from "@std/assert";
import type { GuardStep } from "../model/guard.ts";
import { guardWords } from "./guard_words.ts";

const step: GuardStep = {
  tsNs: 0,
  action: "detach",
  probe: "tls_handshake",
  totalPct: 14.23,
  ownPct: 1.04,
  kernelPct: 13.19,
  budgetPct: 3,
  measuredBy: "kernel",
};

Deno.test("each step is one line that says what it cost, against what, and what was done", () => {
  const table: [Partial<GuardStep>, string][] = [
    [{}, "14 % of one CPU (agent 1.0 + probes 13; budget 3 %): tls_handshake detached"],
    [
      { measuredBy: "programs", action: "raise_thresholds" },
      "14 % of one CPU (agent 1.0 + probes 13, timed by themselves; budget 3 %): thresholds raised tenfold",
    ],
    [
      { kernelPct: null, totalPct: 1.04, action: "lower_thresholds" },
      "1.0 % of one CPU (agent 1.0; what the probes cost is not known; budget 3 %): thresholds as they were",
    ],
    [
      { action: "restore", refused: "EPERM" },
      "14 % of one CPU (agent 1.0 + probes 13; budget 3 %): tls_handshake attached again, refused: EPERM",
    ],
  ];
  for (const [change, expected] of table) {
    assertEquals(guardWords({ ...step, ...change }), `overhead guard: ${expected}`);
  }
});
