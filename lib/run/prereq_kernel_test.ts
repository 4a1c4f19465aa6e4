import { assertEquals } from "@std/assert";
import { kernelTest } from "../testing/kernel.ts";
import { missingTool } from "../testing/unless.ts";
import { PROBES } from "../kernel/probes.ts";
import type { Row } from "./prereq/row.ts";
import { checkPrereq } from "./prereq.ts";

/** Ids of the programs in the kernel, by an instrument that is not ours: /proc of every process holding one. */
function heldPrograms(): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return /bpf/.test(Deno.readLinkSync(`/proc/self/fd/${name}`));
    } catch {
      return false;
    }
  }).length;
}

kernelTest("prereq check tries every hook, finds them, and leaves nothing behind", async () => {
  const before = heldPrograms();
  const { rows, summary } = await checkPrereq();
  assertEquals(rows.filter(({ group, state }) => (group === "hooks" || group === "probes") && state === "missing"), []);
  assertEquals(summary.ok + summary.degraded + summary.missing, rows.length);
  assertEquals(heldPrograms(), before);
});

const noUnshare = await missingTool("unshare", "apt-get install util-linux");

kernelTest("prereq check without BTF: the plain forms are tried, and found", async () => {
  const { stdout } = await new Deno.Command("unshare", {
    args: [
      ...["--mount", "sh", "-ec", 'mount -t tmpfs none /sys/kernel/btf; exec "$@"', "sh"],
      ...[Deno.execPath(), "run", "-A", "--no-check", new URL("../../cli/sloctl.ts", import.meta.url).pathname],
      ...["prereq", "check", "--output", "json"],
    ],
    stdin: "null",
  }).output();
  const { rows } = JSON.parse(new TextDecoder().decode(stdout)) as { rows: Row[] };
  const states = rows.filter(({ group }) => group === "probes").map(({ check, state }) => [check, state]);
  const expected = PROBES.map(({ probe, plain }) => [probe, plain === undefined ? "missing" : "degraded"]);
  assertEquals(states, expected);
  assertEquals(rows.find(({ check }) => check === "ring buffer")?.state, "ok");
}, { needs: () => noUnshare });
