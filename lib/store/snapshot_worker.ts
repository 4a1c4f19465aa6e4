/** A thread that takes one snapshot. See snapshot_apart.ts for the other side. */
import { takeSnapshot } from "./journal_snapshot.ts";
import type { SnapshotRow } from "./manifest.ts";
import { tell, type Told } from "./store_errors.ts";

export interface ToSnapshot {
  readonly dir: string;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

export type FromSnapshot = { readonly row: SnapshotRow } | { readonly error: Told };

interface Thread {
  onmessage: ((event: MessageEvent<ToSnapshot>) => void) | null;
  postMessage(message: FromSnapshot): void;
}

const thread = globalThis as unknown as Thread;

thread.onmessage = async ({ data: { dir, nowMs } }) => {
  try {
    thread.postMessage({ row: await takeSnapshot(dir, nowMs) });
  } catch (error) {
    thread.postMessage({ error: tell(error) });
  }
};
