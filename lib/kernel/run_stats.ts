/**
 * What the BPF programs themselves cost, from the kernel's own run-time statistics. Keeping the statistics costs about 50 ns a
 * run, so they are switched on for a moment at a time: hold a RunStats while sampling, and dispose of it.
 */
import { closeFd } from "../host/libc.ts";
import { libbpf } from "./libbpf.ts";

const BPF_STATS_RUN_TIME = 0;
/** Offsets in struct bpf_prog_info (UAPI, stable since 5.1). */
const RUN_TIME_NS = 192;
const RUN_CNT = 200;
const INFO_BYTES = 256;

export interface RunCount {
  readonly ns: number;
  readonly runs: number;
}

/** Cumulative time and runs of one program while statistics were on. */
export function programRuns(fd: number): RunCount {
  const info = new Uint8Array(INFO_BYTES);
  libbpf().bpf_obj_get_info_by_fd(fd, info, new Uint8Array(new Uint32Array([INFO_BYTES]).buffer));
  const view = new DataView(info.buffer);
  return { ns: Number(view.getBigUint64(RUN_TIME_NS, true)), runs: Number(view.getBigUint64(RUN_CNT, true)) };
}

export class RunStats implements Disposable {
  readonly #fd: number;

  constructor() {
    this.#fd = libbpf().bpf_enable_stats(BPF_STATS_RUN_TIME);
  }

  /** False without the right to ask (SYS_ADMIN): cost is then unknown, not zero. */
  get enabled(): boolean {
    return this.#fd >= 0;
  }

  [Symbol.dispose](): void {
    closeFd(this.#fd);
  }
}
