import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { IoError } from "../model/errors.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { openLineSink } from "./line_sink.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("a file is appended to; a full disk and a closed pipe are told in words", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const text of ["a\n", "b\nc\n"]) {
      const sink = openLineSink(`${folder}/out`, fakeIo());
      await sink.write(bytes(text));
      sink.close();
    }
    assertEquals(await Deno.readTextFile(`${folder}/out`), "a\nb\nc\n");
    const full = openLineSink("/dev/full", fakeIo());
    await assertRejects(() => full.write(bytes("a\n")), IoError, 'Cannot write "/dev/full": the disk is full');
    full.close();
    assertThrows(() => openLineSink(`${folder}/no/such`, fakeIo()), IoError, "the folder does not exist");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("- is standard output", async () => {
  const io = fakeIo();
  await openLineSink("-", io).write(bytes("a\n"));
  assertEquals(io.stdout, "a\n");
});
