/** What files and versions say of the kernel, our rights, control groups and clocks. Nothing is tried here; tests give a machine. */
import { parseCgroupMounts } from "../../host/cgroup_dirs.ts";
import { lockdown, type Machine } from "../../host/ebpf_refusal.ts";
import { atLeast, kernelVersion, ok, type Row } from "./row.ts";

export function kernelRows(machine: Machine, release: string): Row[] {
  return [kernelRow(release), btfRow(machine), lockdownRow(machine)];
}

function kernelRow(release: string): Row {
  const version = kernelVersion(release);
  const row = { group: "kernel", check: "kernel version", found: `Linux ${release}` } as const;
  const get = "Boot a newer kernel; distributions carry one as backport or HWE";
  if (!atLeast(version, [5, 8])) {
    return { ...row, state: "missing", costs: "everything: the ring and the hooks are of Linux 5.8", get };
  }
  const lacks = [
    ...(atLeast(version, [6, 3]) ? [] : [
      "who talks over UNIX sockets; on arm64, and where functions may not be traced, when an application read what had arrived (6.3)",
    ]),
    ...(atLeast(version, [6, 18]) ? [] : ["which thread a CPU quota stopped; only its control group is told (6.18)"]),
  ];
  return lacks.length === 0
    ? ok("kernel", "kernel version", row.found)
    : { ...row, state: "degraded", costs: lacks.join("; "), get };
}

function btfRow(machine: Machine): Row {
  const path = "/sys/kernel/btf/vmlinux";
  if (machine.exists(path)) return ok("kernel", "type information (BTF)", path);
  return {
    group: "kernel",
    check: "type information (BTF)",
    state: "degraded",
    found: `no ${path}`,
    costs: "all but DNS, first bytes and retransmissions in their plain form (capability mode bcc_degraded)",
    get: "Boot a kernel built with CONFIG_DEBUG_INFO_BTF=y; distribution kernels since 2021 are",
  };
}

function lockdownRow(machine: Machine): Row {
  const mode = lockdown(machine);
  if (mode !== "confidentiality") return ok("kernel", "lockdown", mode);
  return {
    group: "kernel",
    check: "lockdown",
    state: "degraded",
    found: mode,
    costs: "all but DNS and first bytes in their plain form: the kernel lets no program read its memory",
    get: "Boot with lockdown=integrity or without it",
  };
}

/** Number, name, what its absence costs. CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON. */
const CAPABILITIES = [
  [39, "CAP_BPF", "every probe", "missing"],
  [38, "CAP_PERFMON", "probes that read kernel memory: all but the counters", "missing"],
  [12, "CAP_NET_ADMIN", "probes on packets: DNS, first bytes; and the lab's networks", "missing"],
  [21, "CAP_SYS_ADMIN", "what the probes themselves cost; and the lab's namespaces", "degraded"],
  [24, "CAP_SYS_RESOURCE", "maps larger than the limit on locked memory, before Linux 5.11", "degraded"],
] as const;

const SYS_ADMIN = 21n;

function heldCapabilities(machine: Machine): bigint {
  return BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(machine.read("/proc/self/status") ?? "")?.[1] ?? "0"}`);
}

export function rightsRows(machine: Machine, release: string): Row[] {
  const held = heldCapabilities(machine);
  const has = (bit: number) => (held >> BigInt(bit) & 1n) === 1n;
  const rows = CAPABILITIES.map(([bit, check, costs, state]): Row => {
    if (has(bit)) return ok("rights", check, "held");
    const replaced = has(21) && (check === "CAP_BPF" || check === "CAP_PERFMON");
    if (replaced) return ok("rights", check, "not held; CAP_SYS_ADMIN stands for it");
    if (check === "CAP_SYS_RESOURCE" && atLeast(kernelVersion(release), [5, 11])) {
      return ok("rights", check, "not held, and not needed by this kernel");
    }
    const get = `Run as root; in a container add it: --cap-add ${check.replace("CAP_", "")}`;
    return { group: "rights", check, state, found: "not held", costs, get };
  });
  return [...rows, namespaceRow(machine)];
}

function namespaceRow(machine: Machine): Row {
  const uids = machine.read("/proc/self/uid_map")?.trim().split(/\s+/).join(" ");
  const check = "user namespace";
  if (uids === undefined || uids === "0 0 4294967295") return ok("rights", check, "the initial one");
  return {
    group: "rights",
    check,
    state: "missing",
    found: "one of its own",
    costs: "every probe: root of a user namespace may not load programs",
    get: "Run as root of the host, or in a container with the host's user namespace",
  };
}

/** Where cgroup v2 is, and which hierarchy carries the quota of CPU and memory. */
export function cgroupRows(machine: Machine): Row[] {
  const mounts = machine.read("/proc/self/mounts") ?? "";
  const { cpuV1, unified } = parseCgroupMounts(mounts);
  if (unified === null) {
    const may = (heldCapabilities(machine) >> SYS_ADMIN & 1n) === 1n;
    return [{
      group: "host",
      check: "cgroup v2",
      state: may ? "degraded" : "missing",
      found: may ? "not mounted; the agent mounts it for itself alone" : "not mounted",
      costs: may ? "the lab; names of cgroups by their id" : "probes on packets, and which cgroup an event belongs to",
      get: "Mount it: mount -t cgroup2 none /sys/fs/cgroup",
    }];
  }
  const memoryV1 = mounts.split("\n").map((line) => line.split(" ")).find(([, , type, options = ""]) =>
    type === "cgroup" && options.split(",").includes("memory")
  )?.[1];
  const controllers = (machine.read(`${unified}/cgroup.controllers`) ?? "").split(/\s+/);
  return [
    ok("host", "cgroup v2", unified),
    controllerRow("cpu", cpuV1 ?? undefined, controllers, unified, "CPU quotas: throttling, and its injector"),
    controllerRow("memory", memoryV1, controllers, unified, "memory limits and pressure of a cgroup"),
  ];
}

function controllerRow(
  name: string,
  v1: string | undefined,
  v2: readonly string[],
  unified: string,
  costs: string,
): Row {
  const check = `${name} controller`;
  if (v1 !== undefined) return ok("host", check, `cgroup v1, ${v1}`);
  if (v2.includes(name)) return ok("host", check, `cgroup v2, ${unified}`);
  const get = `Enable it at boot, or remove cgroup_disable=${name} from the kernel's command line`;
  return { group: "host", check, state: "degraded", found: "in no hierarchy", costs, get };
}

/** More than this between the two clocks, and timelines of spans and kernel events no longer fit to 0.1 ms. */
const ANCHOR_LIMIT_NS = 100_000;

/** `errorNs` is how far one reading of both clocks may be off. */
export function clockRows(machine: Machine, errorNs: number): Row[] {
  const source = machine.read("/sys/devices/system/clocksource/clocksource0/current_clocksource")?.trim() ?? "unknown";
  const slow = ["acpi_pm", "hpet", "jiffies", "refined-jiffies", "pit"].includes(source);
  const anchored = `monotonic against real time within ${(errorNs / 1000).toFixed(2)} us`;
  return [
    slow
      ? {
        group: "host",
        check: "clock source",
        state: "degraded",
        found: source,
        costs: "time stamps that take a microsecond each: probes cost more",
        get: "Boot with clocksource=tsc if the machine's TSC is stable",
      }
      : ok("host", "clock source", source),
    errorNs <= ANCHOR_LIMIT_NS ? ok("host", "clocks", anchored) : {
      group: "host",
      check: "clocks",
      state: "degraded",
      found: anchored,
      costs: "spans and kernel events line up no better than that",
      get: "Run it again while the machine is idle",
    },
  ];
}
