import { assertEquals } from "@std/assert";
import type { KernelEvent } from "../model/kernel_event.ts";
import { asked, lookedUp, PROVIDER, RETRIEVAL } from "../testing/requests.ts";
import { type Call, callsOf } from "./calls.ts";

const ms = (ns: number | null) => ns === null ? null : ns / 1e6;

/** `start anchor firstByte over`, the names looked up, and how many connects they could have been for. */
function told({ startNs, anchorNs, firstByteNs, overNs, lookups, rivals }: Call): string {
  const names = lookups.map(({ queryName, queryType }) => `${queryName}/${queryType}`).join(" ");
  return [ms(startNs), ms(anchorNs), ms(firstByteNs), ms(overNs)].join(" ") +
    (names === "" ? "" : `: ${names} of ${rivals}`);
}

const failed = (from: number, to: number): KernelEvent[] => {
  const [connect] = asked(PROVIDER, to, to, { connect: from });
  return [{ ...connect, errno: 111, cookie: "0" } as KernelEvent];
};

Deno.test("callsOf ties what belongs to one answer", () => {
  const rows: [string, KernelEvent[], string[]][] = [
    ["nothing", [], []],
    ["an open connection", asked(RETRIEVAL, 10, 20, { over: 25 }), ["10 10 20 25"]],
    ["a new one", asked(PROVIDER, 12, 60, { connect: 10 }), ["10 10 60 60"]],
    [
      "its name, both questions",
      [lookedUp("p", 1, 9), lookedUp("p", 1, 8, { queryType: 28 }), ...asked(PROVIDER, 12, 60, { connect: 10 })],
      ["1 10 60 60: p/28 p/1 of 1"],
    ],
    [
      "a search list, and a first try that nobody answered",
      [
        lookedUp("p.ns.svc", -5020, -20, { rcode: null }),
        lookedUp("p.ns.svc", -15, 2, { rcode: 3 }),
        lookedUp("p", 3, 9),
        ...asked(PROVIDER, 12, 60, { connect: 10 }),
      ],
      ["-5020 10 60 60: p.ns.svc/1 p.ns.svc/1 p/1 of 1"],
    ],
    [
      "a look-up long before is somebody else's",
      [lookedUp("p", 1, 9), ...asked(PROVIDER, 212, 260, { connect: 210 })],
      [
        "1 1  9: p/1 of 1",
        "210 210 260 260",
      ],
    ],
    ["two connects share the doubt", [
      lookedUp("p", 1, 9),
      lookedUp("p", 2, 10, { queryId: 2 }),
      ...asked(PROVIDER, 12, 60, { connect: 11 }),
      ...asked(PROVIDER, 13, 70, { connect: 12 }),
    ], ["1 11 60 60: p/1 of 2", "2 12 70 70: p/1 of 2"]],
    ["a refused connect, then another", [...failed(10, 11), ...asked(PROVIDER, 13, 60, { connect: 12 })], [
      "10 10  11",
      "12 12 60 60",
    ]],
    ["a name that did not resolve", [lookedUp("p", 1, 9, { rcode: 2 })], ["1 1  9: p/1 of 1"]],
    ["an open connection needs no name", [lookedUp("p", 1, 9), ...asked(RETRIEVAL, 10, 20)], [
      "1 1  9: p/1 of 1",
      "10 10 20 20",
    ]],
    [
      "never answered",
      asked(PROVIDER, 12, 60, { connect: 10 }).filter((e) => e.kind !== "exchange" || e.phase === "end")
        .map((e) => e.kind === "exchange" ? { ...e, responseStart: null, responseEnd: null } : e),
      ["10 10  60"],
    ],
    ["a shared connection, and look-ups over TCP, are no calls", [
      ...asked(PROVIDER, 1, 2, { change: { shared: true } }),
      ...asked("10.0.0.5:53", 1, 2),
    ], []],
    [
      "the goodbye of TLS asks nothing",
      asked(PROVIDER, 1, 2, { change: { responseStart: null, turn: 3, bytesOut: 24 } }).filter((e) =>
        e.kind === "exchange" && e.phase === "end"
      ),
      [],
    ],
  ];
  for (const [name, events, expected] of rows) assertEquals(callsOf(events).map(told), expected, name);
});

Deno.test("callsOf counts the long pauses of each turn", () => {
  const first = asked(PROVIDER, 1, 10, { over: 90 });
  const [turn] = first;
  const gap = (ms: number) => ({ ...turn, kind: "gap", startNs: ms * 1e6, tsNs: (ms + 20) * 1e6 }) as KernelEvent;
  assertEquals(callsOf([...first, gap(20), gap(50)]).map(({ pauses }) => pauses), [2]);
});
