/** Records about memory, disks and system calls. */
import { syscallName } from "../model/syscalls.ts";
import type { DiskEvent, DiskOperation, ReclaimEvent, SyscallEvent, TallyEvent } from "../model/kernel_event.ts";
import { endedNs, owner, u64 } from "./fields.ts";
import { DISK_FLAG, KIND, RECLAIM_FLAG, WIRE } from "./wire.gen.ts";

export function decodeReclaim(view: DataView, at: number): ReclaimEvent {
  return {
    kind: "reclaim",
    tsNs: endedNs(view, at),
    owner: owner(view, at),
    startNs: u64(view, at + WIRE.reclaim.start_ns),
    at: flags(view, at) & RECLAIM_FLAG.reclaim_memcg ? "cgroup" : "machine",
    pages: u64(view, at + WIRE.reclaim.pages),
  };
}

export function decodeDisk(view: DataView, at: number): DiskEvent {
  return {
    kind: "disk",
    tsNs: endedNs(view, at),
    owner: owner(view, at),
    startNs: u64(view, at + WIRE.disk.start_ns),
    issuedNs: u64(view, at + WIRE.disk.issued_ns),
    device: device(view.getUint32(at + WIRE.disk.device, true)),
    operation: operation(view.getUint32(at + WIRE.disk.op, true)),
    sector: u64(view, at + WIRE.disk.sector),
    bytes: view.getUint32(at + WIRE.disk.bytes, true),
    byKernel: (flags(view, at) & DISK_FLAG.disk_kernel) !== 0,
    errno: diskErrno(view.getInt32(at + WIRE.disk.status, true)),
  };
}

export function decodeSyscall(view: DataView, at: number): SyscallEvent {
  return {
    kind: "syscall",
    tsNs: endedNs(view, at),
    owner: owner(view, at),
    startNs: u64(view, at + WIRE.syscall.start_ns),
    call: call(view.getUint32(at + WIRE.syscall.number, true), view.getUint32(at + WIRE.syscall.machine, true)),
    result: Number(view.getBigInt64(at + WIRE.syscall.result, true)),
  };
}

/** null: it stands for a kind of record that this reader does not know. */
export function decodeTally(view: DataView, at: number): TallyEvent | null {
  const what = view.getUint32(at + WIRE.tally.what, true);
  const where = view.getUint32(at + WIRE.tally.where, true);
  const of = tallied(flags(view, at), what, where, u64(view, at + WIRE.tally.bytes));
  if (of === null) return null;
  const counts = (WIRE.tally.size - WIRE.tally.counts) / 8;
  return {
    kind: "tally",
    tsNs: endedNs(view, at),
    owner: owner(view, at),
    of,
    sumNs: u64(view, at + WIRE.tally.sum_ns),
    counts: Array.from({ length: counts }, (_, i) => u64(view, at + WIRE.tally.counts + 8 * i)),
  };
}

/** LLM_SLO_CALL_WAITS of a call, LLM_SLO_BY_KERNEL of a block request, LLM_SLO_BY_SERVER of a turn. */
const TOP_BIT = 0x80000000;

function tallied(kind: number, what: number, where: number, bytes: number): TallyEvent["of"] | null {
  const number = (what & ~TOP_BIT) >>> 0;
  const marked = (what & TOP_BIT) !== 0;
  switch (kind) {
    case KIND.disk:
      return { kind: "disk", device: device(where), operation: operation(number), bytes, byKernel: marked };
    case KIND.syscall:
      return { kind: "syscall", call: call(number, where), waits: marked };
    case KIND.exchange:
      return { kind: "turn", role: marked ? "server" : "client" };
    default:
      return null;
  }
}

const flags = (view: DataView, at: number) => view.getUint16(at + WIRE.event.flags, true);

/** The kernel's dev_t: 20 bits of minor. */
const device = (number: number) => `${number >>> 20}:${number & 0xfffff}`;

/** REQ_OP_* of the kernel; those whose numbers have changed over time are `other`. */
const OPERATIONS: Readonly<Record<number, DiskOperation>> = {
  0: "read",
  1: "write",
  2: "flush",
  3: "discard",
  9: "write_zeroes",
};
const operation = (number: number): DiskOperation => OPERATIONS[number] ?? "other";

/** BLK_STS_NOTSUPP, TIMEOUT, NOSPC, TRANSPORT, TARGET, RESV_CONFLICT, MEDIUM, PROTECTION, RESOURCE, IOERR by their number less 1, as errno. */
const BLOCK_STATUS = [95, 110, 28, 67, 121, 52, 61, 84, 12, 5];
const EIO = 5;
/** The block layer's own status, or -errno on older kernels. */
const diskErrno = (status: number) => status <= 0 ? Math.abs(status) : BLOCK_STATUS[status - 1] ?? EIO;

/** EM_AARCH64; x86-64 (62) is the other one that the probes are compiled for. */
const AARCH64 = 183;
const call = (number: number, machine: number) => syscallName(number, machine === AARCH64 ? "aarch64" : "x86_64");
