/** For kernel tests: real containers, of Debian's crun and busybox, in control groups of our choice. */
import { cgroupRoots, removeCgroupTree } from "../host/cgroup_dirs.ts";
import { exec, tryExec } from "../host/exec.ts";
import { delay } from "./watched.ts";

export type Layout = "v1" | "memory" | "v2";

export interface ContainerOptions {
  /** Which hierarchy has it: all of v1 and not v2, as older runtimes do it; v1's memory alone; or v2. */
  readonly layout: Layout;
  /** `/kubepods/burstable/pod<uid>/<id>` */
  readonly cgroup: string;
  readonly id: string;
  /** What its shell does. The machine's network is its own; `/go` is the file of `go`. */
  readonly script: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Container extends AsyncDisposable {
  /** Of its first process, outside. */
  readonly pid: number;
  /** Makes the file /go inside. */
  go(): void;
}

/** Why there can be none here, or null. */
export async function noContainers(): Promise<string | null> {
  if (await tryExec("crun", "--version") === null) return "crun is not installed (apt-get install crun)";
  return await tryExec("test", "-x", "/bin/busybox") === null
    ? "busybox is not installed (apt-get install busybox-static)"
    : null;
}

/** Its group is made here: crun makes it in all of v1, and for v2 needs the right to lock memory, which CI machines withhold. */
const GIVEN = `echo 0 > "$GROUP/cgroup.procs"
if [ "$UNIFIED" != /sys/fs/cgroup ]; then
  mount --make-rprivate / && mount --bind "$UNIFIED" /mnt && umount -R -l /sys/fs/cgroup && mount --move /mnt /sys/fs/cgroup
fi
exec crun --cgroup-manager=disabled run -b "$BUNDLE" "$ID"`;
/** crun takes a machine with both hierarchies for neither: it sees v1 alone. */
const V1 = `mount --make-rprivate / && umount -l "$UNIFIED" && exec crun run -b "$BUNDLE" "$ID"`;

/** Runs one to its end, and leaves nothing of it. */
export async function runContainer(options: ContainerOptions): Promise<void> {
  const { child, dispose } = await spawn(options);
  await child.status;
  await dispose();
}

export async function startContainer(options: ContainerOptions): Promise<Container> {
  const { id } = options;
  const { bundle, complaints, dispose } = await spawn(options);
  for (let i = 0; i < 200; i++) {
    const pid = await pidOf(id);
    if (pid !== null) {
      return { pid, go: () => Deno.writeTextFileSync(`${bundle}/rootfs/go`, ""), [Symbol.asyncDispose]: dispose };
    }
    await delay(20);
  }
  await dispose();
  throw new Error(`the container did not start: ${await complaints}`);
}

interface Spawned {
  readonly bundle: string;
  readonly child: Deno.ChildProcess;
  readonly complaints: Promise<string>;
  readonly dispose: () => Promise<void>;
}

async function spawn({ layout, cgroup, id, script, annotations = {} }: ContainerOptions): Promise<Spawned> {
  const bundle = await Deno.makeTempDir({ prefix: "sloctl-bundle-" });
  const { unified } = cgroupRoots();
  const root = layout === "memory" ? "/sys/fs/cgroup/memory" : unified;
  await Deno.mkdir(`${bundle}/rootfs/bin`, { recursive: true });
  await Deno.copyFile("/bin/busybox", `${bundle}/rootfs/bin/busybox`);
  for (const tool of ["sh", "wget", "sleep", "nc"]) await Deno.symlink("busybox", `${bundle}/rootfs/bin/${tool}`);
  await exec("sh", "-c", 'cd "$1" && exec crun spec', "sh", bundle);
  const spec = JSON.parse(await Deno.readTextFile(`${bundle}/config.json`));
  spec.process.args = ["/bin/sh", "-c", script];
  spec.process.terminal = false;
  spec.annotations = annotations;
  spec.linux.namespaces = spec.linux.namespaces.filter(({ type }: { type: string }) => type !== "network");
  if (layout === "v1") spec.linux.cgroupsPath = cgroup;
  await Deno.writeTextFile(`${bundle}/config.json`, JSON.stringify(spec));
  if (layout !== "v1") await Deno.mkdir(root + cgroup, { recursive: true });
  const child = new Deno.Command("unshare", {
    args: ["-m", "sh", "-c", layout === "v1" ? V1 : GIVEN],
    env: { GROUP: root + cgroup, UNIFIED: unified, BUNDLE: bundle, ID: id },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const complaints = new Response(child.stderr).text();
  const dispose = async () => {
    await tryExec("crun", "delete", "-f", id);
    await child.status;
    await complaints;
    await removeGroups(cgroup, unified, layout);
    await Deno.remove(bundle, { recursive: true });
  };
  return { bundle, child, complaints, dispose };
}

/** Once it runs; null before. */
async function pidOf(id: string): Promise<number | null> {
  const state = await tryExec("crun", "state", id);
  if (state === null) return null;
  const { pid, status } = JSON.parse(state);
  return status === "running" ? pid : null;
}

/** The group itself, and what was made above it and is empty. */
async function removeGroups(cgroup: string, unified: string, layout: Layout): Promise<void> {
  const roots = layout === "v2"
    ? [unified]
    : [...Deno.readDirSync("/sys/fs/cgroup")].map(({ name }) => `/sys/fs/cgroup/${name}`);
  for (const root of roots) {
    await removeCgroupTree(root + cgroup);
    for (let above = cgroup; (above = above.replace(/\/[^/]*$/, "")) !== "";) {
      try {
        Deno.removeSync(root + above);
      } catch {
        break; // somebody else is in it
      }
    }
  }
}
