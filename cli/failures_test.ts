import { assertEquals, assertStringIncludes } from "@std/assert";
import { IoError, UsageError } from "../lib/model/errors.ts";
import { failuresPath, keepFailure } from "./failures.ts";

Deno.test("where failures are kept", () => {
  const path = (vars: Record<string, string>) => failuresPath((name) => vars[name]);
  assertEquals(path({ HOME: "/h" }), "/h/.local/state/sloctl/failures.jsonl");
  assertEquals(path({ HOME: "/h", XDG_STATE_HOME: "/s" }), "/s/sloctl/failures.jsonl");
  assertEquals(path({ SLOCTL_STATE_DIR: "/x" }), "/x/failures.jsonl");
  assertEquals(path({}), null);
});

Deno.test("failures are kept, to a bound, and never make anything worse", async () => {
  const folder = await Deno.makeTempDir();
  const env = (name: string) => name === "SLOCTL_STATE_DIR" ? `${folder}/deep/er` : undefined;
  const keep = (error: unknown, exitCode: number) =>
    keepFailure({ exitCode, command: "agent", error }, env, new Date(0));
  try {
    keep(new UsageError("typed wrong"), 2);
    keep(new IoError('Cannot read "x"', "Look"), 4);
    keep(new TypeError("oops"), 70);
    const path = `${folder}/deep/er/failures.jsonl`;
    const [first, second, ...more] = (await Deno.readTextFile(path)).trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(first, {
      at: "1970-01-01T00:00:00.000Z",
      command: "agent",
      exit_code: 4,
      message: 'Cannot read "x"',
      hint: "Look",
    });
    assertStringIncludes(second.stack, "TypeError: oops");
    assertEquals(more, []);
    for (let i = 0; i < 300; i++) keep(new IoError(`${i} ${"x".repeat(500)}`), 4);
    assertEquals((await Deno.stat(path)).size <= 64 * 1024, true);
    const kept = (await Deno.readTextFile(path)).trim().split("\n").map((line) =>
      JSON.parse(line) as { message: string }
    );
    assertEquals(kept.at(-1)!.message.startsWith("299 "), true);
    keepFailure({ exitCode: 4, command: "a", error: 1 }, () => "/proc/nowhere", new Date(0));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
