import type { Identity } from "../identity/identities.ts";
import type { Owner } from "../model/kernel_event.ts";

/** Where a process or a control group lives, as far as it is known; plain data. */
export type Place = Identity;

export interface Whose {
  of(owner: Owner): Place | undefined;
  /** Path as in /proc/PID/cgroup. */
  ofCgroup(path: string): Place | undefined;
}
