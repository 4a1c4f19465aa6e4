import { assertEquals } from "@std/assert";
import type { DnsEvent } from "../model/kernel_event.ts";
import { Resolutions, sameWithoutSuffix } from "./resolutions.ts";

const MS = 1e6;
let nextId = 0;

/** Asked at `atMs` by thread 1 on socket 1, answered 2 ms later (or never). */
function q(queryName: string, rcode: number | null, atMs: number, change: Partial<DnsEvent> & { tid?: number } = {}) {
  const { tid = 1, ...more } = change;
  const event: DnsEvent = {
    kind: "dns",
    startNs: atMs * MS,
    tsNs: (atMs + (rcode === null ? 5000 : 2)) * MS,
    owner: { pid: 7, tid, comm: "app", cgroupId: 1n, netns: 1, startNs: 5 },
    tuple: { srcIp: "10.0.0.2", srcPort: 40000, dstIp: "10.0.0.53", dstPort: 53, protocol: "udp" },
    queryName,
    queryType: 1,
    queryId: nextId++,
    cookie: "1",
    packets: 1,
    rcode,
    answers: rcode === 0 ? 1 : 0,
    truncated: false,
    abandoned: false,
    errno: 0,
    startClock: null,
    endClock: null,
    ...more,
  };
  return event;
}

/** Which look-up each query is of, numbered as they are met. */
function grouped(events: readonly DnsEvent[]): number[] {
  const resolutions = new Resolutions();
  const ids: string[] = [];
  return events.map((event) => {
    const id = resolutions.of(event);
    if (!ids.includes(id)) ids.push(id);
    return ids.indexOf(id);
  });
}

const AAAA = { queryType: 28 };
const elsewhere = (n: number) => ({ tid: 10 + n, cookie: `${10 + n}` });
const server = (dstIp: string) => ({ srcIp: "10.0.0.2", srcPort: 40000, dstIp, dstPort: 53, protocol: "udp" }) as const;

Deno.test("queries of one look-up are told together, those of another apart", () => {
  const again = { queryId: 777, cookie: "5" };
  const rows: [string, DnsEvent[], number[]][] = [
    ["A and AAAA", [q("a.com", 0, 0), q("A.com.", 0, 0, AAAA)], [0, 0]],
    ["two names", [q("a.com", 0, 0), q("b.com", 0, 3)], [0, 1]],
    ["search list", [q("api.svc.local", 3, 0), q("api.svc.local", 3, 0, AAAA), q("api", 0, 5)], [0, 0, 0]],
    ["a search list of unlike suffixes", [
      q("db.a.test", 3, 0),
      q("db.a.test", 3, 0, AAAA),
      q("db.b.test", 0, 3, { answers: 0 }),
      q("db.b.test", 3, 3, AAAA),
      q("db.c.org", 0, 6),
    ], [0, 0, 0, 0, 0]],
    ["such a list, told out of order", [q("db.b.test", 0, 3), q("db.a.test", 3, 0)], [0, 0]],
    ["the first name was there", [q("db.a.test", 0, 0), q("db.b.test", 0, 3)], [0, 1]],
    ["the second name much later", [q("db.a.test", 3, 0), q("db.b.test", 0, 100)], [0, 1]],
    ["the second name by another thread", [q("db.a.test", 3, 0), q("db.b.test", 0, 3, elsewhere(1))], [0, 1]],
    ["another first part", [q("db.a.test", 3, 0), q("dc.a.test", 0, 3)], [0, 1]],
    ["the same name asked anew", [q("a.com", 0, 0), q("a.com", 0, 100)], [0, 1]],
    ["a name that is not there, asked anew", [q("a.com", 3, 0), q("a.com", 3, 100)], [0, 1]],
    ["in a loop, with AAAA", [q("a.com", 0, 0), q("a.com", 0, 0, AAAA), q("a.com", 0, 9), q("a.com", 0, 9, AAAA)], [
      0,
      0,
      1,
      1,
    ]],
    ["a server failed, the next one is asked", [q("a.com", 2, 0), q("a.com", 0, 3)], [0, 0]],
    ["cut, then over TCP", [q("a.com", 0, 0, { truncated: true }), q("a.com", 0, 3, { cookie: "2" })], [0, 0]],
    ["the answer to the second try comes before the first is given up", [q("a.com", 0, 5000), q("a.com", null, 0)], [
      0,
      0,
    ]],
    ["nobody answered for long, asked anew later", [q("a.com", null, 0), q("a.com", 0, 7000)], [0, 1]],
    ["too late", [q("api.local", 3, 0), q("api", 0, 2000)], [0, 1]],
    ["two at the same time on one socket", [q("a.com", 0, 0), q("a.com", 0, 1)], [0, 1]],
    ["the same id again", [q("a.com", 0, 0, again), q("a.com", 0, 900, again)], [0, 0]],
    ["two servers at once", [q("a.com", 0, 0), q("a.com", 0, 0, { tuple: server("10.0.0.54"), cookie: "2" })], [0, 0]],
    ["Go: A and AAAA by different threads", [q("a.com", 0, 0), q("a.com", 0, 0, { ...AAAA, ...elsewhere(1) })], [0, 0]],
    ["two threads ask the same", [q("a.com", 0, 0), q("a.com", 0, 1, elsewhere(1))], [0, 1]],
    ["two threads, each A and AAAA on its socket", [
      q("a.com", 0, 0),
      q("a.com", 0, 1, elsewhere(1)),
      q("a.com", 0, 0, AAAA),
      q("a.com", 0, 1, { ...AAAA, ...elsewhere(1) }),
    ], [0, 1, 0, 1]],
    ["types that do not mix", [q("a.com", 0, 0), q("a.com", 0, 1, { queryType: 15 })], [0, 1]],
    ["another process", [q("a.com", 0, 0), { ...q("a.com", 0, 0, AAAA), owner: { ...q("", 0, 0).owner, pid: 8 } }], [
      0,
      1,
    ]],
    [
      "a pid used again",
      [q("a.com", 0, 0), { ...q("a.com", 0, 1, AAAA), owner: { ...q("", 0, 0).owner, startNs: 6 } }],
      [
        0,
        1,
      ],
    ],
  ];
  for (const [name, events, expected] of rows) assertEquals(grouped(events), expected, name);
});

Deno.test("a look-up is named by the process and the start of the query told first", () => {
  assertEquals(new Resolutions().of(q("a.com", 0, 3)), "7.3000000");
});

Deno.test("100 000 queries of 10 000 processes are told apart in bounded memory", () => {
  const resolutions = new Resolutions();
  const ids = new Set<string>();
  for (let i = 0; i < 100_000; i++) {
    const event = q(`n${i}.com`, 0, i / 10);
    ids.add(resolutions.of({ ...event, owner: { ...event.owner, pid: i % 10_000 } }));
  }
  assertEquals(ids.size, 100_000);
});

Deno.test("sameWithoutSuffix", () => {
  const rows: [string, string, boolean][] = [
    ["api.example.com.svc.cluster.local", "api.example.com", true],
    ["web", "web.ns.svc.cluster.local", true],
    ["web.ns.svc.cluster.local", "web.svc.cluster.local", true],
    ["www.a.com", "www.b.com", false],
    ["web1.a.com", "web.a.com", false],
    ["a.com", "b.com", false],
  ];
  for (const [a, b, same] of rows) assertEquals(sameWithoutSuffix(a, b), same, `${a} ${b}`);
});
