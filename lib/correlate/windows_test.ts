import { assert, assertEquals } from "@std/assert";
import type { ExchangeEvent, KernelEvent } from "../model/kernel_event.ts";
import { random } from "../stats/random.ts";
import { asked, lookedUp, PROVIDER, RETRIEVAL, served, SERVICE, streamed } from "../testing/requests.ts";
import { type RequestWindow, windowsOf } from "./windows.ts";

/** `role from..firstByte: peer@sent/k` for each step. */
function told({ role, fromNs, firstByteNs, steps }: RequestWindow): string {
  const parts = steps.map(({ call, k }) => {
    const to = call.turn?.tuple.dstPort ?? call.connects[0]?.tuple.dstPort ?? call.lookups[0]?.queryName;
    return `${to}@${(call.turn?.requestStart.ns ?? call.anchorNs) / 1e6}/${k}`;
  });
  return `${role} ${fromNs / 1e6}..${firstByteNs / 1e6}: ${parts.join(" ")}`.trim();
}

const trace = (id: string) => ({ traceId: id.repeat(32), spanId: id.repeat(16) });

Deno.test("windowsOf: what a process serves are requests, what it calls meanwhile are their steps", () => {
  const rows: [string, KernelEvent[], string[]][] = [
    ["nothing", [], []],
    ["a request that asks nobody", served(0, 20), ["server 0..20:"]],
    [
      "one request at a time",
      [
        ...served(0, 100, 300),
        ...asked(RETRIEVAL, 5, 15),
        ...streamed(PROVIDER, 30, 90, { connect: 28 }),
        ...served(400, 450),
        ...asked(RETRIEVAL, 410, 440),
      ],
      ["server 0..100: 8001@5/1 8000@30/1", "server 400..450: 8001@410/1"],
    ],
    ["a call after the first byte is no step of it", [...served(0, 20, 200), ...asked(RETRIEVAL, 50, 60)], [
      "server 0..20:",
    ]],
    [
      "a call belongs to who is still waiting",
      [...served(0, 20, 200), ...served(40, 80), ...asked(RETRIEVAL, 50, 60)],
      ["server 0..20:", "server 40..80: 8001@50/1"],
    ],
    [
      "a call answered later than the request cannot have been for it",
      [...served(0, 60), ...served(10, 120), ...asked(PROVIDER, 50, 90)],
      ["server 0..60:", "server 10..120: 8000@50/1"],
    ],
    [
      "a request that had not been read cannot have made it",
      [
        ...served(0, 120),
        ...served(10, 120, 120, { firstRead: { ns: 70e6, clock: null } }),
        ...asked(PROVIDER, 50, 90),
      ],
      ["server 0..120: 8000@50/1", "server 10..120:"],
    ],
    [
      "two could have made it: one of them has it, at half the confidence",
      [...served(0, 100), ...served(10, 120), ...asked(PROVIDER, 50, 90)],
      ["server 0..100: 8000@50/2", "server 10..120:"],
    ],
    [
      "who waits for another call does not make a second one",
      [...served(0, 100), ...served(10, 120), ...asked(RETRIEVAL, 20, 80), ...asked(PROVIDER, 50, 90)],
      ["server 0..100: 8001@20/2", "server 10..120: 8000@50/2"],
    ],
    [
      "a trace on the wire settles it",
      [
        ...served(0, 100, 100, trace("a")),
        ...served(10, 120, 120, trace("b")),
        ...asked(PROVIDER, 50, 90, { change: trace("a") }),
        ...asked(PROVIDER, 51, 91, { change: trace("b") }),
      ],
      ["server 0..100: 8000@50/1", "server 10..120: 8000@51/1"],
    ],
    [
      "a trace that arrived at nobody's socket says nothing",
      [...served(0, 100), ...asked(PROVIDER, 50, 90, { change: trace("c") })],
      ["server 0..100: 8000@50/1"],
    ],
    [
      "a name that does not resolve is a step too",
      [...served(0, 100), lookedUp("p", 10, 90, { rcode: 2 })],
      ["server 0..100: p@10/1"],
    ],
    [
      "a client's own turns are requests, from the look-up on",
      [
        lookedUp("p", 1, 9),
        ...streamed(PROVIDER, 12, 60, { connect: 10 }),
        ...streamed(PROVIDER, 400, 460),
      ],
      ["client 1..60: 8000@12/1", "client 400..460: 8000@400/1"],
    ],
    [
      "a worker whose metrics are scraped stays a client",
      [...served(1000, 1002), ...[0, 200, 400, 600].flatMap((ms) => streamed(PROVIDER, ms, ms + 50))],
      [
        "server 1000..1002:",
        "client 0..50: 8000@0/1",
        "client 200..250: 8000@200/1",
        "client 400..450: 8000@400/1",
        "client 600..650: 8000@600/1",
      ],
    ],
    ["a shared connection is no request, on either side", [
      ...served(0, 100, 100, { shared: true }),
      ...asked(PROVIDER, 50, 90, { change: { shared: true } }),
    ], []],
  ];
  for (const [name, events, expected] of rows) assertEquals(windowsOf(events).windows.map(told), expected, name);
});

Deno.test("windowsOf: what a service also does when it has no request is no step", () => {
  const events: KernelEvent[] = [];
  for (let i = 0; i < 40; i++) {
    events.push(...served(i * 200, i * 200 + 100, i * 200 + 110), ...asked(RETRIEVAL, i * 200 + 10, i * 200 + 90));
    events.push(...asked("10.0.0.9:4318", i * 130 + 50, i * 130 + 55)); // telemetry, on a beat of its own
  }
  const requests = windowsOf(events).windows.filter(({ role }) => role === "server");
  const peers = requests.flatMap(({ steps }) => steps.map(({ call }) => call.turn!.tuple.dstPort));
  assertEquals([...new Set(peers)], [8001]);
});

Deno.test("windowsOf: connects from before the first request could be seen make nobody a background peer", () => {
  const early = Array.from(
    { length: 9 },
    (_, i) => asked(PROVIDER, i * 10 + 2, i * 10 + 5, { connect: i * 10 + 1 })[0]!,
  );
  const late = [...served(1000, 1100), ...asked(PROVIDER, 1010, 1090, { connect: 1009 })];
  const [window] = windowsOf([...early, ...late]).windows;
  assertEquals([window?.role, window?.steps.length], ["server", 1]);
});

/** Requests that overlap, each with its retrieval and its provider call after it; `thread` says who serves the i-th. */
function crowd(thread: (i: number) => number, every: number): { events: KernelEvent[]; owner: Map<string, number> } {
  const stream = random("crowd");
  const owner = new Map<string, number>();
  const events: KernelEvent[] = [];
  for (let i = 0; i < 120; i++) {
    const at = i * every + 20 * stream.float();
    const tid = thread(i);
    const own = { owner: { ...SERVICE, tid } };
    const retrieval = at + 2 + stream.float();
    const provider = retrieval + 30 + 40 * stream.float() + 12 + 2 * stream.float();
    const first = provider + 80 + 60 * stream.float();
    const parts = [
      served(at, first + 3, first + 200, own),
      asked(RETRIEVAL, retrieval, provider - 12, { change: own }),
      streamed(PROVIDER, provider, first, { change: own }),
    ];
    for (const [turn] of parts) owner.set((turn as ExchangeEvent).cookie, i);
    events.push(...parts.flat());
  }
  return { events, owner };
}

/** Share of the steps that were given to the right request, and the mean of their confidence. */
function accuracy({ events, owner }: ReturnType<typeof crowd>): { right: number; confidence: number } {
  const steps = windowsOf(events).windows.flatMap(({ turn, steps }) =>
    steps.map((step) => ({ right: owner.get(step.call.turn!.cookie) === owner.get(turn.cookie), ...step }))
  );
  assertEquals(steps.length, 240);
  return {
    right: steps.filter(({ right }) => right).length / steps.length,
    confidence: steps.reduce((sum, { confidence }) => sum + confidence, 0) / steps.length,
  };
}

Deno.test("windowsOf: on an event loop requests are told apart by their course, and the doubt stays in the confidence", () => {
  const light = accuracy(crowd(() => 7, 120));
  assert(light.right >= 0.95, `${light.right} of the steps at about two requests at a time`);
  const heavy = accuracy(crowd(() => 7, 40));
  assert(heavy.right >= 0.6, `${heavy.right} of the steps at about five requests at a time`);
  assert(light.confidence > heavy.confidence && heavy.confidence < 0.5, `${light.confidence} ${heavy.confidence}`);
});

Deno.test("windowsOf: a thread a request says whose call it is; threads that are shared do not", () => {
  const apart = accuracy(crowd((i) => 100 + i % 20, 40));
  assertEquals([apart.right, apart.confidence.toFixed(2)], [1, "0.90"]);
  const pool = accuracy(crowd((i) => 100 + i % 3, 40));
  assert(pool.confidence < 0.5, `${pool.confidence}: three threads cannot have served five requests`);
});
