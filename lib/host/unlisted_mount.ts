/** File systems of the kernel that nobody has mounted here: mounted for ourselves alone, at no path, and gone with the descriptor. */
import { closeFd, systemCalls } from "./libc.ts";

const FSOPEN = 430n, FSCONFIG = 431n, FSMOUNT = 432n; // the same numbers on x86-64 and arm64, since Linux 5.2
const FSOPEN_CLOEXEC = 1n, FSMOUNT_CLOEXEC = 1n, FSCONFIG_CMD_CREATE = 6n;

export interface UnlistedMount extends Disposable {
  /** Good for this process only, until it is disposed of. */
  readonly path: string;
}

/** Null without the right to mount (CAP_SYS_ADMIN), or where the kernel has no such file system. */
export function mountUnlisted(type: "cgroup2" | "tracefs"): UnlistedMount | null {
  const { fsopen, fsconfig, fsmount } = systemCalls();
  const context = Number(fsopen(FSOPEN, new TextEncoder().encode(`${type}\0`), FSOPEN_CLOEXEC));
  if (context < 0) return null;
  try {
    if (fsconfig(FSCONFIG, BigInt(context), FSCONFIG_CMD_CREATE, null, null, 0n) < 0n) return null;
    const fd = Number(fsmount(FSMOUNT, BigInt(context), FSMOUNT_CLOEXEC, 0n));
    return fd < 0 ? null : { path: `/proc/self/fd/${fd}`, [Symbol.dispose]: () => closeFd(fd) };
  } finally {
    closeFd(context);
  }
}
