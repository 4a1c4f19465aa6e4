/** The name and the start of a process, for records of plain forms: these know its pid, and the name of the thread that asked. */
import { parseStat, startNsOf } from "../host/process.ts";
import type { KernelEvent, Owner } from "../model/kernel_event.ts";

/** How long an answer holds: a pid may be used again, a process may take another name. */
const FRESH_MS = 1000;
const MOST = 4096;

type Named = Pick<Owner, "comm" | "startNs">;

interface Known {
  readonly named: Named | null;
  readonly readAt: number;
  /** The owner named last, and with its name: its events share the one as they shared the other. */
  last: { readonly owner: Owner; readonly whole: Owner } | null;
}

export class ProcessNames {
  readonly #known = new Map<number, Known>();
  readonly #read: (pid: number) => string | null;

  /** `read`: the text of /proc/<pid>/stat, for tests. */
  constructor(read: (pid: number) => string | null = readStat) {
    this.#read = read;
  }

  /** The event with its owner's name; as it was where the kernel told all of it, or the process has ended. */
  name(event: KernelEvent): KernelEvent {
    const { pid, startNs } = event.owner;
    if (pid === 0 || startNs !== 0) return event;
    const known = this.#of(pid);
    if (known.named === null) return event;
    if (known.last?.owner !== event.owner) {
      known.last = { owner: event.owner, whole: { ...event.owner, ...known.named } };
    }
    return { ...event, owner: known.last.whole } as KernelEvent;
  }

  #of(pid: number): Known {
    const now = performance.now();
    const held = this.#known.get(pid);
    if (held !== undefined && now - held.readAt < FRESH_MS) return held;
    const stat = parseStat(this.#read(pid) ?? "");
    const named = stat === undefined ? null : { comm: stat.comm, startNs: startNsOf(stat.startTicks) };
    if (this.#known.size >= MOST) this.#known.clear();
    const known = { named, readAt: now, last: null };
    this.#known.set(pid, known);
    return known;
  }
}

function readStat(pid: number): string | null {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/stat`);
  } catch {
    return null; // ended
  }
}
