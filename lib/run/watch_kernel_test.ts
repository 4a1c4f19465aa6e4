/** Whom a watch sees when it is told in cgroups, and where an ended process lived. */
import { assert, assertEquals } from "@std/assert";
import { cgroupRoots, makeCgroup, removeCgroupTree } from "../host/cgroup_dirs.ts";
import { hostClock } from "../host/clock.ts";
import { exec } from "../host/exec.ts";
import { CgroupTree } from "../identity/cgroup_tree.ts";
import { kernelTest } from "../testing/kernel.ts";
import { delay, only, watched } from "../testing/watched.ts";
import { watchKernel } from "./watch.ts";

kernelTest("--cgroup sees what runs in a cgroup and below it, and nothing else", async () => {
  const name = `sloctl-watch-${Deno.pid}`;
  const cgroup = makeCgroup(cgroupRoots(), name);
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const inside = (dir: string) => exec("sh", "-c", 'echo $$ > "$1/cgroup.procs"; exec curl -s "$2"', "sh", dir, url);
  try {
    for (const path of [cgroup.unified, `/${name}`, name]) {
      const seen = await watched(async () => {
        for (let i = 0; i < 3; i++) await inside(cgroup.unified);
        for (let i = 0; i < 2; i++) await exec("curl", "-s", url);
      }, { cgroupPaths: [path] });
      const connects = only(seen, "connect");
      assertEquals(connects.length, 3, path);
      assert(connects.every(({ owner }) => owner.comm === "curl" && owner.cgroupId === cgroup.id));
      // A directory made meanwhile is found within a second.
      const child = `${cgroup.unified}/child`;
      const below = await watched(async () => {
        Deno.mkdirSync(child);
        await delay(1200);
        await inside(child);
      }, { cgroupPaths: [path] });
      assertEquals(only(below, "connect").length, 1, path);
      Deno.removeSync(child);
    }
    const tree = new CgroupTree({ unified: cgroupRoots().unified, v1: new Map() });
    assertEquals([tree.path(cgroup.id), tree.path(0n)], [`/${name}`, undefined]);
  } finally {
    for (const dir of new Set([cgroup.cpu, cgroup.unified])) await removeCgroupTree(dir);
  }
});

kernelTest("a watch begins when its programs are on their hooks, and not when it began to load them", () => {
  const links: number[] = [];
  const clock = { ...hostClock, read: () => (links.push(linksHeld()), hostClock.read()) };
  using watch = watchKernel({ timers: false, steal: false, clock }, () => {});
  assert(watch.coverage.attached.length > 0);
  assertEquals([links[0], links.at(-1)], [0, linksHeld()]);
});

/** Links to hooks of the kernel that this process has open. */
function linksHeld(): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`).includes("bpf_link");
    } catch {
      return false; // the directory's own
    }
  }).length;
}

kernelTest("a v1 cgroup is watched by the processes in it, also those that come later", async () => {
  const roots = cgroupRoots();
  const name = `sloctl-watch-v1-${Deno.pid}`;
  const cgroup = makeCgroup(roots, name);
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
  // Waits for the once-a-second look before it connects.
  const script = 'echo $$ > "$1/cgroup.procs"; sleep 1.3; exec curl -s "$2"';
  try {
    const seen = await watched(async () => {
      await exec("sh", "-c", script, "sh", cgroup.cpu, `http://127.0.0.1:${server.addr.port}/`);
    }, { cgroupPaths: [cgroup.cpu] });
    assertEquals(only(seen, "connect").length, 1);
  } finally {
    for (const dir of [cgroup.cpu, cgroup.unified]) await removeCgroupTree(dir);
  }
}, { needs: () => cgroupRoots().cpuVersion === 1 ? null : "this machine has no cgroup v1 cpu hierarchy" });
