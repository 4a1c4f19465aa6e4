import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { IoError } from "../model/errors.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { openJsonl } from "./jsonl.ts";

function tempFile(): { path: string } & Disposable {
  const folder = Deno.makeTempDirSync();
  return { path: `${folder}/out.jsonl`, [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }) };
}

Deno.test("lines reach the file when the buffer is full, when flushed, and at the end", () => {
  using file = tempFile();
  const text = () => Deno.readTextFileSync(file.path);
  {
    using out = openJsonl(file.path, fakeIo(), { bufferBytes: 20 });
    out.write({ a: 1 });
    assertEquals(text(), "");
    out.write({ ts: 1700000000123456789n, v: NaN });
    assertEquals(text(), '{"a":1}\n{"ts":1700000000123456789,"v":"NaN"}\n');
    out.writeLine('{"b":2}');
    out.flush();
    assert(text().endsWith('{"b":2}\n'));
    out.write(3);
    assertEquals(out.lines, 4);
  }
  assert(text().endsWith("3\n"));
  openJsonl(file.path, fakeIo())[Symbol.dispose]();
  assert(text().endsWith("3\n"), "an existing file is appended to");
  openJsonl(file.path, fakeIo(), { truncate: true }).close();
  assertEquals(text(), "");
});

Deno.test("standard output gets each line at once", () => {
  const io = fakeIo();
  using out = openJsonl("-", io);
  out.write({ a: 1 });
  assertEquals(io.stdout, '{"a":1}\n');
});

Deno.test("what cannot be opened is one clear error", () => {
  assertThrows(() => openJsonl("/nowhere/at/all.jsonl", fakeIo()), IoError, "the folder does not exist");
  assertThrows(() => openJsonl("/", fakeIo()), IoError, 'Cannot open "/"');
});

Deno.test("a full disk is told once, then the writer is spent", () => {
  const out = openJsonl("/dev/full", fakeIo(), { bufferBytes: 1 });
  const error = assertThrows(() => out.write({ a: 1 }), IoError, 'Cannot write "/dev/full": the disk is full');
  assertEquals(assertThrows(() => out.write({ a: 2 })), error);
  out[Symbol.dispose]();
  const late = openJsonl("/dev/full", fakeIo());
  late.write({ a: 1 });
  assertThrows(() => late.close(), IoError, "the disk is full");
  late.close();
});

Deno.test("a closed pipe is told once", async () => {
  using folder = tempFile();
  const made = await new Deno.Command("mkfifo", { args: [folder.path] }).output();
  assert(made.success);
  const reader = new Deno.Command("head", { args: ["-n", "1", folder.path], stdout: "piped" }).spawn();
  using out = openJsonl(folder.path, fakeIo(), { bufferBytes: 1 });
  const error = assertThrows(
    () => {
      for (let i = 0; i < 100_000; i++) out.write({ i });
    },
    IoError,
  );
  assertStringIncludes(error.message, "the reader closed the pipe");
  await reader.output();
});
