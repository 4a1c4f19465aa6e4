/** The kernel's own trace buffer as an instrument: how often a tracepoint fired, by thread. */
import { exec } from "../../lib/host/exec.ts";

/** Why it cannot be used here, or null. */
export function noTracefs(): string | null {
  const known = /^nodev\ttracefs$/m.test(Deno.readTextFileSync("/proc/filesystems"));
  return known ? null : "this kernel has no tracefs";
}

/** A buffer of its own, in a mount of its own; both gone when disposed of. */
export class TraceCount implements AsyncDisposable {
  private constructor(readonly mount: string, readonly buffer: string) {}

  static async of(group: string, event: string): Promise<TraceCount> {
    const mount = await Deno.makeTempDir({ prefix: "sloctl-tracefs-" });
    await exec("mount", "-t", "tracefs", "none", mount);
    const buffer = `${mount}/instances/sloctl-${Deno.pid}-${event}`;
    await Deno.mkdir(buffer);
    await Deno.writeTextFile(`${buffer}/events/${group}/${event}/enable`, "1");
    return new TraceCount(mount, buffer);
  }

  /** Lines of this thread so far: `dd-812     [001] ..... 55.123456: event: ...`. */
  by(tid: number): number {
    const ofThread = new RegExp(`-${tid}\\s+\\[`);
    return Deno.readTextFileSync(`${this.buffer}/trace`).split("\n").filter((line) => ofThread.test(line)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.buffer);
    await exec("umount", this.mount);
    await Deno.remove(this.mount);
  }
}
