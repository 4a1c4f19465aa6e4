/** The C library's functions we call: the kernel's clocks, and mapping the ring. Opened on first use. */

const SYMBOLS = {
  // int clock_gettime(clockid_t clk, struct timespec *ts)
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  // int munmap(void *addr, size_t length)
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
  // int open(const char *path, int flags, ...)
  open: { parameters: ["buffer", "i32"], result: "i32" },
  // long sysconf(int name)
  sysconf: { parameters: ["i32"], result: "i64" },
} as const satisfies Deno.ForeignLibraryInterface;

export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let opened: Libc | undefined;

export function libc(): Libc {
  opened ??= Deno.dlopen(Deno.build.os === "darwin" ? "libSystem.B.dylib" : "libc.so.6", SYMBOLS).symbols;
  return opened;
}

const O_RDONLY = 0;
const O_CLOEXEC = 0o2000000;
const SC_PAGESIZE = 30;

/** Opens a path for reading and yields the descriptor, or -1. The caller closes it. */
export function openFd(path: string): number {
  return libc().open(new TextEncoder().encode(`${path}\0`), O_RDONLY | O_CLOEXEC);
}

export function closeFd(fd: number): void {
  if (fd >= 0) libc().close(fd);
}

export function pageSize(): number {
  return Number(libc().sysconf(SC_PAGESIZE));
}
