import { assertEquals } from "@std/assert";
import { CgroupTree, V1_ID } from "./cgroup_tree.ts";

Deno.test("CgroupTree: ids of both hierarchies, new directories, gone ones, and no walk at once again", async () => {
  const root = await Deno.makeTempDir({ prefix: "sloctl-tree-" });
  const [v2, v1] = [`${root}/unified`, `${root}/pids`];
  const id = (path: string) => BigInt(Deno.statSync(path).ino!);
  try {
    for (const dir of [`${v2}/a/b`, `${v1}/kubepods/pod1`]) await Deno.mkdir(dir, { recursive: true });
    let ms = 0;
    const tree = new CgroupTree({ unified: v2, pidsV1: v1, now: () => ms });
    assertEquals(tree.path(id(`${v2}/a/b`)), "/a/b");
    assertEquals(tree.path(id(`${v1}/kubepods/pod1`) | V1_ID), "/kubepods/pod1");
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
    assertEquals(new CgroupTree({ unified: v2, pidsV1: null }).path(id(v2)), "/");
    assertEquals(new CgroupTree({ unified: null, pidsV1: null }).path(5n), undefined);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("CgroupTree: a group that was made a moment ago is known though its directory is gone", () => {
  const tree = new CgroupTree({ unified: null, pidsV1: null, pidsNumber: 8 });
  assertEquals(tree.path(5n), undefined);
  const made = new Map([["6 0", "/kubepods/pod1/c1"], ["6 8", "/docker/c2"]]);
  tree.made = (id, hierarchy) => made.get(`${id} ${hierarchy}`);
  assertEquals(tree.path(6n), "/kubepods/pod1/c1");
  assertEquals(tree.path(6n | V1_ID), "/docker/c2");
  made.clear();
  assertEquals(tree.path(6n), "/kubepods/pod1/c1", "once heard, remembered");
  assertEquals(tree.path(7n), undefined);
});
