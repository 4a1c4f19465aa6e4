/** What a support case needs to know of the machine. Neither its name nor its addresses are among it. */

/** Of /etc/os-release: what names the distribution. */
const OS_KEYS = ["ID", "VERSION_ID", "PRETTY_NAME"];

export function hostFacts(): Record<string, unknown> {
  const os = Object.fromEntries(
    text("/etc/os-release").split("\n").map((line) => line.split("=", 2) as [string, string])
      .filter(([key]) => OS_KEYS.includes(key)).map(([key, value]) => [key, value.replaceAll('"', "")]),
  );
  const memory = Deno.systemMemoryInfo();
  return {
    os,
    kernel: Deno.osRelease(),
    arch: Deno.build.arch,
    cpus: navigator.hardwareConcurrency,
    cpu: /^model name\s*:\s*(.*)$/m.exec(text("/proc/cpuinfo"))?.[1] ?? "unknown",
    memory_mb: { total: mb(memory.total), available: mb(memory.available) },
    load_average: Deno.loadavg(),
    uptime_s: Math.round(Deno.osUptime()),
    uid: Deno.uid(),
    container: container(),
    cgroup_mounts: text("/proc/self/mounts").split("\n").filter((line) => / \/sys\/fs\/cgroup\S* cgroup2? /.test(line)),
    bpf_settings: Object.fromEntries(
      [
        "kernel/unprivileged_bpf_disabled",
        "net/core/bpf_jit_enable",
        "kernel/perf_event_paranoid",
        "kernel/bpf_stats_enabled",
      ]
        .map((name) => [name.split("/").at(-1)!, text(`/proc/sys/${name}`).trim() || null]),
    ),
  };
}

function text(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** The usual marks of container run-times; null outside of one. */
function container(): string | null {
  for (const [path, name] of [["/.dockerenv", "docker"], ["/run/.containerenv", "podman"]] as const) {
    try {
      Deno.lstatSync(path);
      return name;
    } catch {
      // Not this one.
    }
  }
  return text("/proc/1/environ").includes("container=") ? "other" : null;
}

function mb(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
