import { assertEquals } from "@std/assert";
import { parseCgroupMounts } from "./cgroup_dirs.ts";

Deno.test("parseCgroupMounts finds the hierarchies wherever they are", () => {
  const rows: [string, string, { cpuV1: string | null; unified: string | null }][] = [
    ["pure v2", "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n", { cpuV1: null, unified: "/sys/fs/cgroup" }],
    [
      "hybrid, cpu alone",
      "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\ncgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0\n" +
      "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n",
      { cpuV1: "/sys/fs/cgroup/cpu", unified: "/sys/fs/cgroup/unified" },
    ],
    [
      "hybrid, cpu with cpuacct, a space in the path",
      "cgroup /mnt/c\\040g cgroup rw,cpu,cpuacct 0 0\n",
      { cpuV1: "/mnt/c g", unified: null },
    ],
    ["none", "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n", { cpuV1: null, unified: null }],
  ];
  for (const [name, mounts, expected] of rows) assertEquals(parseCgroupMounts(mounts), expected, name);
});
