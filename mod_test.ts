import { assert, assertEquals, assertMatch } from "@std/assert";

const HERE = new URL("./", import.meta.url);

async function deno(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: HERE,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test("importing the library needs no right, loads nothing and starts nothing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    // Whoever wants a permission, a library or a socket is refused; whoever keeps a timer or a listener holds the process.
    const program = `${folder}/import.ts`;
    await Deno.writeTextFile(
      program,
      `const library = await import(${JSON.stringify(new URL("mod.ts", HERE).href)});
       console.log(Object.keys(library).length > 30);`,
    );
    const { code, out, err } = await deno("run", "--no-prompt", "--no-check", "--quiet", program);
    assertEquals([code, out, err], [0, "true\n", ""]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the examples of mod.ts and of the statistics are type-checked and run", async () => {
  const stats = [...Deno.readDirSync(new URL("lib/stats/", HERE))].map(({ name }) => `lib/stats/${name}`).sort();
  const texts = ["mod.ts", ...stats].map((path) => Deno.readTextFileSync(new URL(path, HERE)));
  const blocks = texts.flatMap((text) => [...text.matchAll(/^ \* ```ts\n((?: \*.*\n)+?) \* ```$/gm)])
    .map(([, block]) => block!);
  assert(blocks.length >= 14, `${blocks.length} examples`);
  const folder = await Deno.makeTempDir();
  try {
    const paths = await Promise.all(blocks.map(async (block, i) => {
      const code = block.replaceAll(/^ \* ?/gm, "").replace("@llm-slo/sloctl", new URL("mod.ts", HERE).href);
      await Deno.writeTextFile(`${folder}/example_${i}.ts`, `${code}export {};\n`);
      return `${folder}/example_${i}.ts`;
    }));
    await Deno.writeTextFile(`${folder}/all.ts`, paths.map((path) => `import ${JSON.stringify(path)};\n`).join(""));
    const { code, err } = await deno(
      "run",
      "--check",
      "--no-prompt",
      "--quiet",
      "--config",
      "deno.json",
      `${folder}/all.ts`,
    );
    assertEquals([code, err], [0, ""]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("run directly, mod.ts is the program", async () => {
  const { code, out } = await deno("run", "-A", "--no-check", "--quiet", "mod.ts", "--version");
  assertEquals(code, 0);
  assertMatch(out, /^sloctl \d/);
});
