/** A load run from the side that waits for it: the loop's thread, its progress, its records. */
import { Control } from "./control.ts";
import type { LoadJob, LoadMessage, LoopEnd } from "./load_job.ts";
import { type LoopRecord, readRecords } from "./record_log.ts";

export interface LoadRun extends LoopEnd {
  /** In order of their ids. */
  readonly records: readonly LoopRecord[];
}

/** Runs it; `onProgress` is called every `everyMs`. When `stop` fires, what is under way is hung up and the run ends in order. */
export async function runLoad(
  job: Omit<LoadJob, "control"> & { readonly ownSlo?: Readonly<Record<string, number>> },
  stop: AbortSignal,
  onProgress: (control: Control) => void = () => {},
  everyMs = 250,
): Promise<LoadRun> {
  const control = new Control();
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "load" });
  const { promise, resolve, reject } = Promise.withResolvers<Extract<LoadMessage, { kind: "over" }>>();
  worker.onmessage = ({ data }: MessageEvent<LoadMessage>) => {
    if (data.kind === "over") resolve(data);
    else reject(new Error(data.message));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  const halt = () => control.set("stop", 1);
  const progress = setInterval(() => onProgress(control), everyMs);
  if (stop.aborted) halt();
  stop.addEventListener("abort", halt, { once: true });
  try {
    const { ownSlo, ...rest } = job;
    worker.postMessage({ ...rest, control: control.shared } satisfies LoadJob);
    const { kind: _, records, ...end } = await promise;
    return { ...end, records: readRecords(records, ownSlo).sort((a, b) => a.id - b.id) };
  } finally {
    clearInterval(progress);
    stop.removeEventListener("abort", halt);
    worker.terminate();
  }
}
