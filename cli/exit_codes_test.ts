import { assertEquals } from "@std/assert";
import { EXIT } from "../lib/model/errors.ts";

Deno.test("docs/exit-codes.md lists every exit code, and no other", async () => {
  const text = await Deno.readTextFile(new URL("../docs/exit-codes.md", import.meta.url));
  const rows = [...text.matchAll(/^\| (\d+) +\| `(\w+)`/gm)].map(([, code, name]) => [name, Number(code)]);
  assertEquals(Object.fromEntries(rows), { ...EXIT });
});
