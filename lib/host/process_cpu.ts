/** CPU time and memory of another process, to the nanosecond: /proc/<pid>/stat counts in ticks of 10 ms, which is 4 % of 250 ms. */

/** CPU time so far of every thread that was seen, the ended ones too. */
export class ProcessCpu {
  readonly #dir: string;
  readonly #threads = new Map<string, number>();

  constructor(pid: number, proc = "/proc") {
    this.#dir = `${proc}/${pid}`;
  }

  /** Nanoseconds of user and system time; null when the process is gone, or the kernel keeps no such account. */
  cpuNs(): number | null {
    let seen = false;
    try {
      for (const { name } of Deno.readDirSync(`${this.#dir}/task`)) {
        const text = read(`${this.#dir}/task/${name}/schedstat`);
        const ns = Number(text?.split(" ")[0] ?? NaN);
        if (!Number.isFinite(ns)) continue;
        seen = true;
        this.#threads.set(name, ns);
      }
    } catch {
      return null;
    }
    return seen ? [...this.#threads.values()].reduce((sum, ns) => sum + ns, 0) : null;
  }

  /** Megabytes resident. */
  rssMb(): number | null {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(read(`${this.#dir}/status`) ?? "")?.[1];
    return kib === undefined ? null : Number(kib) * 1024 / 1e6;
  }
}

/**
 * Run time so far of the BPF programs a process holds, by what the kernel says of its descriptors. It counts only while somebody
 * keeps the kernel's statistics on (BPF_ENABLE_STATS), which costs about 50 ns a run.
 */
export class ProcessBpf {
  readonly #dir: string;
  #programs: readonly string[] | null = null;

  constructor(pid: number, proc = "/proc") {
    this.#dir = `${proc}/${pid}/fdinfo`;
  }

  /** Nanoseconds; null when the process is gone. Descriptors are looked up again by `refresh`. */
  runNs(): number | null {
    if (this.#programs === null) this.refresh();
    if (this.#programs === null) return null;
    const byProgram = new Map<string, number>();
    for (const fd of this.#programs) {
      const text = read(`${this.#dir}/${fd}`);
      const id = /^prog_id:\s+(\d+)$/m.exec(text ?? "")?.[1];
      const ns = /^run_time_ns:\s+(\d+)$/m.exec(text ?? "")?.[1];
      if (id !== undefined && ns !== undefined) byProgram.set(id, Number(ns)); // two descriptors may be of one program
    }
    return [...byProgram.values()].reduce((sum, ns) => sum + ns, 0);
  }

  /** How many programs it holds. */
  refresh(): number {
    try {
      this.#programs = [...Deno.readDirSync(this.#dir)].map(({ name }) => name)
        .filter((fd) => /^run_time_ns:/m.test(read(`${this.#dir}/${fd}`) ?? ""));
    } catch {
      this.#programs = null;
    }
    return this.#programs?.length ?? 0;
  }
}

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
