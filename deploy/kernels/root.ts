/** What a guest runs from: an initramfs with busybox, Deno, this checkout, and what the guest is for. */
import { exec } from "../../lib/host/exec.ts";

const CHECKOUT = new URL("../../", import.meta.url).pathname;
export interface RootSpec {
  /** Of the archive in the cache. */
  readonly name: string;
  /** The first process, beside this file. */
  readonly init: string;
  /** What Deno is to run there, from the checkout's root. */
  readonly entries: readonly string[];
  /** From the host, beside Deno and a static busybox. */
  readonly programs: readonly string[];
  readonly libraries: readonly string[];
  /** Files of the host, by their path in the guest. */
  readonly files: Readonly<Record<string, string>>;
}

/** A guest that tries the probes and has the instruments for it; one for all kernels. */
export const PROBING: RootSpec = {
  name: "root",
  init: "guest_init.sh",
  entries: ["cli/sloctl.ts", "deploy/kernels/guest.ts"],
  programs: ["curl", "dig", "openssl"],
  libraries: ["libbpf.so.1"],
  files: {},
};

/** Parts of the checkout; what is imported from npm comes with Deno's cache. */
const SOURCES = ["cli", "lib", "bpf/out", "deploy", "scenarios", "fixtures/slo", "deno.json", "deno.lock", "mod.ts"];

/** In the order in which they need each other: a PCI bus of virtio devices, a network card. The disk comes last, on its own. */
const MODULES = ["virtio", "virtio_ring", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci"]
  .concat(["failover", "net_failover", "virtio_net"]);

/** A guest that is a collector on a disk. @param kernel a folder of kernelImages: modules belong to one kernel */
export async function cutRoot(cache: string, kernel: string): Promise<string> {
  const listed = (await exec("find", `${kernel}/lib/modules`, "-name", "*.ko")).split("\n");
  const module = (name: string) => listed.find((path) => path.endsWith(`/${name}.ko`))!;
  return await guestRoot(cache, {
    name: "cut",
    init: "cut_init.sh",
    entries: ["deploy/kernels/cut_guest.ts", "lib/store/journal_worker.ts"],
    programs: [],
    libraries: [],
    files: {
      ...Object.fromEntries(MODULES.map((name, i) => [`/modules/${i}-${name}.ko`, module(name)])),
      "/disk/virtio_blk.ko": module("virtio_blk"),
    },
  });
}

/** Writes the archive and returns its path; made anew each time, because the checkout may have changed. */
export async function guestRoot(cache: string, spec: RootSpec = PROBING): Promise<string> {
  const root = `${cache}/${spec.name}`;
  await Deno.remove(root, { recursive: true }).catch(() => {});
  for (const folder of ["bin", "etc", "tmp", "sloctl"]) await Deno.mkdir(`${root}/${folder}`, { recursive: true });
  const programs = [...["busybox", ...spec.programs].map(which), Deno.execPath()];
  const libraries = await shared([...programs, ...spec.libraries.map(library)]);
  for (const path of programs) await Deno.copyFile(path, `${root}/bin/${path.split("/").pop()}`);
  const files = Object.entries(spec.files);
  for (const [to, from] of [...[...libraries].map((path) => [path, path] as const), ...files]) {
    await Deno.mkdir(`${root}${to.replace(/\/[^/]*$/, "")}`, { recursive: true });
    await Deno.copyFile(from, `${root}${to}`);
  }
  for (const source of SOURCES) await copyIn(source, `${root}/sloctl`);
  await Deno.copyFile(new URL(spec.init, import.meta.url), `${root}/init`);
  await Deno.chmod(`${root}/init`, 0o755);
  await Deno.writeTextFile(`${root}/etc/passwd`, "root:x:0:0:root:/:/bin/sh\n");
  await Deno.writeTextFile(`${root}/etc/hosts`, "127.0.0.1 localhost\n");
  await warmCache(root, spec.entries);
  const archive = `${root}.cpio`;
  await exec("sh", "-c", `cd "$0" && find . | cpio --quiet -o -H newc >"$1"`, root, archive);
  return archive;
}

/** Types are stripped once, here: in an emulated machine it would take a minute. */
async function warmCache(root: string, entries: readonly string[]): Promise<void> {
  await Deno.mkdir(`${root}/deno-dir`, { recursive: true });
  const npm = `${JSON.parse(await exec(Deno.execPath(), "info", "--json")).denoDir}/npm`;
  await exec("cp", "-a", npm, `${root}/deno-dir/`);
  const args = ["DENO_DIR=/deno-dir", "HOME=/", "DENO_NO_UPDATE_CHECK=1", "/bin/deno", "cache"];
  const paths = entries.map((entry) => `/sloctl/${entry}`);
  await exec("chroot", root, "/bin/busybox", "env", "-i", ...args, ...paths);
}

async function copyIn(source: string, to: string): Promise<void> {
  const folder = `${to}/${source}`.replace(/\/[^/]*$/, "");
  await Deno.mkdir(folder, { recursive: true });
  await exec("cp", "-a", CHECKOUT + source, folder).catch(() => {}); // not every checkout has all of them
}

function which(program: string): string {
  for (const folder of ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]) {
    try {
      if (Deno.statSync(`${folder}/${program}`).isFile) return `${folder}/${program}`;
    } catch { /* not in this folder */ }
  }
  throw new Error(`${program} is not installed`);
}

const library = (name: string) => `/usr/lib/x86_64-linux-gnu/${name}`;

/** Every shared library that `paths` need, themselves included where they are libraries. */
async function shared(paths: readonly string[]): Promise<Set<string>> {
  const found = new Set(paths.filter((path) => /\.so(\.|$)/.test(path)));
  for (const path of paths) {
    const text = await exec("ldd", path).catch(() => ""); // a static program has none
    for (const [, named] of text.matchAll(/(?:=> )?(\/\S+) \(0x/g)) found.add(named!);
  }
  return found;
}
