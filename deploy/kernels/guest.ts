/** Runs inside the guest: what attaches on this kernel, and whether it counts and measures right. */
import { toJson } from "../../lib/model/json.ts";
import { watchKernel } from "../../lib/run/watch.ts";
import { quotaByGroup, quotaByThread, runQueue } from "../accuracy/cpu.ts";
import { dns } from "../accuracy/dns.ts";
import type { Measurement } from "../accuracy/measure.ts";
import { type Attached, type GuestDocument, MARK, type Measured, type Unmeasured } from "./guest_document.ts";
import { loopback } from "../accuracy/loopback.ts";

/** Measurements that need no more than a loopback and the programs of the guest. The quotas are those of cgroup v2. */
const HERE: readonly Measurement[] = [dns, loopback, runQueue, quotaByGroup, quotaByThread];

function tell(document: GuestDocument): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`\n${MARK}${toJson(document)}\n`));
}

function attach(): Attached {
  const release = Deno.osRelease();
  try {
    // With a target, so that the programs at system calls are loaded whole.
    using watch = watchKernel({ timers: true, pids: [Deno.pid] }, () => {});
    return { what: "attached", release, ...watch.coverage };
  } catch (error) {
    return { what: "attached", release, attached: [], missing: [], error: (error as Error).message };
  }
}

async function measured({ name, needs, measure }: Measurement): Promise<Measured | Unmeasured> {
  const reason = needs?.() ?? null;
  if (reason !== null) return { what: "unmeasured", name, reason };
  try {
    return { what: "measured", name, comparisons: await measure() };
  } catch (error) {
    return { what: "unmeasured", name, reason: (error as Error).message };
  }
}

tell(attach());
for (const one of HERE) tell(await measured(one));
tell({ what: "end" });
