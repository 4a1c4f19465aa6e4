import type { Owner } from "../model/kernel_event.ts";

/** Where a process or a control group lives, as far as it is known; plain data. */
export interface Place {
  readonly exe?: string;
  readonly cgroup?: string;
  readonly pod?: string;
}

export interface Whose {
  of(owner: Owner): Place | undefined;
  /** Path as in /proc/PID/cgroup. */
  ofCgroup(path: string): Place | undefined;
}
