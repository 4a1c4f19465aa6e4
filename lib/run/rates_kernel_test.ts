/**
 * What survives high rates: 200 000 context switches and 50 000 packets a second, for 3 s; SLOCTL_RATES_SECONDS makes it longer. The
 * counts are those of the programs that make the load, and the kernel's own.
 */
import { assert, assertEquals } from "@std/assert";
import type { KernelEvent } from "../model/kernel_event.ts";
import { total } from "../model/histogram.ts";
import { kernelTest } from "../testing/kernel.ts";
import { assertNear } from "../testing/near.ts";
import { rates } from "../../deploy/load/rates.ts";
import { missingTool } from "../testing/unless.ts";
import { only, watched } from "../testing/watched.ts";

const noClang = await missingTool("clang", "apt-get install clang");
const SECONDS = Number(Deno.env.get("SLOCTL_RATES_SECONDS") ?? 3);
const [SWITCHES, PACKETS, QUERIES, CONNECTS, FULL] = [200_000, 50_000, 500, 300, 20];

/** Time that threads waited for a CPU, in long waits told by themselves and in sums of short ones. */
function waitedNs(events: readonly KernelEvent[]): number {
  return events.reduce(
    (ns, event) =>
      ns + (event.kind === "runq" ? event.tsNs - event.startNs : event.kind === "wait_sum" ? event.runqNs : 0),
    0,
  );
}

kernelTest(
  `at ${SWITCHES} context switches and ${PACKETS} packets a second everything that is told one by one is told`,
  async () => {
    await using load = await rates();
    let did: Readonly<Record<string, number>> = {};
    const seen = await watched(async () => {
      did = Object.assign(
        {},
        ...await Promise.all([
          load.run("switches", SWITCHES, SECONDS),
          load.run("packets", PACKETS, SECONDS),
          load.run("dns", QUERIES, SECONDS),
          load.run("connects", CONNECTS, SECONDS),
          load.run("syns", FULL, SECONDS),
        ]),
      );
    }, { clocks: false }); // as an agent watches
    const ours = (kind: KernelEvent["kind"]) => only(seen, kind, ({ owner }) => owner.comm === load.comm);
    assertEquals(seen.lost, 0);
    assertEquals(ours("dns").length, did.queries);
    assertEquals(ours("connect").length, did.connects! + did.sockets!);
    const again = ours("retransmit").reduce(
      (sum, event) => sum + (event.kind === "retransmit" ? event.segments : 0),
      0,
    );
    assert(again >= did.sockets!, `${again} segments sent again by ${did.sockets} sockets`);
    assertEquals(again, did.resent);
    // After they have read their accounts they end, and wait for a CPU once more to do so.
    const theirs = seen.events.filter(({ kind, tsNs }) => kind !== "runq" || tsNs <= did.at_ns!);
    const told = waitedNs(theirs.filter(({ owner }) => owner.pid === did.pid || owner.pid === did.other));
    assertNear(told, did.delay_ns!, 0.02, "time that the two on one CPU waited for it");
  },
  { needs: () => noClang, timeoutMs: 60_000 + 2000 * SECONDS },
);

kernelTest("turns beyond what is told one by one are in tallies: none is lost, none is told twice", async () => {
  await using load = await rates();
  let did: Readonly<Record<string, number>> = {};
  const seen = await watched(async () => {
    did = await load.run("turns", 0, 1);
  }, { comm: load.comm, probes: ["stream"], thresholds: { turnsPerSecond: 1000 } });
  const firsts = only(seen, "exchange", ({ phase }) => phase === "first").length;
  const tallies = only(seen, "tally");
  const tallied = tallies.reduce((sum, { counts }) => sum + total(counts), 0);
  assertEquals([seen.lost, firsts + tallied], [0, 2 * did.rounds!]);
  assert(firsts >= 500 && tallied > 0, `${firsts} told, ${tallied} tallied`);
  assertEquals(new Set(tallies.map(({ of }) => of.kind === "turn" ? of.role : of.kind)), new Set(["client", "server"]));
  const ends = only(seen, "exchange", ({ phase }) => phase === "end").length;
  assertEquals(ends, firsts);
}, { needs: () => noClang });
