import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Machine } from "../../host/ebpf_refusal.ts";
import { cgroupRows, clockRows, kernelRows, rightsRows } from "./machine.ts";
import { renderRows } from "./render.ts";
import type { Row } from "./row.ts";
import { trialRows } from "./trial_rows.ts";

const UNIFIED = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n";
const FILES: Record<string, string> = {
  "/proc/self/status": "CapEff:\t000001ffffffffff\n",
  "/proc/self/uid_map": "         0          0 4294967295\n",
  "/proc/self/mounts": UNIFIED,
  "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory\n",
  "/sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
  "/sys/kernel/btf/vmlinux": "",
};

/** A good machine, but for some files; null: it is not there. */
function machine(changes: Record<string, string | null> = {}): Machine {
  const read = (path: string) => path in changes ? changes[path]! : FILES[path] ?? null;
  return { os: "linux", uid: 0, read, exists: (path) => read(path) !== null };
}

/** Checks whose state is not ok, with their state. */
function bad(rows: readonly Row[]): [string, string][] {
  for (const { state, costs, get } of rows) {
    assertEquals(
      [costs === undefined, get === undefined],
      [state === "ok", state === "ok"],
      "what is not well says so",
    );
  }
  return rows.filter(({ state }) => state !== "ok").map(({ check, state }) => [check, state]);
}

Deno.test("kernel rows", () => {
  const table: [string, Record<string, string | null>, [string, string][]][] = [
    ["6.18.5-cloud", {}, []],
    ["6.1.0-13-amd64", {}, [["kernel version", "degraded"]]],
    ["6.10.1", {}, [["kernel version", "degraded"]]],
    ["5.4.0", {}, [["kernel version", "missing"]]],
    ["6.18.0", { "/sys/kernel/btf/vmlinux": null }, [["type information (BTF)", "degraded"]]],
    ["6.18.0", { "/sys/kernel/security/lockdown": "none integrity [confidentiality]" }, [["lockdown", "degraded"]]],
    ["6.18.0", { "/sys/kernel/security/lockdown": "none [integrity] confidentiality" }, []],
  ];
  for (const [release, files, expected] of table) {
    assertEquals(bad(kernelRows(machine(files), release)), expected, release);
  }
});

Deno.test("rights rows, one a capability", () => {
  const held = (...bits: number[]) => ({
    "/proc/self/status": `CapEff:\t${bits.reduce((sum, bit) => sum | 1n << BigInt(bit), 0n).toString(16)}\n`,
  });
  const table: [string, Record<string, string | null>, [string, string][]][] = [
    ["6.18.0", {}, []],
    ["6.18.0", held(21, 12), []],
    ["5.8.0", held(21, 12), [["CAP_SYS_RESOURCE", "degraded"]]],
    ["6.18.0", held(39, 38, 12), [["CAP_SYS_ADMIN", "degraded"]]],
    ["6.18.0", held(39, 12), [["CAP_PERFMON", "missing"], ["CAP_SYS_ADMIN", "degraded"]]],
    ["6.18.0", { "/proc/self/uid_map": "0 1000 1\n" }, [["user namespace", "missing"]]],
  ];
  for (const [release, files, expected] of table) {
    assertEquals(bad(rightsRows(machine(files), release)), expected, JSON.stringify(files));
  }
  assertEquals(bad(rightsRows(machine({ "/proc/self/status": null }), "6.18.0")).length, 4);
});

Deno.test("cgroup and clock rows say where things live", () => {
  const hybrid = "cgroup /c/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\ncgroup /c/memory cgroup rw,memory 0 0\n" +
    "cgroup2 /c/unified cgroup2 rw 0 0\n";
  const found = (mounts: string) => cgroupRows(machine({ "/proc/self/mounts": mounts })).map((row) => row.found);
  assertEquals(found(UNIFIED), ["/sys/fs/cgroup", "cgroup v2, /sys/fs/cgroup", "cgroup v2, /sys/fs/cgroup"]);
  assertEquals(found(hybrid), ["/c/unified", "cgroup v1, /c/cpu,cpuacct", "cgroup v1, /c/memory"]);
  assertEquals(bad(cgroupRows(machine({ "/proc/self/mounts": "" }))), [["cgroup v2", "degraded"]]);
  const powerless = machine({ "/proc/self/mounts": "", "/proc/self/status": "CapEff:\t0\n" });
  assertEquals(bad(cgroupRows(powerless)), [["cgroup v2", "missing"]]);
  const without = machine({ "/sys/fs/cgroup/cgroup.controllers": "cpu" });
  assertEquals(bad(cgroupRows(without)), [["memory controller", "degraded"]]);

  const source = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  assertEquals(bad(clockRows(machine(), 200)), []);
  assertEquals(bad(clockRows(machine({ [source]: "hpet\n" }), 2e6)), [["clock source", "degraded"], [
    "clocks",
    "degraded",
  ]]);
});

Deno.test("trial rows: a hook kind, the ring, a probe", () => {
  const one = (probe: string, program: string, hook: string, refusal: string | null, optional = false) => ({
    probe,
    program,
    hook,
    refusal,
    optional,
  });
  const trial = {
    ring: 4 * 2 ** 20,
    plain: [],
    programs: [
      one("dns_latency", "a", "cgroup_skb/egress", null),
      one("dns_latency", "b", "cgroup_skb/ingress", null),
      one("stream", "c", "tp_btf/x", "EPERM, not permitted"),
      one("stream", "d", "cgroup_skb/ingress", null),
      one("runqueue_delay", "e", "tp_btf/y", null),
      one("runqueue_delay", "f", "tp_btf/z", "this kernel has no tracepoint z", true),
    ],
  };
  const rows = trialRows(trial);
  const of = (check: string) => rows.find((row) => row.check.startsWith(check))!;
  assertEquals([of("cgroup_skb").state, of("cgroup_skb").found], ["ok", "3 of 3 programs load and attach"]);
  assertEquals([of("tp_btf").state, of("tp_btf").costs], ["degraded", "programs of stream, runqueue_delay"]);
  assertEquals(of("dns_latency").state, "ok");
  assertEquals([of("stream").state, of("stream").get], ["missing", "Get the rights named above"]);
  assertEquals(of("runqueue_delay").state, "degraded");
  assertEquals([of("connect_latency").state, of("connect_latency").found], ["missing", "not built"]);
  assertEquals(of("ring buffer").found, "4 MiB made and mapped");
  const plain = trialRows({ ...trial, plain: ["stream"] }).find((row) => row.check === "stream")!;
  assertEquals([plain.state, plain.found], ["degraded", "c: EPERM, not permitted; its plain form attaches"]);
  assertEquals(trialRows({ ...trial, ring: "refused" }).find((row) => row.check === "ring buffer")!.state, "missing");
});

Deno.test("what a person sees", () => {
  const rows: Row[] = [
    { group: "kernel", check: "kernel version", state: "ok", found: "Linux 6" },
    {
      group: "tools",
      check: "nft",
      state: "missing",
      found: "not installed",
      costs: "a fault",
      get: "Install it: apt",
    },
  ];
  assertEquals(
    renderRows(rows, { color: false, width: 80 }),
    `Kernel
  ok        kernel version  Linux 6

Tools of the lab
  missing   nft             not installed
                            costs: a fault
                            fix: Install it: apt

1 check well, 0 degraded, 1 missing.
`,
  );
  for (const line of renderRows(rows, { color: false, width: 60 }).split("\n")) assert(line.length <= 60, line);
  assertStringIncludes(renderRows(rows, { color: true, width: 80 }), "\x1b[31mmissing");
});
