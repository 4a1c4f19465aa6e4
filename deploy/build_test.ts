import { missingTool, testUnless } from "../lib/testing/unless.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { EMBEDDED, WORKERS } from "./build.ts";

const ROOT = new URL("../", import.meta.url);
/** Any ELF program stands for denort: what is embedded does not depend on it. */
const STAND_IN = "/bin/true";

const here = Deno.build.arch === "aarch64" ? "linux-arm64" : "linux-x64";
const reason = Deno.build.os !== "linux"
  ? `needs Linux, this is ${Deno.build.os}`
  : await missingTool("clang", "apt-get install clang libbpf-dev") ??
    (await Deno.stat(new URL("bpf/out", ROOT)).catch(() => null) === null
      ? "bpf/out is not built (deno task bpf)"
      : null);

async function build(out: string, denort: string, ...targets: string[]): Promise<{ code: number; said: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "deploy/build.ts", `--out=${out}`, ...targets],
    cwd: ROOT,
    env: { DENORT_BIN: denort, NO_COLOR: "1" },
  }).output();
  return { code, said: new TextDecoder().decode(stderr) };
}

testUnless(reason, "the binary holds what the program reads, and nothing of the checkout beside it", async () => {
  const out = await Deno.makeTempDir();
  try {
    const { code, said } = await build(out, STAND_IN, here);
    assertEquals(code, 0, said);
    assertEquals([...Deno.readDirSync(out)].map(({ name }) => name), [`sloctl-${here}`]);
    // Latin-1 keeps bytes apart: the embedded files stand in the binary as they are.
    const latin1 = new TextDecoder("latin1");
    const binary = latin1.decode(await Deno.readFile(`${out}/sloctl-${here}`));
    const holds = async (path: string) => binary.includes(latin1.decode(await Deno.readFile(new URL(path, ROOT))));
    for (const folder of EMBEDDED) {
      for (const { name } of Deno.readDirSync(new URL(folder, ROOT))) {
        if (name === "wire.o" || name === "build.json") continue;
        const path = `${folder}/${name}`;
        // The objects are compiled anew for the target; from the same sources they come out the same.
        assert(await holds(path), `${path} is not embedded, or differs`);
      }
    }
    assert(/"commit":"([0-9a-f]{12}(-dirty)?|unknown)"/.test(binary), "the commit is not embedded");
    assert(await holds("lib/model/schema/slo-event.v1.json"), "schemas are not embedded");
    // The table of contents is JSON: {"File":{"n":name ...}}, {"Dir":{"n":name ...}}.
    const names = [...binary.matchAll(/"(?:File|Dir|Symlink)":\{"n":"([^"]+)"/g)].map(([, name]) => name!);
    assert(names.includes("sloctl.ts") && names.includes("dns_latency.bpf.o"), `${names.length} names are read`);
    const strangers = [".tools", ".git", "deploy", "testing", "artifacts", "100k", "wire.o", "openai", "deno"];
    assertEquals(names.filter((name) => strangers.includes(name) || name.endsWith("_test.ts")), []);
    const added = binary.length - (await Deno.stat(STAND_IN)).size;
    assert(added < 45e6, `${added} bytes are embedded`);
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

testUnless(
  reason,
  "without denort: one line that names it, exit 3; a wrong target is a wrong command line",
  async () => {
    const out = await Deno.makeTempDir();
    try {
      const { code, said } = await build(out, "/nonexistent/denort", here);
      assertEquals(code, 3);
      assertStringIncludes(said, `Cannot build "${out}/sloctl-${here}": denort, Deno's runtime for compiled programs`);
      assertEquals([...Deno.readDirSync(out)], [], "nothing half-written");
      assertEquals((await build(out, STAND_IN, "windows")).code, 2);
    } finally {
      await Deno.remove(out, { recursive: true });
    }
  },
);

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (path.endsWith(".ts") && !path.endsWith("_test.ts") && !path.startsWith("lib/testing/")) yield path;
  }
}

Deno.test("whatever the code reads beside itself is embedded", async () => {
  const reads: string[] = [];
  for (const folder of ["cli", "lib"]) {
    for await (const path of sources(folder)) {
      const text = await Deno.readTextFile(new URL(path, ROOT));
      // new URL("../../bpf/out/", import.meta.url), up to what is only known at run time.
      for (const [, relative] of text.matchAll(/new URL\(\s*["'`](\.[^"'`$]*)[^)]*import\.meta\.url/g)) {
        reads.push(new URL(relative!, new URL(path, ROOT)).pathname.slice(ROOT.pathname.length));
      }
    }
  }
  assert(reads.length > 3, "the search finds nothing");
  // The root is where git is asked in a checkout; the program itself is a module.
  const others = reads.filter((path) => path !== "" && path !== "cli/sloctl.ts" && !WORKERS.includes(path));
  assertEquals(others.filter((path) => !EMBEDDED.some((folder) => path.startsWith(`${folder}/`))), []);
});
