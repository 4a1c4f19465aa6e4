/** Objects that cannot be loaded: one clear error each, with what the kernel said, and nothing left. */
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { IoError } from "../model/errors.ts";
import { kernelTest } from "../testing/kernel.ts";
import { BpfObject } from "./bpf_object.ts";

const options = { config: new Uint8Array(0), without: new Set<string>(), shared: new Map() };

/** Follows a null pointer: the compiler lets it pass, the verifier does not. */
const UNSAFE = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "Dual BSD/GPL";
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, int); __type(value, long); } table SEC(".maps");
SEC("tp_btf/sched_switch") int unsafe(void *ctx)
{
	int key = 0;
	long *value = bpf_map_lookup_elem(&table, &key);
	return *value;
}`;

async function compile(source: string): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-refused-test-" });
  try {
    await Deno.writeTextFile(`${folder}/unsafe.bpf.c`, source);
    const include = `-I/usr/include/${Deno.build.arch}-linux-gnu`;
    const args = ["-O2", "-g", "-target", "bpf", include, "-c", `${folder}/unsafe.bpf.c`, "-o", `${folder}/unsafe.o`];
    const { success, stderr } = await new Deno.Command("clang", { args }).output();
    assert(success, new TextDecoder().decode(stderr));
    return await Deno.readFile(`${folder}/unsafe.o`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const openFiles = () => [...Deno.readDirSync("/proc/self/fd")].length;

kernelTest("an object that the verifier refuses is one error, with the verifier's own words", async () => {
  const bytes = await compile(UNSAFE);
  const before = openFiles();
  const error = assertThrows(() => BpfObject.load("unsafe", bytes, options), IoError);
  assertEquals(error.message, 'Cannot load BPF object "unsafe": the verifier refused it (EACCES)');
  assertMatch(error.hint ?? "", /invalid mem access 'map_value_or_null'/);
  assertEquals(openFiles(), before, "no map and no program stays open");
});

kernelTest("what is no object is refused before the kernel is asked", () => {
  const whole = Deno.readFileSync(new URL("../../bpf/out/stream.bpf.o", import.meta.url));
  const rows: [string, Uint8Array<ArrayBuffer>][] = [
    ["empty", new Uint8Array(0)],
    ["rubbish", crypto.getRandomValues(new Uint8Array(4096))],
    ["cut", whole.slice(0, whole.length / 2)],
  ];
  for (const [name, bytes] of rows) {
    const { message } = assertThrows(() => BpfObject.load(name, bytes, options), IoError);
    assertStringIncludes(message, `Cannot open BPF object "${name}"`);
  }
});
