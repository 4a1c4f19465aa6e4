/** 2 s after the agent ended, however it ended, the kernel holds nothing of it. */
import { assert, assertEquals } from "@std/assert";
import { closeFd } from "../host/libc.ts";
import { kernelTest } from "../testing/kernel.ts";
import { delay } from "../testing/watched.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const KINDS = ["prog", "map", "link"] as const;

/** `prog 17`, `map 18`, `link 19` ... of what a process has open, from /proc/<pid>/fdinfo. */
function heldBy(pid: number): string[] {
  const ids = new Set<string>();
  for (const entry of Deno.readDirSync(`/proc/${pid}/fdinfo`)) {
    try {
      const text = Deno.readTextFileSync(`/proc/${pid}/fdinfo/${entry.name}`);
      for (const [, kind, id] of text.matchAll(/^(prog|map|link)_id:\s*(\d+)$/gm)) ids.add(`${kind} ${id}`);
    } catch {
      // closed meanwhile
    }
  }
  return [...ids];
}

/** Asks the kernel itself for a thing by its id; no tool is needed, and no holder is overlooked. */
function alive(things: readonly string[]): string[] {
  const one = { parameters: ["u32"], result: "i32" } as const;
  const { symbols, close } = openLibrary();
  try {
    return things.filter((thing) => {
      const [kind, id] = thing.split(" ");
      const fd = symbols[`bpf_${kind as typeof KINDS[number]}_get_fd_by_id`](Number(id));
      closeFd(fd);
      return fd >= 0;
    });
  } finally {
    close();
  }
  function openLibrary() {
    const library = Deno.dlopen("libbpf.so.1", {
      bpf_prog_get_fd_by_id: one,
      bpf_map_get_fd_by_id: one,
      bpf_link_get_fd_by_id: one,
    });
    return { symbols: library.symbols, close: () => library.close() };
  }
}

for (const [signal, code] of [["SIGINT", 0], ["SIGTERM", 0], ["SIGKILL", 137]] as const) {
  kernelTest(`2 s after ${signal} no program, map, link or process of the agent is left`, async () => {
    const agent = new Deno.Command(`${ROOT}sloctl`, {
      args: ["agent"],
      env: { SLOCTL_DENO: Deno.execPath() },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const said = Promise.all([new Response(agent.stdout).text(), new Response(agent.stderr).text()]);
    let held: string[] = [];
    try {
      // Attached once it has links and what it holds is the same twice: while loading, libbpf makes and frees maps of its own.
      for (let i = 0, before = ""; i < 200; i++) {
        await delay(100);
        held = heldBy(agent.pid);
        if (held.some((thing) => thing.startsWith("link")) && held.join() === before) break;
        before = held.join();
      }
      for (const kind of KINDS) assert(held.some((thing) => thing.startsWith(kind)), `it has no ${kind}: ${held}`);
      assertEquals(alive(held), held);
    } finally {
      agent.kill(signal);
    }
    const status = await agent.status;
    const [out, err] = await said;
    assertEquals(status.code, code, err);
    if (signal !== "SIGKILL") assert(out.includes("Coverage"), `stopped, it still tells what it saw: ${out}`);
    let left = alive(held);
    for (let waited = 0; left.length > 0 && waited < 2000; waited += 50) {
      await delay(50);
      left = alive(held);
    }
    assertEquals(left, []);
  });
}
