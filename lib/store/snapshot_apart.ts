/** A snapshot taken by a thread of its own: copying a large database would stand in the way of whoever else is served. */
import type { SnapshotRow } from "./manifest.ts";
import type { FromSnapshot, ToSnapshot } from "./snapshot_worker.ts";
import { told } from "./store_errors.ts";

/** @param nowMs Unix milliseconds, for its name @throws IoError, IntegrityError */
export async function takeSnapshotApart(dir: string, nowMs: number): Promise<SnapshotRow> {
  const worker = new Worker(new URL("./snapshot_worker.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise<SnapshotRow>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromSnapshot>) =>
        "row" in data ? resolve(data.row) : reject(told(data.error));
      worker.onerror = (event) => {
        event.preventDefault();
        reject(told({ name: "IoError", message: `Cannot take a snapshot of "${dir}": ${event.message}` }));
      };
      worker.postMessage({ dir, nowMs } satisfies ToSnapshot);
    });
  } finally {
    worker.terminate();
  }
}
