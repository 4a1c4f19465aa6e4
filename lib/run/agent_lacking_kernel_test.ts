/** Hosts that lack something: each time one line says so, and the rest goes on. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { exec } from "../host/exec.ts";
import { PROBES } from "../kernel/probes.ts";
import type { DiagnosisDocument } from "../model/diagnosis.ts";
import { kernelTest } from "../testing/kernel.ts";
import { agent, changedMounts, type Ran, withoutCapabilities } from "../testing/run_agent.ts";
import { missingTool } from "../testing/unless.ts";
import { delay } from "../testing/watched.ts";

const noTools = await missingTool("unshare", "apt-get install util-linux") ??
  await missingTool("setpriv", "apt-get install util-linux");
const needs = () => noTools;

const EVERY = PROBES.map(({ probe }) => probe as string);
const NO_CGROUP_V2 = changedMounts("umount --lazy --all --types cgroup2");
/** Where a mount of the kernel's own file systems may stand. All of /sys, and what is written to by those who tune a kernel. */
const READ_ONLY = changedMounts(`
  for mount in $(awk '$2 ~ "^/sys" { print $2 }' /proc/self/mounts); do mount -o remount,bind,ro "$mount"; done
  mount --bind /proc/sys /proc/sys
  mount -o remount,bind,ro /proc/sys
  ! echo 1 2>/dev/null >/proc/sys/kernel/bpf_stats_enabled`);
const NO_TRACEFS = changedMounts(`
  for folder in /sys/kernel/tracing /sys/kernel/debug; do [ -d $folder ] && mount -t tmpfs none $folder; done
  [ -z "$(ls /sys/kernel/tracing)" ]`);

interface Smoke {
  readonly attached: readonly string[];
  readonly missing: readonly { readonly probe: string; readonly reason: string }[];
}

async function smoke(prefix: readonly string[]): Promise<Ran & Smoke> {
  const ran = await agent(["--probe-smoke", "--json"], prefix);
  assert(ran.out !== "", ran.err);
  return { ...ran, ...JSON.parse(ran.out) as Smoke };
}

const probesOf = ({ attached }: Smoke) => attached.filter((name) => EVERY.includes(name));

/** What is mounted, but for network namespaces with a name: whatever else runs on this machine makes and removes such. */
async function mounts(): Promise<string[]> {
  const lines = (await Deno.readTextFile("/proc/self/mounts")).split("\n");
  return lines.filter((line) => !line.startsWith("nsfs /run/netns/"));
}

kernelTest(
  "no cgroup v2 is mounted: the agent mounts it for itself alone; without that right the rest goes on",
  async () => {
    await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
    const mountsBefore = await mounts();
    let over = false;
    const running = agent(["--for", "2s", "--json", "--comm", "curl"], NO_CGROUP_V2).finally(() => over = true);
    const asking = (async () => {
      while (!over) {
        await exec("curl", "-s", `http://127.0.0.1:${server.addr.port}/`);
        await delay(100);
      }
    })();
    const [whole, powerless] = await Promise.all([
      smoke(NO_CGROUP_V2),
      smoke([...NO_CGROUP_V2, ...withoutCapabilities("sys_admin")]),
    ]);
    const seen = await running;
    await asking;
    const { events_by_kind } = JSON.parse(seen.out) as DiagnosisDocument;
    assert(events_by_kind["exchange"]! > 4, JSON.stringify(events_by_kind));
    assertEquals(probesOf(whole), EVERY, whole.out);
    assertEquals(await mounts(), mountsBefore);

    assertEquals(powerless.code, 3);
    const lost = ["dns_latency", "tls_handshake", "stream"];
    assertEquals(probesOf(powerless), EVERY.filter((probe) => !lost.includes(probe)));
    for (const probe of [...lost, "connect_latency"]) {
      assertMatch(powerless.missing.find((one) => one.probe === probe)!.reason, /no cgroup v2 is mounted here/, probe);
    }
  },
  { needs },
);

kernelTest("/sys and /proc/sys can only be read, tracefs is not there: nothing is lost", async () => {
  const [readOnly, untraced, diagnosis] = await Promise.all([
    smoke(READ_ONLY),
    smoke(NO_TRACEFS),
    agent(["--for", "2s", "--json"], READ_ONLY),
  ]);
  for (const one of [readOnly, untraced]) assertEquals([one.code, probesOf(one)], [0, EVERY], one.out + one.err);
  const { cost } = JSON.parse(diagnosis.out) as DiagnosisDocument;
  assert(cost.bpf_ns_per_event! > 0, "what the probes cost is asked of the kernel by a call, not by a file");
}, { needs });

kernelTest("libbpf is not there, or is not one we can use: one line and exit code 3", async () => {
  /** libelf, which libbpf needs and so is there, has none of its functions: so would an old one lack some. */
  const inItsPlace = (file: string) =>
    changedMounts(`
      for library in /usr/lib/*/libbpf.so.1; do
        file=${file}
        mount --bind "$file" "$(readlink -f "$library")"
      done`);
  const rows = [
    [/"libbpf.so.1": it is too old, it has no \w+/, `$(ldd "$library" | awk '/libelf/ { print $3 }')`],
    [/"libbpf.so.1": \S+libbpf.so.1: file too short/, "/dev/null"],
  ] as const;
  await Promise.all(rows.map(async ([reason, file]) => {
    const { code, out, err } = await agent(["--for", "1s"], inItsPlace(file));
    assertEquals([code, out], [3, ""], err);
    assertMatch(err, reason);
    assertEquals(err.trim().split("\n").length, 2, `a message and a hint: ${err}`);
  }));
}, { needs });
