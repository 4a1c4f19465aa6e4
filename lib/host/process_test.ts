import { assert, assertEquals } from "@std/assert";
import { mainCgroup, parseCgroup, parseStat, ProcessTable, readProcess } from "./process.ts";

const TAIL = Array.from({ length: 18 }, (_, i) => i).join(" ");

Deno.test("parseStat", () => {
  const rows: [string, ReturnType<typeof parseStat>][] = [
    [`7 (nginx) S ${TAIL} 4711 0`, { comm: "nginx", state: "S", startTicks: 4711 }],
    [`7 (a) b (c)) R ${TAIL} 5 0`, { comm: "a) b (c)", state: "R", startTicks: 5 }],
    ["7 (cut", undefined],
    ["", undefined],
  ];
  for (const [text, expected] of rows) assertEquals(parseStat(text), expected);
});

Deno.test("parseCgroup and mainCgroup: v1, v2, hybrid", () => {
  const rows: [string, string][] = [
    ["0::/system.slice/nginx.service\n", "/system.slice/nginx.service"],
    ["4:memory:/kube/pod1\n3:cpu,cpuacct:/lab/gw\n0::/\n", "/lab/gw"],
    ["4:memory:/kube/pod1\n3:cpu:/\n0::/\n", "/kube/pod1"],
    ["9:name=systemd:/a:b\n", "/a:b"],
    ["0::/\n", "/"],
    ["", ""],
  ];
  for (const [text, expected] of rows) assertEquals(mainCgroup(parseCgroup(text)), expected, text);
});

async function fakeProcess(root: string, pid: number, comm: string, startTicks: number, state = "S") {
  const dir = `${root}/${pid}`;
  await Deno.mkdir(`${dir}/ns`, { recursive: true });
  await Deno.writeTextFile(`${dir}/stat`, `${pid} (${comm}) ${state} ${TAIL} ${startTicks} 0`);
  await Deno.writeTextFile(`${dir}/cgroup`, state === "Z" ? "0::/\n" : "0::/x\n");
  await Deno.symlink("/usr/bin/" + comm, `${dir}/exe`).catch(() => {});
  await Deno.symlink("net:[4026531840]", `${dir}/ns/net`).catch(() => {});
}

Deno.test("ProcessTable: fresh, ended, reused, bounded", async () => {
  const root = await Deno.makeTempDir();
  try {
    await fakeProcess(root, 7, "nginx", 100);
    assertEquals(readProcess(7, root), {
      pid: 7,
      comm: "nginx",
      startTicks: 100,
      exe: "/usr/bin/nginx",
      cgroup: "/x",
      cgroups: new Map([["", "/x"]]),
      netns: 4026531840,
    });
    let ms = 0;
    const table = new ProcessTable({ proc: root, limit: 2, freshMs: 10, now: () => ms });
    assertEquals(table.get(7)?.comm, "nginx");

    await fakeProcess(root, 7, "nginx", 100, "Z");
    ms = 15;
    assertEquals(table.get(7)?.cgroup, "/x", "one that nobody has waited for yet is in no group any more");
    assertEquals(readProcess(7, root), undefined);

    await Deno.remove(`${root}/7`, { recursive: true });
    ms = 30;
    assertEquals(table.get(7)?.comm, "nginx", "an ended process keeps its last answer");

    await fakeProcess(root, 7, "curl", 200);
    assertEquals(table.get(7)?.comm, "nginx", "still fresh");
    ms = 50;
    assertEquals(table.get(7)?.startTicks, 200, "the pid was reused");

    assertEquals(table.get(7, 2_000_000_000)?.comm, "curl", "the process that began 200 ticks after boot");
    assertEquals(
      table.get(7, 1_009_999_999),
      undefined,
      "an event of the first process never takes the second one's place",
    );

    assertEquals(table.get(8), undefined);
    assertEquals(table.get(9), undefined);
    assertEquals(table.size, 2, "never more than the limit");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test({
  name: "readProcess agrees with what Deno says of itself",
  ignore: Deno.build.os !== "linux",
  fn() {
    const self = readProcess(Deno.pid);
    assertEquals(self?.exe, Deno.execPath());
    assert((self?.netns ?? 0) > 0);
    assert((self?.startTicks ?? 0) > 0);
  },
});
