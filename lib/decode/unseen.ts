/** What a process used that no probe can look into, out of the kernel's table of it. Pure. */
import { text, u64 } from "./fields.ts";
import { UNSEEN_WHAT, WIRE } from "./wire.gen.ts";

export interface UnseenUse {
  /** `unix`: reads from UNIX stream sockets. `quic`: UDP packets sent to or from port 443. */
  readonly what: "unix" | "quic";
  readonly count: number;
  readonly owner: { readonly pid: number; readonly comm: string; readonly startNs: number };
}

export function decodeUnseen(key: DataView, value: DataView): UnseenUse {
  return {
    what: key.getUint32(WIRE.unseenKey.what, true) === UNSEEN_WHAT.unseen_unix ? "unix" : "quic",
    count: u64(value, WIRE.unseen.count),
    owner: {
      pid: key.getUint32(WIRE.unseenKey.pid, true),
      comm: text(value, WIRE.unseen.comm, 16),
      startNs: u64(value, WIRE.unseen.process_start_ns),
    },
  };
}
