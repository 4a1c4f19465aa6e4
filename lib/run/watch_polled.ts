/** What is looked up once a second beside the ring: tallies in the kernel's maps, stolen CPU time, and quotas of control groups. */
import type { ProbeSession } from "../kernel/session.ts";
import type { KernelEvent } from "../model/kernel_event.ts";
import { QuotaMeter } from "./watch_quota.ts";
import { StealMeter } from "./watch_steal.ts";
import { Tallies } from "./watch_tallies.ts";
import { cgroupPids, type CgroupTargets } from "./watch_targets.ts";

export interface PolledOptions {
  readonly steal: boolean;
  /** Throttling by group: null where the kernel tells it by thread, or where it is not wanted. */
  readonly quota: QuotaOptions | null;
}

export interface QuotaOptions {
  /** Where the cpu controller is mounted. */
  readonly root: string;
  /** It is that of v2. */
  readonly v2: boolean;
  readonly pids: readonly number[];
  readonly cgroups: CgroupTargets;
  readonly comm?: string;
}

export interface Polled {
  /** Ring records, made of the kernel's tallies. */
  readonly records: readonly Uint8Array<ArrayBuffer>[];
  readonly events: readonly KernelEvent[];
}

export class Poller {
  readonly #session: ProbeSession;
  readonly #tallies = new Tallies();
  readonly #steal: StealMeter | null;
  readonly #quota: QuotaMeter | null;

  constructor(session: ProbeSession, nowNs: number, { steal, quota }: PolledOptions) {
    this.#session = session;
    this.#steal = steal ? new StealMeter(nowNs) : null;
    this.#quota = quota === null ? null : quotaMeter(nowNs, quota);
  }

  take(nowNs: number): Polled {
    const stolen = this.#steal?.take(nowNs) ?? null;
    return {
      records: this.#tallies.take(this.#session),
      events: [...stolen === null ? [] : [stolen], ...this.#quota?.take(nowNs) ?? []],
    };
  }
}

/** A quota is set where the cpu controller is: directories of the other hierarchy are followed through their processes. */
function quotaMeter(nowNs: number, { root, v2, pids, cgroups, comm }: QuotaOptions): QuotaMeter {
  const elsewhere = v2 ? cgroups.v1 : cgroups.v2;
  return new QuotaMeter(nowNs, {
    pids: [...pids, ...cgroupPids({ v1: elsewhere, v2: [] })],
    dirs: v2 ? cgroups.v2 : cgroups.v1,
    ...(comm === undefined ? {} : { comm }),
  }, root);
}
