/** Events per second from the running kernel: everything attached, one process that connects as fast as it can. */
import { exec } from "../../lib/host/exec.ts";
import { watchKernel } from "../../lib/run/watch.ts";

const FOR_MS = 5000;
const PROGRAM = new URL("./connects.ts", import.meta.url).pathname;

export interface ConnectLoopResult {
  readonly connects_per_second: number;
  readonly events_per_second: number;
  /** Should equal the connects made. */
  readonly connect_events: number;
  readonly connects: number;
  readonly drops: Readonly<Record<string, number>>;
  /** The watching process alone, without what BPF costs the watched; null where it could not be told apart. */
  readonly reader_cpu_pct: number | null;
  readonly kernel_cpu_pct: number | null;
}

/** @throws UnsupportedError when nothing can be attached. */
export async function benchConnectLoop(): Promise<ConnectLoopResult> {
  let connectEvents = 0;
  using watch = watchKernel({ timers: false }, (event) => {
    if (event.kind === "connect" && event.errno === 0) connectEvents++;
  });
  const start = performance.now();
  const connects = Number(await exec(Deno.execPath(), "run", "-A", "--no-check", PROGRAM, `${FOR_MS}`));
  watch.flush();
  const seconds = (performance.now() - start) / 1000;
  const { cpu_pct, kernel_cpu_pct } = watch.cost();
  return {
    connects_per_second: connects / (FOR_MS / 1000),
    events_per_second: watch.events / seconds,
    connect_events: connectEvents,
    connects,
    drops: watch.drops(),
    reader_cpu_pct: cpu_pct === null ? null : cpu_pct - (kernel_cpu_pct ?? 0),
    kernel_cpu_pct,
  };
}
