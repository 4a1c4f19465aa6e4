/** Who is pid: what /proc says about a process, remembered for a while, because many events name the same few processes. */

export interface ProcessInfo {
  readonly pid: number;
  /** Name of the thread group's leader, at most 15 bytes. */
  readonly comm: string;
  /** Absent for kernel threads and where /proc does not let us look. A replaced binary ends in ` (deleted)`. */
  readonly exe?: string;
  /** Clock ticks since boot; with the pid it names a process for ever (pids are reused). */
  readonly startTicks: number;
  /** The path that says most: v2 unless it is the root, else the v1 cpu controller, else the longest; "" when there is none. */
  readonly cgroup: string;
  /** All of them, by controller; the unified (v2) hierarchy is "". */
  readonly cgroups: ReadonlyMap<string, string>;
  /** Inode of its network namespace; 0 where /proc does not let us look. */
  readonly netns: number;
}

/** What a process is made of since it last called exec, or began: for those that /proc cannot be asked about in time. */
export interface ProcessImage {
  /** When the process began, in nanoseconds after boot: with its pid it names one process. */
  readonly startNs: number;
  /** Since when it is made of this, on the clock of the kernel's records. */
  readonly sinceNs: number;
  /** As ProcessInfo has it; absent where the path is too long, or there is none. */
  readonly exe?: string;
}

/** Length of a tick of /proc, whatever the kernel's own tick is (USER_HZ is 100 on every machine we build for). */
const TICK_NS = 1e7;

/** A process's start in nanoseconds after boot, as the kernel's records carry it, in the ticks of /proc. */
export function startTicksOf(startNs: number): number {
  return Math.floor(startNs / TICK_NS);
}

/** The other way round: the beginning of that tick. */
export function startNsOf(startTicks: number): number {
  return startTicks * TICK_NS;
}

export interface ProcessStat {
  readonly comm: string;
  /** R, S, D, Z ... */
  readonly state: string;
  /** Clock ticks after boot: with the pid it names one process, since pids are used again. */
  readonly startTicks: number;
}

/** comm, state letter and start time out of /proc/<pid>/stat. The name may hold spaces and parentheses, so the last `)` ends it. */
export function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const fields = text.slice(close + 2).split(" ");
  const startTicks = Number(fields[19]);
  if (open < 0 || close < open || !Number.isFinite(startTicks)) return undefined;
  return { comm: text.slice(open + 1, close), state: fields[0]!, startTicks };
}

/** Every path of /proc/<pid>/cgroup by controller; the unified (v2) hierarchy is "". */
export function parseCgroup(text: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    for (const controller of match?.[1]?.split(",") ?? []) paths.set(controller, match?.[2] ?? "");
  }
  return paths;
}

/** The one path worth showing out of all of them; see ProcessInfo.cgroup. */
export function mainCgroup(paths: ReadonlyMap<string, string>): string {
  for (const controller of ["", "cpu"]) {
    const path = paths.get(controller);
    if (path !== undefined && path !== "/") return path;
  }
  return [...paths.values()].sort((a, b) => b.length - a.length)[0] ?? "";
}

/** Nobody has asked for its exit code yet: it has no executable any more, and v1 hierarchies say that it is in their roots. */
function hasEnded({ state }: ProcessStat): boolean {
  return state === "Z" || state === "X";
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // gone, or not ours to see: both are ordinary here
  }
}

/**
 * Reads one process now; undefined when there is none. `proc` is where /proc is mounted. What is read between two looks at the same
 * start time is of one process: a pid that went to another one meanwhile gives undefined.
 */
export function readProcess(pid: number, proc = "/proc"): ProcessInfo | undefined {
  const dir = `${proc}/${pid}`;
  const look = () => parseStat(attempt(() => Deno.readTextFileSync(`${dir}/stat`)) ?? "");
  const stat = look();
  if (stat === undefined || hasEnded(stat)) return undefined;
  const exe = attempt(() => Deno.readLinkSync(`${dir}/exe`));
  const net = attempt(() => Deno.readLinkSync(`${dir}/ns/net`));
  const cgroups = parseCgroup(attempt(() => Deno.readTextFileSync(`${dir}/cgroup`)) ?? "");
  const after = look();
  if (after?.startTicks !== stat.startTicks || hasEnded(after)) return undefined;
  return {
    pid,
    comm: stat.comm,
    startTicks: stat.startTicks,
    ...(exe !== undefined && { exe }),
    cgroup: mainCgroup(cgroups),
    cgroups,
    netns: Number(/\d+/.exec(net ?? "")?.[0] ?? 0),
  };
}

/** Its pid in the innermost pid namespace it is in; undefined when it is gone. */
export function innermostPid(pid: number, proc = "/proc"): number | undefined {
  const status = attempt(() => Deno.readTextFileSync(`${proc}/${pid}/status`)) ?? "";
  const last = /^NSpid:.*?(\d+)$/m.exec(status)?.[1];
  return last === undefined ? undefined : Number(last);
}

export interface ProcessTableOptions {
  /** Where /proc is mounted; default /proc. */
  readonly proc?: string;
  /** Most processes remembered; the least recently asked for is forgotten first. Default 4096. */
  readonly limit?: number;
  /** How long an answer is given without looking again, in ms. Default 1000: exec changes what is known. */
  readonly freshMs?: number;
  /** A monotonic clock in ms, for tests. */
  readonly now?: () => number;
}

/**
 * A bounded cache over readProcess. A process that has ended keeps its last answer: its events may still be on their way. One that
 * was gone at the first look stays unknown, also when its pid has been given to another meanwhile.
 */
export class ProcessTable {
  readonly #entries = new Map<string, { info: ProcessInfo | undefined; readAt: number }>();
  readonly #proc: string;
  readonly #limit: number;
  readonly #freshMs: number;
  readonly #now: () => number;

  constructor(options: ProcessTableOptions = {}) {
    this.#proc = options.proc ?? "/proc";
    this.#limit = options.limit ?? 4096;
    this.#freshMs = options.freshMs ?? 1000;
    this.#now = options.now ?? (() => performance.now());
  }

  /** What is known of the process that has this pid and began then; whoever has the pid now where its beginning is not known. */
  get(pid: number, startNs = 0): ProcessInfo | undefined {
    const now = this.#now();
    const startTicks = startTicksOf(startNs);
    const key = startNs === 0 ? `${pid}` : `${pid} ${startTicks}`;
    const held = this.#entries.get(key);
    if (held !== undefined && now - held.readAt < this.#freshMs) {
      this.#keep(key, held); // most recently asked for goes last
      return held.info;
    }
    const found = readProcess(pid, this.#proc);
    const same = found === undefined || startNs === 0 || found.startTicks === startTicks;
    const info = (same ? found : undefined) ?? held?.info;
    this.#keep(key, { info, readAt: now });
    return info;
  }

  /** Processes remembered now. */
  get size(): number {
    return this.#entries.size;
  }

  #keep(key: string, entry: { info: ProcessInfo | undefined; readAt: number }): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit) break;
      this.#entries.delete(oldest);
    }
  }
}
