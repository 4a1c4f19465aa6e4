import { assertEquals } from "@std/assert";
import { QuotaMeter, type QuotaTargets } from "./watch_quota.ts";

/** A cgroup tree of plain files; v1 spelling unless `max` is given. */
function tree(
  groups: Readonly<Record<string, { quota?: string; max?: string; stat: [number, number, number] }>>,
): string {
  const root = Deno.makeTempDirSync({ prefix: "sloctl-quota-" });
  for (const [path, group] of Object.entries(groups)) write(root, path, group);
  return root;
}

function write(
  root: string,
  path: string,
  { quota, max, stat: [periods, throttled, time] }: { quota?: string; max?: string; stat: [number, number, number] },
): void {
  Deno.mkdirSync(root + path, { recursive: true });
  if (quota !== undefined) Deno.writeTextFileSync(`${root}${path}/cpu.cfs_quota_us`, quota);
  if (max !== undefined) Deno.writeTextFileSync(`${root}${path}/cpu.max`, max);
  const unit = max === undefined ? "throttled_time" : "throttled_usec";
  Deno.writeTextFileSync(
    `${root}${path}/cpu.stat`,
    `nr_periods ${periods}\nnr_throttled ${throttled}\n${unit} ${time}\n`,
  );
}

const nobody: QuotaTargets = { pids: [], dirs: [] };
const taken = (meter: QuotaMeter, nowNs: number) =>
  meter.take(nowNs).map((e) => [e.cgroup, e.throttledNs, e.throttledPeriods, e.periods, e.startNs, e.tsNs]);

Deno.test("QuotaMeter tells of groups with a quota what came since the last look, in either version", () => {
  const root = tree({
    "/a": { quota: "20000", stat: [10, 5, 1000] },
    "/b": { max: "20000 100000", stat: [10, 5, 1000] },
    "/free": { quota: "-1", stat: [10, 5, 1000] },
  });
  try {
    const meter = new QuotaMeter(100, nobody, root);
    assertEquals(taken(meter, 200), []);
    write(root, "/a", { stat: [20, 8, 4000] });
    write(root, "/b", { max: "20000 100000", stat: [20, 8, 4000] });
    write(root, "/free", { stat: [99, 99, 99] });
    assertEquals(taken(meter, 300).sort(), [
      ["/a", 3000, 3, 10, 200, 300], // nanoseconds
      ["/b", 3_000_000, 3, 10, 200, 300], // microseconds
    ]);
    assertEquals(taken(meter, 400), []);
    Deno.removeSync(`${root}/a`, { recursive: true });
    assertEquals(taken(meter, 500), []);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

Deno.test("QuotaMeter looks above a target and below it, and finds groups that come later", () => {
  const root = tree({
    "/pod": { quota: "20000", stat: [0, 0, 0] },
    "/pod/app": { quota: "-1", stat: [0, 0, 0] },
    "/other": { quota: "20000", stat: [0, 0, 0] },
  });
  try {
    const meter = new QuotaMeter(0, { pids: [], dirs: [`${root}/pod/app`] }, root);
    for (const path of ["/pod", "/other"]) write(root, path, { stat: [10, 5, 500] });
    assertEquals(taken(meter, 1).map(([path]) => path), ["/pod"]);
    write(root, "/pod/app/child", { quota: "5000", stat: [3, 3, 300] });
    for (let i = 2; i < 12; i++) assertEquals(taken(meter, i), []); // what it lost before it was found is not ours to tell
    write(root, "/pod/app/child", { stat: [4, 4, 400] });
    assertEquals(taken(meter, 12), [["/pod/app/child", 100, 1, 1, 11, 12]]);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

Deno.test("QuotaMeter with a name: only groups in which such a process runs", () => {
  const root = tree({ "/mine": { quota: "20000", stat: [0, 0, 0] }, "/theirs": { quota: "20000", stat: [0, 0, 0] } });
  try {
    const comm = Deno.readTextFileSync("/proc/self/comm").trimEnd();
    Deno.writeTextFileSync(`${root}/mine/cgroup.procs`, `${Deno.pid}\n`);
    Deno.writeTextFileSync(`${root}/theirs/cgroup.procs`, "1\n");
    const meter = new QuotaMeter(0, { ...nobody, comm }, root);
    for (const path of ["/mine", "/theirs"]) write(root, path, { stat: [10, 5, 500] });
    assertEquals(taken(meter, 1).map(([path]) => path), ["/mine"]);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});
