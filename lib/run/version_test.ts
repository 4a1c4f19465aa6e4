import { assertEquals, assertMatch } from "@std/assert";
import { fakeIo } from "../testing/fake_io.ts";
import { showVersion, type VersionFacts } from "./version.ts";

Deno.test("version names the program, its source, and what it stands on", async () => {
  const json = fakeIo();
  assertEquals(await showVersion("1.2.3", true, json), 0);
  const facts = JSON.parse(json.stdout) as VersionFacts;
  assertEquals(facts.deno, Deno.version.deno);
  assertMatch(facts.commit, /^([0-9a-f]{12}(-dirty)?|unknown)$/);
  assertEquals(facts.libbpf === null, facts.libbpf_missing !== undefined);
  for (const { name, sha256 } of facts.bpf_objects) {
    const path = new URL(`../../bpf/out/${name}`, import.meta.url);
    const sum = new Deno.Command("sha256sum", { args: [path.pathname] }).outputSync().stdout;
    assertEquals(new TextDecoder().decode(sum).split(" ")[0], sha256, "sha256sum agrees");
  }
  const text = fakeIo();
  await showVersion("1.2.3", false, text);
  assertMatch(text.stdout, /^sloctl 1\.2\.3 \(/);
});
