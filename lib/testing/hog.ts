/** Programs that do nothing but burn CPU, and how to make them stand still. */
import { delay, type Seen } from "./watched.ts";

export interface Hog extends AsyncDisposable {
  readonly pid: number;
}

/** A shell that burns CPU until it is killed; `prefix` is what starts it: `taskset -c 0`. */
export function hog(...prefix: string[]): Hog {
  const [command = "sh", ...args] = [...prefix, "sh", "-c", "while :; do :; done"];
  const child = new Deno.Command(command, { args, stdin: "null" }).spawn();
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

/** One that moves into a control group before it begins. */
export const hogIn = (dir: string): Hog => hog("sh", "-c", 'echo $$ > "$0/cgroup.procs"; exec "$@"', dir);

/** Stops processes and waits until they stand: a wait that still lasts is in nobody's account yet. */
export async function halt(...pids: number[]): Promise<void> {
  for (const pid of pids) Deno.kill(pid, "SIGSTOP");
  for (let i = 0; i < 100; i++) {
    if (pids.every((pid) => /^State:\s*T/m.test(Deno.readTextFileSync(`/proc/${pid}/status`)))) return;
    await delay(10);
  }
  throw new Error("the hogs did not stop");
}

/** The scheduler's own account of how long a process's main thread waited for a CPU since it began. */
export function runDelayNs(pid: number): number {
  return Number(Deno.readTextFileSync(`/proc/${pid}/task/${pid}/schedstat`).split(" ")[1]);
}

/** What was told of one thread's waits, long ones until `untilNs` and sums of short ones together, in ns. */
export function toldWaits({ events }: Seen, tid: number, untilNs = Infinity): { runq: number; throttled: number } {
  const sum = { runq: 0, throttled: 0 };
  for (const event of events) {
    if (event.owner.tid !== tid) continue;
    const whole = event.kind === "runq" || event.kind === "throttled";
    if (whole && event.tsNs <= untilNs) sum[event.kind] += event.tsNs - event.startNs;
    if (event.kind !== "wait_sum") continue;
    sum.runq += event.runqNs;
    sum.throttled += event.throttledNs;
  }
  return sum;
}
