/**
 * The one lab of a machine. The lock is held by the owner's open file and falls with its process, however that ends; the state file
 * beside it says who the owner is and where the lab listens.
 */
import { processStartTicks } from "../host/process_start.ts";
import { IoError, UnsupportedError } from "../model/errors.ts";
import { STATE_DIR } from "./names.ts";

export interface LabState {
  readonly pid: number;
  /** Clock ticks after boot; with the pid it names one process. */
  readonly start_ticks: number;
  readonly gateway_url: string;
  readonly provider_url: string;
  readonly resolver_control_url: string;
  readonly provider_control_url: string;
  /** PEM file of the CA behind an https provider_url; null over plain HTTP. */
  readonly ca_path: string | null;
  readonly host_ip: string;
  readonly services: readonly {
    readonly role: string;
    readonly pid: number;
    readonly ip: string;
    readonly port: number;
    readonly netns: string;
    readonly cpu_cgroup: string;
    readonly cgroup: string;
  }[];
}

const STATE_FILE = `${STATE_DIR}/lab.json`;

/** @throws UnsupportedError without root. */
export function requireRoot(): void {
  if (Deno.uid() !== 0) {
    throw new UnsupportedError(
      "Cannot use the lab: network namespaces and cgroups need root",
      "Run it as root: sudo",
    );
  }
}

/** @throws UnsupportedError without root; IoError when another process holds it. */
export async function takeLock(): Promise<Disposable> {
  requireRoot();
  Deno.mkdirSync(STATE_DIR, { recursive: true, mode: 0o755 });
  const file = await Deno.open(`${STATE_DIR}/lab.lock`, { create: true, write: true });
  if (await file.tryLock(true)) return file;
  file.close();
  const owner = readState()?.pid;
  throw new IoError(
    `Cannot start the lab: another one is running${owner === undefined ? "" : ` (owner pid ${owner})`}`,
    "End it first: sloctl lab down",
  );
}

/** The running lab, or null when there is none (a file whose owner is gone does not count). */
export function readState(): LabState | null {
  try {
    const state = JSON.parse(Deno.readTextFileSync(STATE_FILE)) as LabState;
    return processStartTicks(state.pid) === state.start_ticks ? state : null;
  } catch {
    return null;
  }
}

/** Written at once, by rename, so that a reader never sees half of it. */
export function writeState(state: Omit<LabState, "pid" | "start_ticks">): void {
  const owner = { pid: Deno.pid, start_ticks: processStartTicks(Deno.pid) };
  Deno.writeTextFileSync(`${STATE_FILE}.new`, JSON.stringify({ ...owner, ...state }, null, 2) + "\n");
  Deno.renameSync(`${STATE_FILE}.new`, STATE_FILE);
}

export function removeState(): void {
  for (const path of [STATE_FILE, `${STATE_FILE}.new`]) {
    try {
      Deno.removeSync(path);
    } catch {
      // It was never written.
    }
  }
}
