import { assertEquals } from "@std/assert";
import { CgroupTree, v1Mark } from "./cgroup_tree.ts";

Deno.test("CgroupTree: ids of both hierarchies, new directories, gone ones, and no walk at once again", async () => {
  const root = await Deno.makeTempDir({ prefix: "sloctl-tree-" });
  const [v2, v1, memory] = ["unified", "pids", "memory"].map((name) => `${root}/${name}`) as [string, string, string];
  const id = (path: string) => BigInt(Deno.statSync(path).ino!);
  try {
    for (const dir of [`${v2}/a/b`, `${v1}/kubepods/pod1`, `${memory}/docker/c1`]) {
      await Deno.mkdir(dir, { recursive: true });
    }
    let ms = 0;
    const tree = new CgroupTree({ unified: v2, v1: new Map([["pids", v1], ["memory", memory]]), now: () => ms });
    assertEquals(tree.path(id(`${v2}/a/b`)), "/a/b");
    assertEquals(tree.path(id(`${v1}/kubepods/pod1`) | v1Mark("pids")), "/kubepods/pod1");
    assertEquals(tree.path(id(`${memory}/docker/c1`) | v1Mark("memory")), "/docker/c1");
    assertEquals(tree.path(id(v2)), undefined, "the root of a v2 beside v1 says nothing");
    assertEquals(tree.path(0n), undefined);

    await Deno.mkdir(`${v2}/new`);
    const fresh = id(`${v2}/new`);
    assertEquals(tree.path(fresh), undefined, "not yet: the last walk was just now");
    ms = 1000;
    assertEquals(tree.path(fresh), "/new");
    await Deno.remove(`${v2}/new`);
    ms = 2000;
    assertEquals(tree.path(fresh), "/new", "a cgroup that is gone keeps its name");

    assertEquals(tree.path(999_999_999_999n), undefined);
    assertEquals(new CgroupTree({ unified: v2, v1: new Map() }).path(id(v2)), "/");
    assertEquals(new CgroupTree({ unified: null, v1: new Map() }).path(5n), undefined);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("CgroupTree: a group that was made a moment ago is known though its directory is gone", () => {
  const tree = new CgroupTree({
    unified: null,
    v1: new Map(),
    numberOf: (controller) => controller === "cpu" ? 8 : undefined,
  });
  assertEquals(tree.path(5n), undefined);
  const made = new Map([["6 0", "/kubepods/pod1/c1"], ["6 8", "/docker/c2"]]);
  tree.made = (id, hierarchy) => made.get(`${id} ${hierarchy}`);
  assertEquals(tree.path(6n), "/kubepods/pod1/c1");
  assertEquals(tree.path(6n | v1Mark("cpu")), "/docker/c2");
  assertEquals(tree.path(6n | v1Mark("pids")), undefined);
  made.clear();
  assertEquals(tree.path(6n), "/kubepods/pod1/c1", "once heard, remembered");
  assertEquals(tree.path(7n), undefined);
});
