import { assert, assertEquals, assertMatch } from "@std/assert";
import { type PolledName, SIGNALS } from "./signals.ts";

const BPF = new URL("../../bpf/", import.meta.url);

Deno.test("the catalogue names every probe there is, each hook is one of the probe's, and no row leaves a question open", () => {
  const files = [...Deno.readDirSync(BPF)].map(({ name }) => name).filter((name) => /^\w+\.bpf\.c$/.test(name));
  const polled: readonly string[] = ["cpu_steal"] satisfies PolledName[];
  const compiled = SIGNALS.filter(({ probe }) => !polled.includes(probe));
  const names = ["group_names.bpf.c", "exe_names.bpf.c"]; // of control groups and executables: no probes
  assertEquals([...new Set(compiled.map(({ probe }) => `${probe}.bpf.c`)), ...names].sort(), files.sort());
  assertEquals(new Set(SIGNALS.map(({ signal }) => signal)).size, SIGNALS.length);
  for (const { signal, probe, hooks } of compiled) {
    const source = Deno.readTextFileSync(new URL(`${probe}.bpf.c`, BPF));
    for (const hook of hooks.filter((hook) => hook !== "cpu.stat")) {
      assert(new RegExp(`SEC\\(".*\\b${hook}"\\)`).test(source), `${signal}: ${hook}`);
    }
  }
  for (const { signal, hooks, minKernel, misses, meaning } of SIGNALS) {
    assertMatch(minKernel, /^\d+\.\d+$/);
    assert(hooks.length > 0 && misses !== "" && meaning !== "", signal);
  }
});
