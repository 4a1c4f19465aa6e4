import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { writeAll, writeAllSoon } from "./io.ts";

Deno.test("writeAll goes on after a short write and waits for a full pipe", () => {
  const written: number[] = [];
  let calls = 0;
  const sink = {
    writeSync(bytes: Uint8Array): number {
      if (++calls === 2) throw new Deno.errors.WouldBlock("full");
      const part = bytes.subarray(0, 3);
      written.push(...part);
      return part.length;
    },
  };
  writeAll(sink, new Uint8Array([1, 2, 3, 4, 5, 6, 7]));
  assertEquals(written, [1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("writeAll passes every other error on", () => {
  const sink = {
    writeSync(): number {
      throw new Deno.errors.BrokenPipe("gone");
    },
  };
  assertThrows(() => writeAll(sink, new Uint8Array(1)), Deno.errors.BrokenPipe);
});

Deno.test("writeAllSoon does the same without holding anybody up", async () => {
  const written: number[] = [];
  let calls = 0;
  const sink = {
    write(bytes: Uint8Array): Promise<number> {
      if (++calls === 2) return Promise.reject(new Deno.errors.WouldBlock("full"));
      const part = bytes.subarray(0, 3);
      written.push(...part);
      return Promise.resolve(part.length);
    },
  };
  await writeAllSoon(sink, new Uint8Array([1, 2, 3, 4, 5, 6, 7]));
  assertEquals(written, [1, 2, 3, 4, 5, 6, 7]);
  const gone = { write: () => Promise.reject(new Deno.errors.BrokenPipe("gone")) };
  await assertRejects(() => writeAllSoon(gone, new Uint8Array(1)), Deno.errors.BrokenPipe);
});

/** The real program in its own process; the script has `io` and a way to wait for the stop signal. */
async function inProcess(script: string, after = ""): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = new URL("./io.ts", import.meta.url).href;
  const source = `import { processIo } from ${JSON.stringify(io)};
    const io = processIo((code) => Deno.exit(code));
    const stopped = () => new Promise((done) => io.stop.addEventListener("abort", () => done(io.stop.reason.exitCode)));
    ${script}`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, source);
    const line = `"$0" run -A --quiet "$1" ${after}`;
    const command = new Deno.Command("sh", { args: ["-c", line, Deno.execPath(), file] });
    const { code, stdout, stderr } = await command.output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("the first signal asks, the second ends at once", async () => {
  const kill = (signal: string) => `Deno.kill(Deno.pid, "${signal}");`;
  const table: [string, number][] = [
    [`const end = stopped(); ${kill("SIGINT")} Deno.exit(await end);`, 130],
    [`const end = stopped(); ${kill("SIGTERM")} Deno.exit(await end);`, 143],
    [`const end = stopped(); ${kill("SIGTERM")} await end; ${kill("SIGINT")} setTimeout(() => {}, 10_000);`, 130],
  ];
  for (const [script, expected] of table) assertEquals((await inProcess(script)).code, expected, script);
});

Deno.test("a reader that had enough ends the run quietly", async () => {
  const script = `const end = stopped();
    for (let i = 0; i < 1e5 && !io.stop.aborted; i++) io.out("line\\n".repeat(100));
    io.err("code " + await end);`;
  const { stdout, stderr } = await inProcess(script, "| head -1");
  assertEquals([stdout, stderr], ["line\n", "code 0"]);
});

Deno.test("a full disk is an error that a person can read", async () => {
  const script = `try { io.out("x"); } catch (error) { io.err(error.message); }`;
  const { stderr } = await inProcess(script, ">/dev/full");
  assertEquals(stderr.startsWith('Cannot write "standard output": '), true, stderr);
});

Deno.test("outSoon: a reader that does not read holds nobody up, and one that had enough ends the run quietly", async () => {
  const slow = `let ticks = 0; setInterval(() => ticks++, 10);
    await Promise.race([io.outSoon(new Uint8Array(1 << 20).fill(120)), new Promise((done) => setTimeout(done, 300))]);
    io.err(ticks > 5 ? "went on" : "stood still"); Deno.exit(0);`;
  assertEquals((await inProcess(slow, "| sleep 1")).stderr, "went on");
  const gone = `const end = stopped();
    for (let i = 0; i < 1e4 && !io.stop.aborted; i++) await io.outSoon(new TextEncoder().encode("line\\n".repeat(100)));
    io.err("code " + await end); Deno.exit(0);`;
  assertEquals((await inProcess(gone, "| head -1")).stdout, "line\n");
});
