import { assert, assertEquals, assertMatch } from "@std/assert";
import { SIGNALS } from "./signals.ts";

const BPF = new URL("../../bpf/", import.meta.url);

Deno.test("the catalogue names every probe there is, each hook is one of the probe's, and no row leaves a question open", () => {
  const files = [...Deno.readDirSync(BPF)].map(({ name }) => name).filter((name) => name.endsWith(".bpf.c"));
  assertEquals([...new Set(SIGNALS.map(({ probe }) => `${probe}.bpf.c`))].sort(), files.sort());
  assertEquals(new Set(SIGNALS.map(({ signal }) => signal)).size, SIGNALS.length);
  for (const { signal, probe, hooks, minKernel, rights, misses, meaning } of SIGNALS) {
    const source = Deno.readTextFileSync(new URL(`${probe}.bpf.c`, BPF));
    for (const hook of hooks) assert(new RegExp(`SEC\\(".*\\b${hook}"\\)`).test(source), `${signal}: ${hook}`);
    assertMatch(minKernel, /^\d+\.\d+$/);
    assert(rights.length > 0 && misses !== "" && meaning !== "", signal);
  }
});
