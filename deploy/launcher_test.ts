import { assertEquals, assertStringIncludes } from "@std/assert";

const ROOT = new URL("../", import.meta.url).pathname;
/** Stands for the native binary: says who and where it is, and what it was given. */
const PROBE = `printf '%s\\n' "$$" "$PWD" "$@"\n`;

/** A checkout with nothing but the launcher, and a folder `bin` that is first on PATH. */
async function bareCheckout(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "sloctl-launcher-" });
  await Deno.mkdir(`${path}/deploy`);
  await Deno.mkdir(`${path}/bin`);
  for (const file of ["sloctl", "deploy/find-deno.sh"]) await Deno.copyFile(ROOT + file, `${path}/${file}`);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

async function script(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text, { mode: 0o755 });
}

interface Launched {
  readonly pid: number;
  readonly code: number;
  readonly lines: string[];
  readonly stderr: string;
}

async function launch(command: string, args: string[], env: Record<string, string>, cwd: string): Promise<Launched> {
  const options = { args, env, cwd, clearEnv: true, stdout: "piped", stderr: "piped" } as const;
  const child = new Deno.Command(command, options).spawn();
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { pid: child.pid, code, lines: text.decode(stdout).split("\n"), stderr: text.decode(stderr) };
}

const SYSTEM_PATH = "/usr/bin:/bin";

Deno.test("the launcher becomes Deno: same pid, same directory, same arguments", async () => {
  await using checkout = await bareCheckout();
  // The name of an interpreter of its own: "#!" would mark it as a wrapper, which SLOCTL_DENO is not searched for.
  await script(`${checkout.path}/fake`, `#!/bin/sh\n${PROBE}`);
  await Deno.symlink(`${checkout.path}/sloctl`, `${checkout.path}/bin/link`);
  const env = { PATH: SYSTEM_PATH, SLOCTL_DENO: `${checkout.path}/fake` };
  for (const command of [`${checkout.path}/sloctl`, `${checkout.path}/bin/link`]) {
    const { pid, code, lines } = await launch(command, ["demo", "two words", ""], env, "/");
    assertEquals([code, lines[0], lines[1]], [0, String(pid), "/"]);
    assertEquals(lines.slice(-5), [`${checkout.path}/cli/sloctl.ts`, "demo", "two words", "", ""]);
  }
});

Deno.test("npm's wrapper on PATH is passed over for the binary beside it", async () => {
  await using checkout = await bareCheckout();
  const packages = `${checkout.path}/lib/node_modules`;
  await script(`${packages}/deno/bin.cjs`, "#!/bin/sh\necho wrapper\n");
  await Deno.symlink(`${packages}/deno/bin.cjs`, `${checkout.path}/bin/deno`);
  const env = { PATH: `${checkout.path}/bin:${SYSTEM_PATH}` };
  const platform = await launch("sh", ["-c", ". deploy/find-deno.sh; deno_platform"], env, checkout.path);
  // A text file without "#!" passes for a binary, and the shell still runs it.
  await script(`${packages}/@deno/${platform.lines[0]}/deno`, `:\n${PROBE}`);
  const found = await launch("sh", ["-c", '. deploy/find-deno.sh; find_deno . && echo "$DENO"'], env, checkout.path);
  assertEquals(found.lines[0], `${packages}/deno/../@deno/${platform.lines[0]}/deno`);
});

Deno.test("without any Deno: one line that says what to run, exit 3", async () => {
  await using checkout = await bareCheckout();
  const { code, lines, stderr } = await launch(`${checkout.path}/sloctl`, ["--help"], { PATH: SYSTEM_PATH }, "/");
  assertEquals([code, lines], [3, [""]]);
  assertEquals(stderr.trimEnd().split("\n").length, 1);
  assertStringIncludes(stderr, `make -C ${checkout.path} setup`);
});
