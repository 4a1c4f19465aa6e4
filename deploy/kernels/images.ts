/** Debian's kernel images of other releases, fetched with a private apt state: the host's own lists and packages stay as they are. */
import { exec } from "../../lib/host/exec.ts";
import { UnsupportedError } from "../../lib/model/errors.ts";

export interface Release {
  /** As a person calls it. */
  readonly kernel: string;
  readonly suite: string;
}

/** The kernels that Debian 11, 12 and 13 ship. */
export const RELEASES: readonly Release[] = [
  { kernel: "5.10", suite: "bullseye" },
  { kernel: "6.1", suite: "bookworm" },
  { kernel: "6.12", suite: "trixie" },
];

const META_PACKAGE = "linux-image-cloud-amd64";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Where the host gets Debian's main archive from. @throws UnsupportedError where it does not. */
async function archive(): Promise<string> {
  const format = ["--format", "$(ORIGIN)/$(LABEL)/$(CODENAME) $(REPO_URI)"];
  const targets = await exec("apt-get", "indextargets", ...format, "Created-By: Packages").catch(() => "");
  const found = /^Debian\/Debian\/\w+ (\S+)$/m.exec(targets)?.[1];
  if (found === undefined) {
    throw new UnsupportedError(
      "Cannot fetch Debian's kernels: apt knows no Debian archive here",
      "Run this on Debian, after apt-get update",
    );
  }
  return found;
}

/**
 * Folders with `boot/vmlinuz-*` and `lib/modules`, by kernel; fetched once into `cache`.
 *
 * @throws UnsupportedError where the archive cannot be reached.
 */
export async function kernelImages(cache: string, releases: readonly Release[]): Promise<Map<string, string>> {
  const folders = new Map(releases.map(({ kernel }) => [kernel, `${cache}/${kernel}`]));
  const lacking = releases.filter(({ kernel }) => !exists(`${folders.get(kernel)}/boot`));
  if (lacking.length === 0) return folders;
  const apt = await privateApt(cache, lacking);
  for (const { kernel, suite } of lacking) {
    const versions = await apt("apt-cache", "madison", META_PACKAGE);
    const version = versions.split("\n").map((line) => line.split("|").map((cell) => cell.trim()))
      .find(([, , from]) => from?.includes(`${suite}/main`))?.[1];
    const shown = await apt("apt-cache", "show", `${META_PACKAGE}=${version}`);
    const name = /^Depends: ([^\s,]+)/m.exec(shown)?.[1];
    if (name === undefined) throw new UnsupportedError(`Cannot fetch Linux ${kernel}: ${suite} names no image`);
    const folder = folders.get(kernel)!;
    await Deno.mkdir(`${folder}.part`, { recursive: true });
    await apt("apt-get", "download", name);
    const [file] = [...Deno.readDirSync(cache)].filter((entry) => entry.name.startsWith(`${name}_`));
    await exec("dpkg-deb", "-x", `${cache}/${file!.name}`, `${folder}.part`);
    await Deno.remove(`${cache}/${file!.name}`);
    await Deno.rename(`${folder}.part`, folder);
  }
  return folders;
}

async function privateApt(cache: string, releases: readonly Release[]) {
  for (const folder of ["lists/partial", "archives/partial"]) {
    await Deno.mkdir(`${cache}/${folder}`, { recursive: true });
  }
  const uri = await archive();
  const lines = releases.map(({ suite }) => `deb [signed-by=${KEYRING}] ${uri} ${suite} main\n`);
  await Deno.writeTextFile(`${cache}/sources.list`, lines.join(""));
  const options = [
    `Dir::State::Lists=${cache}/lists`,
    `Dir::Etc::sourcelist=${cache}/sources.list`,
    "Dir::Etc::sourceparts=-",
    `Dir::Cache=${cache}`,
    `Dir::Cache::archives=${cache}/archives`,
    "APT::Sandbox::User=root",
    "Acquire::Retries=2",
    "Acquire::Languages=none",
  ].flatMap((option) => ["-o", option]);
  const run = (program: string, ...args: string[]) => inFolder(cache, program, [...options, ...args]);
  await run("apt-get", "-qq", "update");
  return run;
}

async function inFolder(cwd: string, program: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd, stdin: "null" }).output();
  if (success) return new TextDecoder().decode(stdout);
  const why = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
  throw new UnsupportedError(
    `Cannot fetch Debian's kernels: ${why}`,
    "Run this where the Debian archive can be reached",
  );
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
