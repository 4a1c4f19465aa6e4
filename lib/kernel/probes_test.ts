import { assert, assertEquals, assertMatch } from "@std/assert";
import { levels, PROBES } from "./probes.ts";

const BPF = new URL("../../bpf/", import.meta.url);

Deno.test("every plain form has its file, each file its probe, and none of them asks the kernel for BTF", () => {
  const files = [...Deno.readDirSync(BPF)].map(({ name }) => name).filter((name) => name.endsWith(".plain.bpf.c"));
  const plain = PROBES.filter((spec) => spec.plain !== undefined).map(({ probe }) => `${probe}.plain.bpf.c`);
  assertEquals([...plain, "socket_owner.plain.bpf.c"].sort(), files.sort());
  for (const file of files) {
    const source = Deno.readTextFileSync(new URL(file, BPF));
    assertMatch(source, /LLM_SLO_PLAIN|plain\.bpf\.h/, file);
    assert(!/tp_btf|fexit|fentry|BPF_CORE_READ/.test(source), file);
  }
});

Deno.test("levels: whole first, then without what can be spared, then plain", () => {
  const spec = { probe: "stream", needs: [], optional: {}, underWay: [], costs: "all" } as const;
  assertEquals(levels(spec), [{ object: "stream", attempts: [[]], loses: null }]);
  const plain = { loses: "much" };
  const rich = {
    ...spec,
    plain,
    oneOf: ["better", "worse", "worst"],
    spare: { programs: ["spare"], loses: "little" },
  } as const;
  assertEquals(levels(rich), [
    { object: "stream", attempts: [["worse", "worst"], ["better", "worst"], ["better", "worse"]], loses: null },
    {
      object: "stream",
      attempts: [["worse", "worst", "spare"], ["better", "worst", "spare"], ["better", "worse", "spare"]],
      loses: "little",
    },
    { object: "stream.plain", plain, attempts: [[]], loses: "much" },
  ]);
});
