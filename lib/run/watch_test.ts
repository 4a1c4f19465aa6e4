import { assertEquals } from "@std/assert";
import { KIND } from "../decode/wire.gen.ts";
import { dropsByName, dropsBySignal, keptShare } from "./watch_drops.ts";
import { type Lacking, signalsMissing } from "./watch_missing.ts";
import { lackingCapabilities } from "./watch_rights.ts";

Deno.test("dropsByName adds the kinds of a probe, tells zeros, and keeps refusals apart", () => {
  const lost: number[] = [];
  lost[KIND.dns] = 0;
  lost[KIND.exchange] = 2;
  lost[KIND.gap] = 3;
  lost[KIND.kinds] = 1; // a kind this reader does not know
  const untracked: number[] = [];
  untracked[KIND.dns] = 6;
  const zeros = (counts: number[]) => [...counts].map((n) => n ?? 0);
  assertEquals(dropsByName(["dns_latency", "stream"], zeros(lost), { wrong_size: 4 }, zeros(untracked)), {
    dns_latency: 0,
    dns_latency_table_full: 6,
    stream: 5,
    [`kind_${KIND.kinds}`]: 1,
    decode_wrong_size: 4,
  });
});

Deno.test("dropsBySignal adds what the ring and the tables lost of each signal", () => {
  const ring: number[] = [];
  ring[KIND.exchange] = 2;
  ring[KIND.gap] = 3;
  const tables: number[] = [];
  tables[KIND.exchange] = 4;
  tables[KIND.dns] = 0;
  const whole = (counts: number[]) => [...counts].map((n) => n ?? 0);
  assertEquals(dropsBySignal(whole(ring), whole(tables)), { stream_ttft_ms: 6, stream_gap_ms: 3 });
});

Deno.test("keptShare: the probe that lost most counts", () => {
  const told = { dns: 90, exchange: 50, gap: 50 };
  const table: [Record<string, number>, number][] = [
    [{}, 1],
    [{ dns_latency: 0, stream: 0 }, 1],
    [{ dns_latency: 10 }, 0.9],
    [{ dns_latency: 10, stream: 300 }, 0.25],
    [{ stream: 50, stream_table_full: 250 }, 0.25],
    [{ decode_short: 10 }, 0.95],
    [{ connect_latency: 1 }, 0],
  ];
  for (const [drops, expected] of table) assertEquals(keptShare(told, drops), expected, JSON.stringify(drops));
});

Deno.test("signalsMissing names what this kernel cannot tell, and what nobody asked for", () => {
  const nothing = {
    attached: ["stream", "runqueue_delay"],
    haveRead: true,
    plain: [],
    throttledByGroup: false,
    noQuotas: false,
    callsWithoutTarget: false,
    steal: null,
  };
  const table: [Partial<Lacking>, string[]][] = [
    [{}, []],
    [{ throttledByGroup: true }, ["cfs_throttled_ms"]],
    [{ throttledByGroup: true, noQuotas: true }, ["cfs_throttled_ms"]],
    [{ noQuotas: true }, []],
    [{ haveRead: false, throttledByGroup: true }, ["socket_wait_ms", "cfs_throttled_ms"]],
    [{ haveRead: false, attached: ["dns_latency"] }, []],
    [{ callsWithoutTarget: true }, ["syscall_latency_ms"]],
    [{ steal: "none since boot" }, ["cpu_steal_pct"]],
  ];
  for (const [change, expected] of table) {
    const missing = signalsMissing({ ...nothing, ...change });
    assertEquals(missing.map(({ probe }) => probe), expected);
    assertEquals(missing.filter(({ by_choice }) => by_choice).length, change.callsWithoutTarget ? 1 : 0);
  }
});

Deno.test("lackingCapabilities: root lacks nothing, a plain container most of it", () => {
  const table: [string, string[]][] = [
    ["000001ffffffffff", []],
    ["0000000000000000", ["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"]],
    ["00000000a80425fb", ["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"]], // docker's default set
    [(1n << 21n).toString(16), ["CAP_NET_ADMIN"]], // SYS_ADMIN stands for the other two
    [(1n << 39n | 1n << 12n).toString(16), ["CAP_PERFMON"]],
  ];
  for (const [capEff, expected] of table) assertEquals(lackingCapabilities(capEff), expected, capEff);
});
