/** The journal's thread: holds the writer, and answers each message with one. See JournalStore for the other side. */
import { databasePath } from "./journal_db.ts";
import { type Append, type JournalState, JournalWriter, type WriterOptions } from "./journal_writer.ts";
import { LapsedError } from "./lease.ts";
import type { ToMover } from "./log_worker.ts";
import { FencedError, tell, type Told } from "./store_errors.ts";

export type ToWriter =
  | { readonly type: "open"; readonly options: Omit<WriterOptions, "nowMs" | "moveLog"> }
  | { readonly type: "commit"; readonly appends: readonly Append[] }
  /** Is not answered. */
  | { readonly type: "judged"; readonly seq: number }
  | { readonly type: "trim"; readonly seq: number }
  | { readonly type: "close" };

/** `done` and `refused` answer messages in order; `changed` and `lost` come by themselves. */
export type FromWriter =
  | { readonly type: "done"; readonly state: JournalState }
  | { readonly type: "refused"; readonly error: Told; readonly fenced: boolean }
  | { readonly type: "changed"; readonly state: JournalState }
  | { readonly type: "lost"; readonly error: Told };

interface Thread {
  onmessage: ((event: MessageEvent<ToWriter>) => void) | null;
  postMessage(message: FromWriter): void;
  close(): void;
}

const RETAIN_EVERY_MS = 5_000;

const thread = globalThis as unknown as Thread;
let writer: JournalWriter | null = null;
let timers: ReturnType<typeof setInterval>[] = [];

thread.onmessage = ({ data }) => {
  if (data.type === "judged") return writer!.judged(data.seq);
  try {
    const state = serve(data);
    thread.postMessage({ type: "done", state });
  } catch (error) {
    retakeAfter(error);
    thread.postMessage({ type: "refused", error: tell(error), fenced: error instanceof FencedError });
  }
  if (data.type === "commit") writer!.moveMuch();
};

function serve(message: Exclude<ToWriter, { type: "judged" }>): JournalState {
  if (message.type === "open") {
    const { dir, synchronous } = message.options;
    const what = { path: databasePath(dir), synchronous };
    writer = new JournalWriter({ ...message.options, nowMs: Date.now, moveLog: () => moveLog(what) });
    startMover();
    // Often enough that neither a slow disk nor a busy machine makes it late.
    timers = [setInterval(keep, message.options.leaseMs / 6), setInterval(retain, RETAIN_EVERY_MS)];
    return writer.state;
  }
  const { state } = writer!;
  if (message.type === "commit") writer!.commit(message.appends);
  else if (message.type === "trim") { while (writer!.trim(message.seq)); }
  else {
    timers.forEach((timer) => clearInterval(timer));
    mover?.terminate();
    writer![Symbol.dispose]();
    return state;
  }
  return writer!.state;
}

let mover: Worker | null = null;

/** Before there is anything to move: while much comes, it would take its time to start. */
function startMover(): Worker {
  if (mover !== null) return mover;
  mover = new Worker(new URL("./log_worker.ts", import.meta.url), { type: "module" });
  // Whoever needs it finds out, and asks again.
  mover.onerror = (event) => event.preventDefault();
  return mover;
}

function moveLog(what: ToMover): Promise<void> {
  const worker = startMover();
  const { promise, resolve } = Promise.withResolvers<void>();
  worker.onmessage = () => resolve();
  worker.onerror = (event) => {
    // Then the writer moves it, at the log's largest.
    event.preventDefault();
    resolve();
  };
  worker.postMessage(what);
  return promise;
}

function keep(): void {
  try {
    writer!.idle();
  } catch (error) {
    retakeAfter(error);
  }
}

function retain(): void {
  try {
    if (!writer!.retain()) return;
    thread.postMessage({ type: "changed", state: writer!.state });
    setTimeout(retain, 0);
  } catch (error) {
    retakeAfter(error);
  }
}

/** Who was silent for too long and finds nobody in its place goes on. What could not be written now may be written later. */
function retakeAfter(error: unknown): void {
  try {
    if (error instanceof LapsedError) writer!.retake();
  } catch (again) {
    error = again;
  }
  if (!(error instanceof FencedError)) return;
  timers.forEach((timer) => clearInterval(timer));
  thread.postMessage({ type: "lost", error: tell(error) });
}
