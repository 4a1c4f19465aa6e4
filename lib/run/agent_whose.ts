import type { Identity } from "../identity/identities.ts";
import type { Owner } from "../model/kernel_event.ts";

/** Where a process or a control group lives, as far as it is known; plain data. */
export type Place = Identity;

export interface Whose {
  /** At that time of the kernel's records; default: now. */
  of(owner: Owner, tsNs?: number): Place | undefined;
  /** Another number when a process may have called exec; absent: none does. */
  readonly generation?: number;
  /** Path as in /proc/PID/cgroup. */
  ofCgroup(path: string): Place | undefined;
}
