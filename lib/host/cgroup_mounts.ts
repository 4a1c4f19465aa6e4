/** Cgroup hierarchies out of the text of /proc/<pid>/mounts: v2, and v1 by controller. The first mount of each counts. Pure. */
export function parseMounts(mounts: string): { readonly unified: string | null; readonly v1: Map<string, string> } {
  let unified: string | null = null;
  const v1 = new Map<string, string>();
  for (const line of mounts.split("\n")) {
    const [, where = "", type, options = ""] = line.split(" ");
    if (type !== "cgroup" && type !== "cgroup2") continue;
    const path = where.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
    if (type === "cgroup2") unified ??= path;
    for (const option of type === "cgroup" ? options.split(",") : []) {
      if ((CONTROLLERS.has(option) || option.startsWith("name=")) && !v1.has(option)) v1.set(option, path);
    }
  }
  return { unified, v1 };
}

/** Options of a v1 mount that are controllers; the others are `rw`, `nosuid`, `xattr` ... */
const CONTROLLERS = new Set([
  ...["cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids"],
  ...["net_cls", "net_prio", "perf_event", "hugetlb", "rdma", "misc"],
]);
