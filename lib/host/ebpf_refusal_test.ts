import { assertEquals } from "@std/assert";
import { ebpfRefusal, type Machine } from "./ebpf_refusal.ts";

const files: Readonly<Record<string, string>> = {
  "/sys/kernel/btf/vmlinux": "",
  "/usr/lib/x86_64-linux-gnu/libbpf.so.1": "",
  "/proc/self/status": "Name:\tdeno\nCapEff:\t000001ffffffffff\n",
  "/proc/self/uid_map": "         0          0 4294967295\n",
  "/sys/kernel/security/lockdown": "[none] integrity confidentiality\n",
};

/** A machine that can, with some files changed (null: gone). */
function machine(changes: Record<string, string | null> = {}, rest: Partial<Machine> = {}): Machine {
  const all: Record<string, string | null> = { ...files, ...changes };
  return {
    os: "linux",
    uid: 0,
    read: (path) => all[path] ?? null,
    exists: (path) => (all[path] ?? null) !== null,
    ...rest,
  };
}

Deno.test("ebpfRefusal names what is missing", () => {
  const table: [Machine, string | null][] = [
    [machine(), null],
    [machine({}, { os: "darwin" }), "needs Linux, this is darwin"],
    [machine({}, { uid: 1000 }), "needs root"],
    [machine({ "/sys/kernel/btf/vmlinux": null }), "the kernel has no BTF (/sys/kernel/btf/vmlinux)"],
    [machine({ "/usr/lib/x86_64-linux-gnu/libbpf.so.1": null }), "libbpf.so.1 is not installed"],
    [
      machine({ "/proc/self/status": "CapEff:\t00000000a80425fb\n" }),
      "needs CAP_BPF, which this container withholds",
    ],
    [machine({ "/proc/self/uid_map": "0 1000 1\n" }), "needs root outside of a user namespace"],
    [
      machine({ "/sys/kernel/security/lockdown": "none integrity [confidentiality]\n" }),
      "the kernel is locked down (confidentiality)",
    ],
    [machine({ "/sys/kernel/security/lockdown": null, "/proc/self/uid_map": null }), null],
  ];
  for (const [given, expected] of table) assertEquals(ebpfRefusal(given), expected);
});
