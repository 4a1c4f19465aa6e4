/** What the guest runs from: an initramfs with busybox, Deno, libbpf, this checkout, and the instruments; one for all kernels. */
import { exec } from "../../lib/host/exec.ts";

const CHECKOUT = new URL("../../", import.meta.url).pathname;
/** Programs the guest needs beside Deno, from the host. busybox must be the static one. */
const PROGRAMS = ["busybox", "curl", "dig", "openssl"];
const LIBRARIES = ["libbpf.so.1"];
/** Parts of the checkout; what is imported from npm comes with Deno's cache. */
const SOURCES = ["cli", "lib", "bpf/out", "deploy", "scenarios", "fixtures/slo", "deno.json", "deno.lock", "mod.ts"];

/** Writes the archive and returns its path; made anew each time, because the checkout may have changed. */
export async function guestRoot(cache: string): Promise<string> {
  const root = `${cache}/root`;
  await Deno.remove(root, { recursive: true }).catch(() => {});
  for (const folder of ["bin", "etc", "tmp", "sloctl"]) await Deno.mkdir(`${root}/${folder}`, { recursive: true });
  const programs = [...PROGRAMS.map(which), Deno.execPath()];
  const libraries = await shared([...programs, ...LIBRARIES.map(library)]);
  for (const path of programs) await Deno.copyFile(path, `${root}/bin/${path.split("/").pop()}`);
  for (const path of libraries) {
    await Deno.mkdir(`${root}${path.replace(/\/[^/]*$/, "")}`, { recursive: true });
    await Deno.copyFile(path, `${root}${path}`);
  }
  for (const source of SOURCES) await copyIn(source, `${root}/sloctl`);
  await Deno.copyFile(new URL("guest_init.sh", import.meta.url), `${root}/init`);
  await Deno.chmod(`${root}/init`, 0o755);
  await Deno.writeTextFile(`${root}/etc/passwd`, "root:x:0:0:root:/:/bin/sh\n");
  await Deno.writeTextFile(`${root}/etc/hosts`, "127.0.0.1 localhost\n");
  await warmCache(root);
  const archive = `${cache}/root.cpio`;
  await exec("sh", "-c", `cd "$0" && find . | cpio --quiet -o -H newc >"$1"`, root, archive);
  return archive;
}

/** Types are stripped once, here: in an emulated machine it would take a minute. */
async function warmCache(root: string): Promise<void> {
  await Deno.mkdir(`${root}/deno-dir`, { recursive: true });
  const npm = `${JSON.parse(await exec(Deno.execPath(), "info", "--json")).denoDir}/npm`;
  await exec("cp", "-a", npm, `${root}/deno-dir/`);
  const entries = ["/sloctl/cli/sloctl.ts", "/sloctl/deploy/kernels/guest.ts"];
  const args = ["DENO_DIR=/deno-dir", "HOME=/", "DENO_NO_UPDATE_CHECK=1", "/bin/deno", "cache", ...entries];
  await exec("chroot", root, "/bin/busybox", "env", "-i", ...args);
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
