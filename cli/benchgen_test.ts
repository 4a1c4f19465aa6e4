import { assertEquals } from "@std/assert";
import { fakeIo } from "../lib/testing/fake_io.ts";
import { main } from "./main.ts";

Deno.test("benchgen: provenance says every flag that was given, and may be given again", async () => {
  const out = await Deno.makeTempDir();
  const given = ["--scenario", "baseline", "--out", out, "--runs", "1", "--fresh", "--attribution-mode", "bayes"];
  assertEquals(await main(["benchgen", ...given], fakeIo()), 0);
  const { argv } = JSON.parse(await Deno.readTextFile(`${out}/baseline/run-1/provenance.json`));
  assertEquals(argv, ["sloctl", "benchgen", ...given]);
  await Deno.remove(out, { recursive: true });
});
