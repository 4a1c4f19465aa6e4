import { assert, assertEquals } from "@std/assert";
import type { KernelEvent } from "../model/kernel_event.ts";
import { validate } from "../report/validate.ts";
import { diagnose } from "./diagnosis.ts";
import { connect, CONTEXT, dns, firstByte, owner, retransmit, tcp } from "./fixture.ts";

const many = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
const lookups = (count: number, tookMs: number, pid = 1, resolver = "10.0.0.53") =>
  many(
    count,
    (i) => dns(pid, 100 * i, tookMs, { owner: owner(pid), tuple: { ...tcp(resolver, 53), protocol: "udp" } }),
  );
const toResolver = (tookMs: number) =>
  connect(9, 0, tookMs, { owner: owner(9, "probe"), tuple: tcp("10.0.0.53", 853) });

/** What stands behind the number of queries or requests, in the sentence of the worst finding. */
function why(events: KernelEvent[]): string {
  const { findings } = diagnose(events, CONTEXT);
  const slow = findings.find(({ kind }) => kind === "dns_latency_ms" || kind === "stream_ttft_ms");
  return /(?:queries|query|requests?)(;.*)?$/.exec(slow?.sentence ?? "none")?.[1] ?? "";
}

Deno.test("the sentence says whose fault it is, where the same run shows it, and nothing where it does not", () => {
  const table: [string, KernelEvent[], string][] = [
    ["nothing to compare with", lookups(12, 152), ""],
    [
      "a near resolver",
      [toResolver(0.3), ...lookups(12, 152)],
      "; the resolver 10.0.0.53 is slow, not the network (RTT 0.30 ms)",
    ],
    ["a far resolver", [toResolver(140), ...lookups(12, 152)], "; the network is slow (RTT 140 ms)"],
    ["in between", [toResolver(40), ...lookups(12, 152)], ""],
    [
      "it can be quick",
      [...lookups(12, 152), dns(1, 5000, 0.4)],
      "; the resolver 10.0.0.53 is slow, not the network: the quickest took 0.40 ms",
    ],
    [
      "other resolvers",
      [...lookups(12, 152), ...lookups(9, 3, 2, "10.0.0.99")],
      "; elsewhere it took 3.00 ms (median)",
    ],
    ["too few others", [...lookups(12, 152), ...lookups(4, 3, 2, "10.0.0.99")], ""],
    [
      "losses",
      [
        toResolver(0.3),
        ...lookups(12, 152),
        ...many(9, (i) => dns(1, i * 50, 5000, { rcode: null, queryName: `q${i}` })),
      ],
      "; 9 queries to it got no answer at all",
    ],
    [
      "a near server",
      [connect(1, 0, 0.2), ...many(5, (i) => firstByte(1, 1000 * i, 900))],
      "; the server is slow, not the network (RTT 0.20 ms)",
    ],
    [
      "a lossy line to a server",
      [connect(1, 0, 0.2), retransmit(1, 10, 4), ...many(5, (i) => firstByte(1, 1000 * i, 900))],
      "; 4 segments to it had to be sent again",
    ],
  ];
  for (const [name, events, expected] of table) assertEquals(why(events), expected, name);
});

Deno.test("what others get from the same peer in a fifth of the time is a finding under the hint too", () => {
  const alone = diagnose(lookups(12, 30), CONTEXT);
  assertEquals(alone.findings, []);
  const { findings: [worst, ...rest] } = diagnose([...lookups(12, 30), ...lookups(20, 2, 2)], CONTEXT);
  assertEquals([worst?.process.pid, rest.length, worst?.harm_ms], [1, 0, 336]);
  assertEquals(worst?.compared_with, "2.00 ms (median of 20) by 1 other process");
  // Distance is no fault: another peer is farther away, and that is all.
  assertEquals(diagnose([...lookups(12, 30), ...lookups(20, 2, 2, "10.0.0.99")], CONTEXT).findings, []);
  // Nor is what nobody would feel.
  assertEquals(diagnose([...lookups(12, 9), ...lookups(20, 0.5, 2)], CONTEXT).findings, []);
});

Deno.test("what exceeds the hint is told with what the run saw elsewhere", () => {
  const events = [...lookups(12, 152), ...lookups(8, 6, 2), ...lookups(9, 3, 3, "10.0.0.99")];
  const { findings: [worst] } = diagnose(events, CONTEXT);
  assertEquals(
    worst?.compared_with,
    "hint 40 ms; 6.00 ms (median of 8) by 1 other process; 3.00 ms (median of 9) with 1 other peer",
  );
  assertEquals(worst?.elsewhere, {
    other_processes: { p50: 6, count: 8, of: 1 },
    other_peers: { p50: 3, count: 9, of: 1 },
  });
  assertEquals(validate("diagnosis/v1", diagnose([toResolver(0.3), ...events], CONTEXT)), []);
  assert(worst!.sentence.endsWith("elsewhere it took 3.00 ms (median)"), worst!.sentence);
});
