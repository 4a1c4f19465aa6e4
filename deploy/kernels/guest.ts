/** Runs inside the guest: what attaches on this kernel, and whether it counts and measures right; also without BTF, and locked down. */
import { exec, tryExec } from "../../lib/host/exec.ts";
import { SloctlError } from "../../lib/model/errors.ts";
import { toJson } from "../../lib/model/json.ts";
import { runAgent } from "../../lib/run/agent.ts";
import { AGENT_DEFAULTS } from "../../lib/testing/agent_defaults.ts";
import { fakeIo } from "../../lib/testing/fake_io.ts";
import { quotaByGroup, quotaByThread, runQueue } from "../accuracy/cpu.ts";
import { dns, dnsBrief } from "../accuracy/dns.ts";
import { firstBytes, lateReader, loopback } from "../accuracy/loopback.ts";
import type { Measurement } from "../accuracy/measure.ts";
import {
  type Attached,
  type GuestDocument,
  LOCK_DOWN,
  MARK,
  type Measured,
  type Under,
  type Unmeasured,
} from "./guest_document.ts";

/** Measurements that need no more than a loopback and the programs of the guest. The quotas are those of cgroup v2. */
const WHOLE: readonly Measurement[] = [dns, loopback, lateReader, runQueue, quotaByGroup, quotaByThread];
/** What is left without BTF. */
const PLAIN: readonly Measurement[] = [dnsBrief, firstBytes];
const LOCKDOWN = "/sys/kernel/security/lockdown";
/** Programs of which a kernel takes one. */
const ROUTES = /^on_(inet_stream_connect|connect_return|connect_exit|sock_recv_length|tcp_recvmsg\w*)$/;

function tell(document: GuestDocument): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`\n${MARK}${toJson(document)}\n`));
}

/** The agent as people run it: --probe-smoke. */
async function smoke(under: Under): Promise<Attached> {
  const release = Deno.osRelease();
  const io = fakeIo();
  try {
    const code = await runAgent({ ...AGENT_DEFAULTS, probeSmoke: true, json: true }, io);
    const { capability_mode, attached, missing, programs } = JSON.parse(io.stdout);
    const routes = programs.filter((name: string) => ROUTES.test(name));
    return { what: "attached", under, release, code, mode: capability_mode, attached, missing, routes };
  } catch (error) {
    if (!(error instanceof SloctlError)) throw error;
    const nothing = { mode: "unsupported", attached: [], missing: [], routes: [] } as const;
    return { what: "attached", under, release, code: error.exitCode, ...nothing, error: error.message };
  }
}

async function measured({ name, needs, measure }: Measurement, under: Under): Promise<Measured | Unmeasured> {
  const reason = needs?.() ?? null;
  if (reason !== null) return { what: "unmeasured", under, name, reason };
  try {
    return { what: "measured", under, name, comparisons: await measure() };
  } catch (error) {
    return { what: "unmeasured", under, name, reason: (error as Error).message };
  }
}

async function look(under: Under, measurements: readonly Measurement[]): Promise<void> {
  tell(await smoke(under));
  for (const one of measurements) tell(await measured(one, under));
}

await look("as booted", WHOLE);
await exec("mount", "-t", "tmpfs", "none", "/sys/kernel/btf");
await look("BTF hidden", PLAIN);
await tryExec("umount", "/sys/kernel/btf");
// A kernel that is locked down stays so: this comes last.
if ((await Deno.readTextFile("/proc/cmdline")).split(/\s/).includes(LOCK_DOWN)) {
  await Deno.writeTextFile(LOCKDOWN, "integrity");
  await look("lockdown=integrity", []);
  await Deno.writeTextFile(LOCKDOWN, "confidentiality");
  await look("lockdown=confidentiality", PLAIN);
}
tell({ what: "end" });
