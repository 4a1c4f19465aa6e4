/** What made the figures: a number without its machine says little. */
import { sourceCommit } from "../../lib/host/source_commit.ts";

export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly arch: string;
  readonly kernel: string;
  readonly deno: string;
  readonly commit: string;
  readonly at: string;
  /** Load average over one minute as the benchmark began: above 1 or so, others were at work too. */
  readonly load: number;
}

export async function machine(): Promise<Machine> {
  const cpuinfo = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  return {
    cpu: /^model name\s*:\s*(.*)$/m.exec(cpuinfo)?.[1] ?? "unknown",
    cpus: navigator.hardwareConcurrency,
    arch: Deno.build.arch,
    kernel: Deno.osRelease(),
    deno: Deno.version.deno,
    commit: await sourceCommit(),
    at: new Date().toISOString(),
    load: Deno.loadavg()[0] ?? NaN,
  };
}
