import { assertEquals } from "@std/assert";
import { parseMounts } from "./cgroup_mounts.ts";
import { hostView } from "./host_view.ts";

const MOUNTS = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n";
const FIRST = { pid: 1, cgroup: 2 };

interface Fake {
  readonly self: Readonly<Record<string, number>>;
  readonly one?: Readonly<Record<string, number>>;
  readonly pid?: string;
}

/** A procfs with the namespaces of ourselves and of pid 1. */
async function fakeProc(folder: string, { self, one, pid = "42" }: Fake): Promise<string> {
  const dir = `${folder}/proc`;
  const links = async (who: string, namespaces: Readonly<Record<string, number>>) => {
    await Deno.mkdir(`${dir}/${who}/ns`, { recursive: true });
    for (const [name, number] of Object.entries(namespaces)) {
      await Deno.symlink(`${name}:[${number}]`, `${dir}/${who}/ns/${name}`);
    }
    await Deno.writeTextFile(`${dir}/${who}/mounts`, MOUNTS);
  };
  await links(pid, self);
  await Deno.symlink(pid, `${dir}/self`);
  if (one !== undefined) await links("1", one);
  await Deno.writeTextFile(`${dir}/1/stat`, "1 (init) S").catch(() => {});
  return dir;
}

async function inFolder(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "sloctl-host-" });
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("hostView: on the host everything is our own", () =>
  inFolder(async (dir) => {
    const proc = await fakeProc(dir, { self: { pid: 1, cgroup: 2, mnt: 3 }, one: { pid: 1, cgroup: 2, mnt: 3 } });
    const { root, hostPids, foreignCgroups, hostCgroups, selfPid, cgroups } = hostView({ proc, first: FIRST });
    assertEquals({ root, hostPids, foreignCgroups, hostCgroups, selfPid }, {
      root: "",
      hostPids: true,
      foreignCgroups: false,
      hostCgroups: true,
      selfPid: 42,
    });
    assertEquals(cgroups.unified, "/sys/fs/cgroup");
  }));

Deno.test("hostView: kubectl debug shares pids; files and control groups are seen through pid 1", () =>
  inFolder(async (dir) => {
    const proc = await fakeProc(dir, { self: { pid: 1, cgroup: 7, mnt: 8 }, one: { pid: 1, cgroup: 2, mnt: 3 } });
    await Deno.mkdir(`${dir}/proc/1/root/proc`, { recursive: true });
    const view = hostView({ proc, first: FIRST });
    assertEquals(view.root, `${dir}/proc/1/root`);
    assertEquals([view.hostPids, view.foreignCgroups, view.hostCgroups], [true, true, true]);
    assertEquals(view.cgroups.unified, `${dir}/proc/1/root/sys/fs/cgroup`);
    assertEquals(view.proc, proc);
  }));

Deno.test("hostView: a container that shares nothing says so", () =>
  inFolder(async (dir) => {
    const proc = await fakeProc(dir, {
      self: { pid: 5, cgroup: 7, mnt: 8 },
      one: { pid: 5, cgroup: 7, mnt: 8 },
      pid: "9",
    });
    const view = hostView({ proc, first: FIRST, hostRoot: "" });
    assertEquals([view.root, view.hostPids, view.foreignCgroups, view.hostCgroups], ["", false, true, false]);
    assertEquals(view.selfPid, null, "our pid in the records is not the one we know");
  }));

Deno.test("hostView: a host's file system that is mounted brings the host's procfs, and our pid in it", () =>
  inFolder(async (dir) => {
    const proc = await fakeProc(`${dir}/own`, {
      self: { pid: 5, cgroup: 7, mnt: 8 },
      one: { pid: 5, cgroup: 7, mnt: 8 },
      pid: "9",
    });
    const host = `${dir}/host`;
    await fakeProc(host, { self: { pid: 5 }, one: { pid: 1 }, pid: "31337" });
    const view = hostView({ proc, first: FIRST, hostRoot: `${host}/` });
    assertEquals([view.proc, view.hostPids, view.selfPid], [`${host}/proc`, true, 31337]);
    assertEquals(view.cgroups.unified, `${host}/sys/fs/cgroup`);
  }));

Deno.test("parseMounts: v1 by controller and by name, v2, options that are none", () => {
  const { unified, v1 } = parseMounts(
    "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,cpu,cpuacct 0 0\n" +
      "cgroup /sys/fs/cgroup/systemd cgroup rw,xattr,name=systemd 0 0\n" +
      "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nsdelegate 0 0\n" +
      "cgroup /mnt/second cgroup rw,cpu 0 0\nproc /proc proc rw 0 0\n",
  );
  assertEquals(unified, "/sys/fs/cgroup/unified");
  assertEquals([...v1], [
    ["cpu", "/sys/fs/cgroup/cpu,cpuacct"],
    ["cpuacct", "/sys/fs/cgroup/cpu,cpuacct"],
    ["name=systemd", "/sys/fs/cgroup/systemd"],
  ]);
});
