import { assertEquals } from "@std/assert";
import { attemptsOf, type Connect, type Exchange } from "./attempts.ts";

const MS = 1e6;
const exchange = (startMs: number, endMs: number, conn = "c1", peer = "10.0.0.9:443"): Exchange => ({
  kind: "exchange",
  startNs: startMs * MS,
  endNs: endMs * MS,
  conn,
  peer,
});
const connect = (startMs: number, endMs: number, conn = "c1", peer = "10.0.0.9:443"): Connect => ({
  kind: "connect",
  startNs: startMs * MS,
  endNs: endMs * MS,
  conn,
  peer,
  failed: false,
});
const failure = (ms: number, peer = "10.0.0.9:443"): Connect => ({ ...connect(ms, ms, "", peer), failed: true });

Deno.test("attempts inside one span", () => {
  const once = { attempts: 1, backoffMs: 0, answered: 0, unanswered: 0, failed: 0, outcome: null };
  const rows: readonly (readonly [string, (Exchange | Connect)[], boolean, object | null])[] = [
    ["nothing seen", [], false, null],
    ["one, on an open connection", [exchange(5, 90)], false, once],
    ["one, that opened its connection", [connect(1, 4), exchange(5, 90)], false, once],
    ["one that failed", [exchange(5, 90)], true, once],
    [
      "refused twice, then good, on one connection",
      [
        connect(0, 3),
        exchange(4, 10),
        exchange(510, 520),
        exchange(1520, 1600),
      ],
      false,
      { attempts: 3, backoffMs: 1500, answered: 2, unanswered: 0, failed: 0, outcome: "recovered" },
    ],
    ["refused to the end", [exchange(0, 10), exchange(110, 120)], true, {
      attempts: 2,
      backoffMs: 100,
      answered: 1,
      unanswered: 0,
      failed: 0,
      outcome: "failed",
    }],
    [
      "a connection that never answered, then another",
      [
        connect(0, 3, "c1"),
        connect(1003, 1005, "c2"),
        exchange(1006, 1100, "c2"),
      ],
      false,
      { attempts: 2, backoffMs: 1000, answered: 0, unanswered: 1, failed: 0, outcome: "recovered" },
    ],
    [
      "a connect that failed, then another address",
      [
        failure(50, "10.0.0.8:443"),
        connect(150, 153),
        exchange(154, 200),
      ],
      false,
      { attempts: 2, backoffMs: 100, answered: 0, unanswered: 0, failed: 1, outcome: "recovered" },
    ],
    [
      "two addresses raced",
      [
        connect(0, 30, "v6", "[fd00::9]:443"),
        connect(10, 20, "v4"),
        exchange(21, 90, "v4"),
      ],
      false,
      once,
    ],
    ["two calls at two services are no retry", [exchange(0, 10, "a", "10.0.0.7:443"), exchange(20, 90)], false, once],
    [
      "another service before, then two attempts",
      [
        exchange(0, 10, "a", "10.0.0.7:8080"),
        exchange(20, 30),
        exchange(80, 90),
      ],
      false,
      { attempts: 2, backoffMs: 50, answered: 1, unanswered: 0, failed: 0, outcome: "recovered" },
    ],
    ["hedged: the second began before the first was answered", [exchange(0, 90, "a"), exchange(50, 80, "b")], false, {
      attempts: 2,
      backoffMs: 0,
      answered: 1,
      unanswered: 0,
      failed: 0,
      outcome: "recovered",
    }],
  ];
  for (const [name, seen, failed, expected] of rows) assertEquals(attemptsOf(seen, failed), expected as never, name);
});
