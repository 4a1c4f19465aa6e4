/**
 * Events per second sustained with no drop: a worker writes real record bytes into a ring as large as the agent's, faster and faster,
 * while this thread drains and decodes as lib/run/watch.ts does, on the same timer.
 */
import { decodeRecord } from "../../lib/decode/record.ts";
import { Ring } from "../../lib/kernel/ring.ts";
import { compileFiller } from "./compile.ts";
import { Filler } from "./filler.ts";
import { median } from "./numbers.ts";
import type { Produce, Produced } from "./producer.ts";
import { recordedBytes } from "./recorded.ts";

/** As in bpf/probe.bpf.h and lib/run/watch.ts. */
const RING_BYTES = 4 * 1024 * 1024;
const DRAIN_MS = 20;

const FIRST_PER_SECOND = 50_000;
const FASTER = 1.25;
const STEP_MS = 500;
const CONFIRM_MS = 3000;
/** Bounds the search: 50,000 times 1.25 to the 25th is beyond what the ring can hold for 20 ms. */
const MOST_STEPS = 25;
const DECODE_ROUNDS = 40;

export interface SustainedResult {
  /** The fastest stream of which nothing was lost for 3 s; 0 when even the slowest lost some. */
  readonly events_per_second: number;
  readonly confirmed_events: number;
  readonly refused: number;
  readonly mean_record_bytes: number;
  /** What the ring can hold for one period of the drain timer, as a rate: no reader on this timer can do more. */
  readonly ring_limit_per_second: number;
  /** One record -> one KernelEvent, out of memory; median of 40 rounds. */
  readonly decode_ns: number;
}

/** @throws UnsupportedError without clang; IoError when the kernel refuses. */
export async function benchSustained(folder: string): Promise<SustainedResult> {
  const records = await recordedBytes();
  using filler = new Filler(await compileFiller(folder, RING_BYTES), records);
  using ring = new Ring(filler.ring.fd, RING_BYTES);
  using producer = new Producer(filler);
  const meanBytes = records.reduce((sum, record) => sum + record.byteLength, 0) / records.length;

  let best = 0;
  for (let step = 0, rate = FIRST_PER_SECOND; step < MOST_STEPS; step++, rate *= FASTER) {
    // A loss may be the doing of somebody else on this machine: it counts when it comes twice.
    const lost = async () => (await run(ring, producer, rate, STEP_MS)).lost > 0;
    if (await lost() && await lost()) break;
    best = rate;
  }
  // A short step may have been lucky: what is told has held for longer.
  for (; best >= FIRST_PER_SECOND; best /= FASTER) {
    const { lost, events, refused, ms } = await run(ring, producer, best, CONFIRM_MS);
    if (lost === 0) return result({ perSecond: events / ms * 1000, events, refused }, meanBytes, records);
  }
  return result({ perSecond: 0, events: 0, refused: 0 }, meanBytes, records);
}

function result(
  { perSecond, events, refused }: { perSecond: number; events: number; refused: number },
  meanBytes: number,
  records: readonly Uint8Array<ArrayBuffer>[],
): SustainedResult {
  return {
    events_per_second: perSecond,
    confirmed_events: events,
    refused,
    mean_record_bytes: meanBytes,
    ring_limit_per_second: RING_BYTES / (meanBytes + 8) / DRAIN_MS * 1000,
    decode_ns: decodeNs(records),
  };
}

async function run(
  ring: Ring,
  producer: Producer,
  perSecond: number,
  forMs: number,
): Promise<{ events: number; refused: number; lost: number; ms: number }> {
  let events = 0;
  let refused = 0;
  const drain = () =>
    ring.drain((view, at, length) => {
      if (typeof decodeRecord(view, at, length) === "string") refused++;
      else events++;
    });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = () => {
    timer = setTimeout(() => {
      drain();
      again();
    }, DRAIN_MS);
  };
  again();
  const { written, lost, ms } = await producer.produce(perSecond, forMs);
  clearTimeout(timer);
  drain();
  if (events + refused + lost !== written) {
    throw new Error(`${written} written, ${events + refused} read, ${lost} lost`);
  }
  return { events, refused, lost, ms };
}

class Producer implements Disposable {
  readonly #worker = new Worker(new URL("./producer.ts", import.meta.url), { type: "module" });
  readonly #filler: Filler;

  constructor(filler: Filler) {
    this.#filler = filler;
  }

  produce(perSecond: number, forMs: number): Promise<Produced> {
    const { promise, resolve, reject } = Promise.withResolvers<Produced>();
    this.#worker.onmessage = ({ data }: MessageEvent<Produced>) => resolve(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    const order: Produce = { programFd: this.#filler.programFd, kinds: this.#filler.kinds, perSecond, forMs };
    this.#worker.postMessage(order);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

function decodeNs(records: readonly Uint8Array<ArrayBuffer>[]): number {
  const views = records.map((record) => new DataView(record.buffer, record.byteOffset, record.byteLength));
  const rounds: number[] = [];
  for (let round = 0; round < DECODE_ROUNDS; round++) {
    const start = performance.now();
    for (const view of views) decodeRecord(view, 0, view.byteLength);
    rounds.push((performance.now() - start) * 1e6 / views.length);
  }
  return median(rounds);
}
