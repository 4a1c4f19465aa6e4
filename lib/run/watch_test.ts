import { assertEquals } from "@std/assert";
import { KIND } from "../decode/wire.gen.ts";
import { dropsByName } from "./watch_drops.ts";
import { signalsMissing } from "./watch_missing.ts";
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

Deno.test("signalsMissing names what an older kernel cannot tell", () => {
  const all = ["stream", "runqueue_delay"];
  const table: [string[], boolean, string, string[]][] = [
    [all, true, "6.18.44-cloud", []],
    [all, true, "7.0.0", []],
    [all, true, "6.12.1", ["cfs_throttled_ms"]],
    [all, false, "5.10.0-30-cloud-amd64", ["socket_wait_ms", "cfs_throttled_ms"]],
    [["dns_latency"], false, "5.10.0", []],
  ];
  for (const [attached, haveRead, release, expected] of table) {
    assertEquals(signalsMissing(attached, haveRead, release).map(({ probe }) => probe), expected, release);
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
