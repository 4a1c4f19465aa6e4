/** Runs a BPF program of type `syscall` once, now, in this process: BPF_PROG_TEST_RUN. */
import { errnoName, errnoWords } from "../model/codes.ts";
import { IoError } from "../model/errors.ts";
import { libbpf } from "./libbpf.ts";

/** struct bpf_test_run_opts of libbpf 1.x: its size comes first, what is not set is 0. */
const OPTS_BYTES = 80;
const CTX_IN = 32;
const CTX_SIZE_IN = 48;

/**
 * The program sees `context` as its argument, and what it writes there is in `context` afterwards.
 *
 * @throws IoError when the kernel refuses: EINVAL for a program of another type, EPERM without the right to.
 */
export function testRun(programFd: number, context: Uint8Array<ArrayBuffer>): void {
  const opts = new Uint8Array(OPTS_BYTES);
  const view = new DataView(opts.buffer);
  view.setBigUint64(0, BigInt(OPTS_BYTES), true);
  view.setBigUint64(CTX_IN, BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(context))), true);
  view.setUint32(CTX_SIZE_IN, context.byteLength, true);
  const result = libbpf().bpf_prog_test_run_opts(programFd, opts);
  if (result !== 0) {
    throw new IoError(
      `Cannot run BPF program "fd ${programFd}": ${errnoName(-result)}, ${errnoWords(-result)}`,
      "Run it as root, on Linux 5.14 or later",
    );
  }
}
