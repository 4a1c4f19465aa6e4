import { assertEquals } from "@std/assert";
import { type KernelEvent, NOBODY } from "../model/kernel_event.ts";
import { ProcessNames } from "./watch_names.ts";

const event = (owner: Partial<KernelEvent["owner"]>) =>
  ({ kind: "dns", owner: { ...NOBODY, startNs: 0, ...owner } }) as KernelEvent;

Deno.test("ProcessNames gives a thread's event the name and the start of its process, and leaves the others", () => {
  let reads = 0;
  const names = new ProcessNames((pid) => {
    reads++;
    return pid === 7 ? `7 (node) S ${"0 ".repeat(18)}250 0` : null;
  });
  for (let i = 0; i < 3; i++) {
    const { comm, startNs } = names.name(event({ pid: 7, tid: 9, comm: "libuv-worker" })).owner;
    assertEquals([comm, startNs], ["node", 2.5e9]);
  }
  assertEquals(reads, 1);
  assertEquals(names.name(event({ pid: 8, comm: "gone" })).owner.comm, "gone");
  assertEquals(names.name(event({ pid: 7, comm: "told", startNs: 5 })).owner.comm, "told");
  assertEquals(names.name(event({ pid: 0, comm: "" })).owner.pid, 0);
  assertEquals(reads, 2);
});
