import { assertEquals } from "@std/assert";
import type { ConnectEvent, DnsEvent } from "../model/kernel_event.ts";
import { ConnectFailures } from "./connect_failures.ts";
import { DnsFailures } from "./dns_failures.ts";
import { connect, dns, tcp } from "./fixture.ts";

/** Of the one look-up "7.0", unless told otherwise. */
const q = (queryName: string, rcode: number | null, atMs: number, change: Partial<DnsEvent> = {}) =>
  dns(7, atMs, rcode === null ? 5000 : 2, { queryName, rcode, resolution: "7.0", ...change });

Deno.test("only look-ups that got no good answer failed", () => {
  const AAAA = { queryType: 28 };
  const OTHER = { resolution: "7.1" };
  const rows: [string, DnsEvent[], string[]][] = [
    ["no such name", [q("nosuch.example", 3, 0), q("nosuch.example", 3, 1, AAAA)], [
      "nosuch.example 3",
      "nosuch.example 3",
    ]],
    ["search list", [q("api.x.com.svc.local", 3, 0), q("api.x.com.local", 3, 5), q("api.x.com", 0, 9)], []],
    ["search list, all bad", [q("api.svc.local", 3, 0), q("api", 3, 4)], ["api.svc.local 3", "api 3"]],
    ["search list, no record", [q("api.svc.local", 0, 0, { answers: 0 }), q("api", 3, 4)], ["api 3"]],
    ["case and final dot", [q("API.x.com", 2, 0), q("api.x.com.", 0, 3)], []],
    ["another look-up's answer", [q("a.com.local", 3, 0), q("a.com", 0, 1, OTHER)], ["a.com.local 3"]],
    ["no look-up known", [q("a.com", 2, 0, { resolution: undefined }), q("a.com", 0, 1)], ["a.com 2"]],
    ["AAAA error, A good", [q("a.com", 2, 0, AAAA), q("a.com", 0, 1)], []],
    ["A error, AAAA good", [q("a.com", 2, 0), q("a.com", 0, 1, AAAA)], ["a.com 2"]],
    ["answered on retry", [q("a.com", 2, 0), q("a.com", 0, 100)], []],
    ["answered over TCP", [q("a.com", 0, 0, { truncated: true }), q("a.com", 0, 3)], []],
    ["cut, then nothing over TCP", [q("a.com", 0, 0, { truncated: true }), q("a.com", null, 3)], ["a.com null"]],
    ["one good answer, two failures", [q("a.com", 2, 0), q("a.com", 2, 10), q("a.com", 0, 100)], ["a.com 2"]],
    ["a good answer before is no retry", [q("a.com", 0, 0), q("a.com", 5, 100)], ["a.com 5"]],
    ["nobody answered, then a retry", [q("a.com", null, 0), q("a.com", 0, 5000)], ["a.com null"]],
    ["two resolvers at once", [q("a.com", 0, 1), q("a.com", null, 0)], []],
    ["AAAA given up, A good", [q("a.com", null, 0, { ...AAAA, abandoned: true }), q("a.com", 0, 5)], []],
    ["AAAA without an answer, A good", [q("a.com", null, 0, AAAA), q("a.com", 0, 5)], ["a.com null"]],
    ["given up", [q("a.com", null, 0, { abandoned: true })], ["a.com null"]],
    ["reverse lookup without a name", [q("1.0.0.10.in-addr.arpa", 3, 0, { queryType: 12 })], []],
    ["judged as time goes by", [q("a.com", 3, 0), q("b.com", 0, 9000, OTHER)], ["a.com 3"]],
  ];
  for (const [name, events, expected] of rows) {
    const failed: string[] = [];
    const failures = new DnsFailures((event) => failed.push(`${event.queryName} ${event.rcode}`));
    for (const event of events) failures.add(event);
    failures.finish();
    assertEquals(failed, expected, name);
    assertEquals(failures.excused + failed.length, events.filter((e) => e.rcode !== 0).length, name);
  }
});

Deno.test("an IPv6 attempt that IPv4 made good is no failure", () => {
  const v6 = (atMs: number) => connect(7, atMs, 0.1, { errno: 111, tuple: tcp("::1", 80) });
  const v4 = (atMs: number, errno = 0, ip = "127.0.0.1") => connect(7, atMs, 0.1, { errno, tuple: tcp(ip, 80) });
  const v6ok = (atMs: number) => connect(7, atMs, 0.1, { tuple: tcp("::1", 80) });
  const rows: [string, ConnectEvent[], number][] = [
    ["localhost", [v6(0), v4(1)], 0],
    ["happy eyeballs, IPv4 won first", [v4(0), v6(1)], 0],
    ["both refused", [v6(0), v4(1, 111)], 2],
    ["too late", [v6(0), v4(3000)], 1],
    ["two at once, the slower given up", [v4(0, 125), v6ok(1)], 0],
    ["given up, and nothing reached", [v4(0, 125)], 1],
    ["one backend of two is down", [v4(0, 111, "10.0.0.1"), v4(1, 0, "10.0.0.2")], 1],
  ];
  for (const [name, events, expected] of rows) {
    let failed = 0;
    const failures = new ConnectFailures(() => failed++);
    for (const event of events) failures.add(event);
    failures.finish();
    assertEquals(failed, expected, name);
  }
});
