/** A control group with a memory limit, in whichever hierarchy has the memory controller. */
import { removeCgroupTree } from "../../lib/host/cgroup_dirs.ts";

export interface LimitedGroup extends AsyncDisposable {
  readonly dir: string;
}

/** Why there can be none here, or null. */
export function noMemoryLimit(): string | null {
  return root() === null ? "no control group hierarchy has the memory controller" : null;
}

/** @throws where noMemoryLimit has a reason. */
export function memoryLimit(name: string, bytes: number): LimitedGroup {
  const { mount, v2 } = root()!;
  const dir = `${mount}/${name}`;
  if (v2) Deno.writeTextFileSync(`${mount}/cgroup.subtree_control`, "+memory");
  Deno.mkdirSync(dir);
  Deno.writeTextFileSync(`${dir}/${v2 ? "memory.max" : "memory.limit_in_bytes"}`, `${bytes}`);
  return { dir, [Symbol.asyncDispose]: () => removeCgroupTree(dir) };
}

function root(): { readonly mount: string; readonly v2: boolean } | null {
  const mounts = Deno.readTextFileSync("/proc/self/mounts").split("\n").map((line) => line.split(" "));
  const v1 = mounts.find(([, , type, options = ""]) => type === "cgroup" && options.split(",").includes("memory"))?.[1];
  if (v1 !== undefined) return { mount: v1, v2: false };
  const v2 = mounts.find(([, , type]) => type === "cgroup2")?.[1];
  const has = v2 !== undefined && / ?memory\b/.test(Deno.readTextFileSync(`${v2}/cgroup.controllers`));
  return has ? { mount: v2, v2: true } : null;
}
