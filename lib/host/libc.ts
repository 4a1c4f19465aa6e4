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
  // ssize_t read(int fd, void *buf, size_t count)
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  // int malloc_trim(size_t pad): glibc's alone
  malloc_trim: { parameters: ["usize"], result: "i32", optional: true },
  // long sysconf(int name)
  sysconf: { parameters: ["i32"], result: "i64" },
} as const satisfies Deno.ForeignLibraryInterface;

export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let opened: Libc | undefined;

export function libc(): Libc {
  opened ??= Deno.dlopen(Deno.build.os === "darwin" ? "libSystem.B.dylib" : "libc.so.6", SYMBOLS).symbols;
  return opened;
}

const SOCKET_SYMBOLS = {
  // int socket(int domain, int type, int protocol)
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int connect(int fd, const struct sockaddr *addr, socklen_t len)
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  // int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  // ssize_t send(int fd, const void *buf, size_t len, int flags)
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  // ssize_t recv(int fd, void *buf, size_t len, int flags)
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  // int epoll_create1(int flags)
  epoll_create1: { parameters: ["i32"], result: "i32" },
  // int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  // int epoll_pwait2(int epfd, struct epoll_event *events, int n, const struct timespec *timeout, const sigset_t *mask)
  epoll_pwait2: { parameters: ["i32", "buffer", "i32", "buffer", "pointer"], result: "i32" },
  // int prctl(int option, unsigned long, unsigned long, unsigned long, unsigned long)
  prctl: { parameters: ["i32", "usize", "usize", "usize", "usize"], result: "i32" },
  // int getpriority(int which, id_t who)
  getpriority: { parameters: ["i32", "u32"], result: "i32" },
  // long syscall(long number, pid_t, struct sched_attr *, unsigned int flags): sched_setattr, which glibc wraps from 2.41 on
  syscall: { parameters: ["i64", "i64", "buffer", "i64"], result: "i64" },
  // pid_t gettid(void)
  gettid: { parameters: [], result: "i32" },
  // int *__errno_location(void)
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

export type SocketLibc = Deno.DynamicLibrary<typeof SOCKET_SYMBOLS>["symbols"];

let sockets: SocketLibc | null | undefined;

/** What a loop over many sockets calls; null where the C library lacks any of it (not Linux, or glibc before 2.35). */
export function socketLibc(): SocketLibc | null {
  if (sockets === undefined) {
    try {
      sockets = Deno.build.os === "linux" ? Deno.dlopen("libc.so.6", SOCKET_SYMBOLS).symbols : null;
    } catch {
      sockets = null;
    }
  }
  return sockets;
}

/** Why the last call of `socketLibc()` on this thread failed. Ask at once: other calls change it. */
export function errno(): number {
  return new Deno.UnsafePointerView(socketLibc()!.__errno_location()!).getInt32();
}

const CALL_SYMBOLS = {
  // long syscall(SYS_fsopen, const char *fs_name, unsigned int flags)
  fsopen: { name: "syscall", parameters: ["i64", "buffer", "i64"], result: "i64" },
  // long syscall(SYS_fsconfig, int fd, unsigned int command, const char *key, const void *value, int aux)
  fsconfig: { name: "syscall", parameters: ["i64", "i64", "i64", "pointer", "pointer", "i64"], result: "i64" },
  // long syscall(SYS_fsmount, int fs_fd, unsigned int flags, unsigned int attributes)
  fsmount: { name: "syscall", parameters: ["i64", "i64", "i64", "i64"], result: "i64" },
  // long syscall(SYS_perf_event_open, struct perf_event_attr *attr, pid_t pid, int cpu, int group_fd, unsigned long flags)
  perf_event_open: { name: "syscall", parameters: ["i64", "buffer", "i64", "i64", "i64", "i64"], result: "i64" },
} as const satisfies Deno.ForeignLibraryInterface;

let calls: Deno.DynamicLibrary<typeof CALL_SYMBOLS>["symbols"] | undefined;

/** System calls that the C library has no function for, or only lately: the first argument is the call's number. */
export function systemCalls(): Deno.DynamicLibrary<typeof CALL_SYMBOLS>["symbols"] {
  calls ??= Deno.dlopen("libc.so.6", CALL_SYMBOLS).symbols;
  return calls;
}

const O_RDONLY = 0;
const O_CLOEXEC = 0o2000000;
const SC_PAGESIZE = 30;

/** Opens a path for reading and yields the descriptor, or -1. The caller closes it. */
export function openFd(path: string): number {
  return libc().open(new TextEncoder().encode(`${path}\0`), O_RDONLY | O_CLOEXEC);
}

/** Reads a descriptor to its end, where only the reading matters. False when it fails. */
export function readToEnd(fd: number): boolean {
  const bytes = new Uint8Array(4096);
  let read: number;
  do read = Number(libc().read(fd, bytes, BigInt(bytes.byteLength))); while (read > 0);
  return read === 0;
}

export function closeFd(fd: number): void {
  if (fd >= 0) libc().close(fd);
}

export function pageSize(): number {
  return Number(libc().sysconf(SC_PAGESIZE));
}
