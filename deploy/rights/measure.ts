/** Which capabilities each probe needs: the agent is started without one after the other, and says what it got. */
import { exec } from "../../lib/host/exec.ts";
import { PROBES } from "../../lib/kernel/probes.ts";

/** What could matter. CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON, so it is looked at apart. */
export const CAPABILITIES = ["BPF", "PERFMON", "NET_ADMIN", "SYS_RESOURCE", "SYS_PTRACE"] as const;
export type Capability = typeof CAPABILITIES[number];

/** `part`: attached, with less to tell. */
export type Had = "whole" | "part" | "no";

export interface RightsReport {
  /** By probe: what is had with everything but CAP_SYS_ADMIN, and but one more. */
  readonly without: Readonly<Record<string, Readonly<Record<Capability, Had>>>>;
  /** By probe: what is had with those alone that it cannot be whole without. */
  readonly withNeeded: Readonly<Record<string, Had>>;
  /** By probe: what is had with CAP_SYS_ADMIN alone, and with CAP_NET_ADMIN beside it. */
  readonly sysAdmin: Readonly<Record<string, Had>>;
  readonly sysAdminAndNet: Readonly<Record<string, Had>>;
  /** Whether the kernel tells what programs cost: with all of the above, and with CAP_SYS_ADMIN too. */
  readonly costTold: { readonly without: boolean; readonly withSysAdmin: boolean };
}

interface Smoke {
  readonly attached: readonly string[];
  readonly missing: readonly { readonly probe: string }[];
}

const SLOCTL = new URL("../../sloctl", import.meta.url).pathname;

/** What an agent within this bounding set writes to standard output. */
async function agent(bounding: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await new Deno.Command("setpriv", {
    args: ["--bounding-set", bounding, SLOCTL, "agent", ...args],
    env: { SLOCTL_DENO: Deno.execPath() },
    stdin: "null",
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout);
}

/** setpriv's words for a bounding set: exactly these, or all but these. */
const only = (names: readonly string[]) => ["-all", ...names.map((name) => `+${name.toLowerCase()}`)].join(",");
const allBut = (names: readonly string[]) => names.map((name) => `-${name.toLowerCase()}`).join(",");

async function had(bounding: string): Promise<Record<string, Had>> {
  const out = await agent(bounding, "--probe-smoke", "--json");
  // Without any probe the agent says so on stderr and ends.
  const { attached, missing }: Smoke = out === "" ? { attached: [], missing: [] } : JSON.parse(out);
  const state = (probe: string): Had => {
    if (!attached.includes(probe)) return "no";
    return missing.some((one) => one.probe === probe) ? "part" : "whole";
  };
  return Object.fromEntries(PROBES.map(({ probe }) => [probe, state(probe)]));
}

async function costTold(bounding: string): Promise<boolean> {
  return JSON.parse(await agent(bounding, "--for", "1s", "--json")).cost.bpf_ns_per_event !== null;
}

/** The capabilities without which the probe is not whole. */
export function needed(without: RightsReport["without"], probe: string): Capability[] {
  return CAPABILITIES.filter((name) => without[probe]![name] !== "whole");
}

/** Takes some ten seconds; one agent at a time. */
export async function measureRights(): Promise<RightsReport> {
  await exec("setpriv", "--version");
  const columns: Record<string, Record<string, Had>> = {};
  for (const name of CAPABILITIES) columns[name] = await had(allBut(["SYS_ADMIN", name]));
  const without = Object.fromEntries(PROBES.map(({ probe }) => [
    probe,
    Object.fromEntries(CAPABILITIES.map((name) => [name, columns[name]![probe]!])) as Record<Capability, Had>,
  ]));
  const sets = new Map(PROBES.map(({ probe }) => [probe as string, needed(without, probe).join(",")]));
  const withNeeded: Record<string, Had> = {};
  for (const set of new Set(sets.values())) {
    const found = await had(only(set.split(",")));
    for (const [probe, wanted] of sets) if (wanted === set) withNeeded[probe] = found[probe]!;
  }
  return {
    without,
    withNeeded,
    sysAdmin: await had(only(["SYS_ADMIN"])),
    sysAdminAndNet: await had(only(["SYS_ADMIN", "NET_ADMIN"])),
    costTold: { without: await costTold(allBut(["SYS_ADMIN"])), withSysAdmin: await costTold(only(["SYS_ADMIN"])) },
  };
}
