/** `sloctl prereq check`: what this machine offers, what it does not, what that costs, and how to get it. */
import { readClocks } from "../host/clock.ts";
import { type Machine, thisMachine } from "../host/ebpf_refusal.ts";
import { tryExec } from "../host/exec.ts";
import { libbpf, readCString } from "../kernel/libbpf.ts";
import { EXIT, SloctlError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { cgroupRows, clockRows, kernelRows, rightsRows } from "./prereq/machine.ts";
import { tryPrograms } from "./prereq/programs.ts";
import { renderRows } from "./prereq/render.ts";
import { ok, type Row } from "./prereq/row.ts";
import { trialRows } from "./prereq/trial_rows.ts";

/** Tools we call, the Debian package each is in, and what needs it. */
const TOOLS = [
  ["ip", "iproute2", "-V", "the lab's networks"],
  ["nft", "nftables", "--version", "the fault packet_loss"],
  ["nsenter", "util-linux", "--version", "the lab's namespaces"],
] as const;

export interface Prereq {
  readonly rows: readonly Row[];
  readonly summary: Readonly<Record<Row["state"], number>>;
}

export async function checkPrereq(machine: Machine = thisMachine()): Promise<Prereq> {
  const rows = machine.os === "linux" ? await linuxRows(machine) : [notLinux(machine.os)];
  const count = (state: Row["state"]) => rows.filter((row) => row.state === state).length;
  return { rows, summary: { ok: count("ok"), degraded: count("degraded"), missing: count("missing") } };
}

/** Resolves to 0; with `strict` to 3 when anything is missing. */
export async function showPrereq(json: boolean, strict: boolean, io: Io): Promise<number> {
  const { rows, summary } = await checkPrereq();
  if (json) io.out(`${toJson({ summary, rows }, 2)}\n`);
  else io.out(renderRows(rows, { color: io.color, width: io.columns }));
  return strict && summary.missing > 0 ? EXIT.unsupported : EXIT.ok;
}

async function linuxRows(machine: Machine): Promise<Row[]> {
  const release = Deno.osRelease();
  return [
    ...kernelRows(machine, release),
    ...rightsRows(machine, release),
    ...kernelTrial(),
    ...cgroupRows(machine),
    ...clockRows(machine, readClocks().errorNs),
    ...await Promise.all(TOOLS.map(toolRow)),
  ];
}

/** libbpf, and through it every program. */
function kernelTrial(): Row[] {
  try {
    const version = readCString(libbpf().libbpf_version_string()).replace(/^v/, "");
    return [ok("kernel", "libbpf", version), ...trialRows(tryPrograms())];
  } catch (error) {
    if (!(error instanceof SloctlError)) throw error;
    const get = error.hint ?? "Install it: apt-get install libbpf1";
    return [{ group: "kernel", check: "libbpf", state: "missing", found: error.message, costs: "every probe", get }];
  }
}

async function toolRow([tool, pkg, flag, costs]: typeof TOOLS[number]): Promise<Row> {
  const said = await tryExec(tool, flag);
  if (said !== null) return ok("tools", tool, said.split("\n")[0]!.trim());
  const get = `Install it: apt-get install ${pkg}`;
  return { group: "tools", check: tool, state: "missing", found: "not installed", costs, get };
}

function notLinux(os: string): Row {
  return {
    group: "kernel",
    check: "kernel version",
    state: "missing",
    found: `this is ${os}, not Linux`,
    costs: "every probe; recordings can be replayed",
    get: "Run this on Linux 5.8 or later, as root",
  };
}
