/** A worker: writes records into the ring at a steady rate, from another core than the reader's. */
import { Writer } from "./filler.ts";

/** What the worker is told; it answers with a Produced. */
export interface Produce {
  readonly programFd: number;
  readonly kinds: number;
  readonly perSecond: number;
  readonly forMs: number;
}

export interface Produced {
  readonly written: number;
  /** Of them, those that found the ring full. */
  readonly lost: number;
  readonly ms: number;
}

const PAUSE_MS = 1;

function produce({ programFd, kinds, perSecond, forMs }: Produce): Produced {
  const writer = new Writer(programFd, kinds);
  const nap = new Int32Array(new SharedArrayBuffer(4));
  const start = performance.now();
  let written = 0;
  let lost = 0;
  for (let ms = 0; ms < forMs; ms = performance.now() - start) {
    const due = Math.floor(ms * perSecond / 1000) - written;
    if (due > 0) lost += writer.write(due);
    written += due;
    Atomics.wait(nap, 0, 0, PAUSE_MS);
  }
  return { written, lost, ms: performance.now() - start };
}

const scope = globalThis as unknown as {
  onmessage: (message: MessageEvent<Produce>) => void;
  postMessage(answer: Produced): void;
};
scope.onmessage = ({ data }) => scope.postMessage(produce(data));
