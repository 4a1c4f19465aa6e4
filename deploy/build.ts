/**
 * One binary per target with everything the program reads embedded: `deno task build [linux-x64 | linux-arm64 | macos-arm64 ...]`.
 *
 * Each is compiled from a copy that holds the runtime files and nothing else, so that no test, tool or cache of the checkout
 * gets in, and the BPF objects are those of the target's machine. `deno compile` needs denort, Deno's runtime for compiled
 * programs, which it downloads on first use: without it this ends with 3. DENORT_BIN names one that is already here; it fits
 * one target, so only this machine's is built then, unless targets are named.
 */
import { sourceCommit } from "../lib/host/source_commit.ts";

const ROOT = new URL("../", import.meta.url).pathname;

/** What the program reads beside its modules, by folder. A test compares this with the code. */
export const EMBEDDED = ["bpf/out", "fixtures/recordings", "scenarios"];

/** Modules that run on threads of their own: nothing imports them, so the compiler must be told. */
export const WORKERS = [
  "lib/load/worker.ts",
  "lib/store/journal_worker.ts",
  "lib/store/log_worker.ts",
  "lib/store/snapshot_worker.ts",
];

const TARGETS: Readonly<Record<string, { readonly triple: string; readonly bpf: "x86_64" | "aarch64" | null }>> = {
  "linux-x64": { triple: "x86_64-unknown-linux-gnu", bpf: "x86_64" },
  "linux-arm64": { triple: "aarch64-unknown-linux-gnu", bpf: "aarch64" },
  "macos-arm64": { triple: "aarch64-apple-darwin", bpf: null },
};

/** What went wrong, for a person, and the exit code it deserves. */
class BuildError extends Error {
  constructor(message: string, readonly code: number) {
    super(message);
  }
}

const say = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));

/** Runs Deno with our own streams, its stderr also kept. */
async function deno(args: readonly string[], cwd: string): Promise<{ success: boolean; said: string }> {
  const child = new Deno.Command(Deno.execPath(), { args: [...args], cwd, stdin: "null", stderr: "piped" });
  const { success, stderr } = await child.output();
  return { success, said: new TextDecoder().decode(stderr) };
}

/** Copies the files below `folder` for which `wanted` holds. */
async function copy(folder: string, stage: string, wanted: (path: string) => boolean): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(ROOT + folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await copy(path, stage, wanted);
    else if (wanted(path)) {
      await Deno.mkdir(`${stage}/${folder}`, { recursive: true });
      await Deno.copyFile(ROOT + path, `${stage}/${path}`);
    }
  }
}

/** The runtime files, the target's BPF objects and the commit, below `stage`. */
async function fill(stage: string, bpf: string | null): Promise<void> {
  const isRuntime = (path: string) => !/_test\.ts$|^lib\/testing\//.test(path);
  for (const folder of ["cli", "lib", ...EMBEDDED.filter((folder) => folder !== "bpf/out")]) {
    await copy(folder, stage, isRuntime);
  }
  for (const file of ["deno.json", "deno.lock"]) await Deno.copyFile(ROOT + file, `${stage}/${file}`);
  await Deno.mkdir(`${stage}/bpf/out`, { recursive: true });
  await Deno.writeTextFile(`${stage}/bpf/out/build.json`, JSON.stringify({ commit: await sourceCommit() }));
  if (bpf === null) return;
  const { success, said } = await deno(["run", "-A", "bpf/build.ts", `--arch=${bpf}`, `--out=${stage}/bpf/out`], ROOT);
  if (!success) throw new BuildError(said.trim(), 3);
  await Deno.remove(`${stage}/bpf/out/wire.o`);
}

/**
 * Test folders of cached npm packages. They would be embedded too, and Deno 2.9 takes a file of test data without an extension
 * (bintrees, under prom-client) for JavaScript and overflows its stack.
 */
async function npmTestFolders(): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"], cwd: ROOT }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout)) as { readonly npmCache: string };
  const folders = async (path: string) => {
    const names: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(path)) if (isDirectory) names.push(`${path}/${name}`);
    return names;
  };
  const found: string[] = [];
  for (const registry of await folders(npmCache)) {
    for (const name of await folders(registry)) {
      const packages = name.includes("/@") ? await folders(name) : [name];
      for (const version of (await Promise.all(packages.map(folders))).flat()) {
        found.push(...(await folders(version)).filter((path) => /\/tests?$/.test(path)));
      }
    }
  }
  return found;
}

async function build(target: string, out: string): Promise<void> {
  const { triple, bpf } = TARGETS[target]!;
  await Deno.mkdir(out, { recursive: true });
  const stage = await Deno.makeTempDir({ prefix: "sloctl-build-" });
  const binary = `${out}/sloctl-${target}`;
  try {
    await fill(stage, bpf);
    const included = [...EMBEDDED, ...WORKERS].flatMap((path) => ["--include", path]);
    const excluded = (await npmTestFolders()).flatMap((folder) => ["--exclude", folder]);
    const npm = ["--exclude-unused-npm", "--frozen", ...excluded];
    const flags = ["--quiet", "-A", "--no-prompt", "--no-check", ...npm, "--target", triple, "--output", binary];
    const { success, said } = await deno(["compile", ...flags, ...included, "cli/sloctl.ts"], stage);
    if (!success) throw refusal(binary, triple, said);
    const bytes = (await Deno.stat(binary)).size;
    say(`${binary}: ${(bytes / 1e6).toFixed(1)} MB, for ${triple}`);
  } finally {
    await Deno.remove(stage, { recursive: true });
    for await (const { name } of Deno.readDir(out)) {
      if (name.startsWith(`sloctl-${target}.tmp-`)) await Deno.remove(`${out}/${name}`);
    }
  }
}

function refusal(binary: string, triple: string, said: string): BuildError {
  const missing = /denort/.test(said) && /Setting up base binary|Could not find denort|Download/.test(said);
  if (!missing) return new BuildError(`Cannot build "${binary}":\n${said.trim()}`, 4);
  return new BuildError(
    `Cannot build "${binary}": denort, Deno's runtime for compiled programs, is not here and could not be fetched\n` +
      `  hint: Build once with access to Deno's downloads, or set DENORT_BIN to denort ${Deno.version.deno} for ${triple}`,
    3,
  );
}

/** Names of the targets asked for. */
function wanted(args: readonly string[]): string[] {
  const names = args.filter((arg) => !arg.startsWith("--"));
  const unknown = names.find((name) => !(name in TARGETS));
  if (unknown !== undefined) {
    const known = Object.keys(TARGETS).join(", ");
    throw new BuildError(`Cannot build for "${unknown}": it is no target\n  hint: Use one of: ${known}`, 2);
  }
  if (names.length > 0) return names;
  const all = Object.keys(TARGETS);
  return Deno.env.has("DENORT_BIN") ? all.filter((name) => TARGETS[name]!.triple === Deno.build.target) : all;
}

if (import.meta.main) {
  try {
    const out = Deno.args.find((arg) => arg.startsWith("--out="))?.slice("--out=".length) ?? `${ROOT}dist`;
    for (const name of wanted(Deno.args)) await build(name, out);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    say(error.message);
    Deno.exitCode = error.code;
  }
}
