/**
 * Records to an OTLP/HTTP receiver, in protobuf: gathered into requests, kept in a spool until they were taken, tried again with
 * longer and longer waits. `offer` never waits and never throws.
 */
import { gzipSync } from "node:zlib";
import { openPoster } from "../net/poster.ts";
import { MEDIA_TYPE, type Signal } from "../otlp/mod.ts";
import { signalUrl } from "../otlp/endpoint.ts";
import { sleep } from "../host/sleep.ts";
import type { BackOff } from "../net/back_off.ts";
import { Sender, type SenderState, type Verdict } from "./sender.ts";
import { MemorySpool, type Parcel, type Spool, type SpoolState } from "./spool.ts";
import { openDiskSpool } from "./disk_spool.ts";
import { otlpVerdict } from "./otlp_verdict.ts";

export interface OtlpDestination {
  /** As signalUrl reads it. */
  readonly endpoint: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly compression?: "none" | "gzip";
  /** PEM file of authorities trusted beside the public ones. */
  readonly caFile?: string;
  /** PEM files of what is shown to a receiver that asks for a certificate. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** Patience with one try. Default 10 s. */
  readonly timeoutMs?: number;
}

export interface OtlpExporterOptions<T> extends OtlpDestination {
  readonly signal: Signal;
  /** One export request holding the records. */
  readonly encode: (records: readonly T[]) => Uint8Array<ArrayBuffer>;
  /** What cannot be sent yet is kept there and survives a restart; undefined: in memory. */
  readonly spoolDirectory?: string;
  readonly spoolBytes?: number;
  readonly backOff?: BackOff;
  /** How long the first record of a request waits for company. Default 1 s. */
  readonly lingerMs?: number;
  /** Is told when sending begins to fail and when it goes on; in words. */
  readonly onTrouble?: (words: string) => void;
}

/** Counters since the start, in records. */
export interface OtlpExporterState extends SenderState {
  /** Where to, without path and query. */
  readonly shown: string;
  readonly offered: number;
  /** Gathered, not in the spool yet. */
  readonly gathering: number;
  readonly spool: SpoolState;
  /** Lost before they were sent: by reason. */
  readonly dropped: Readonly<
    Record<"queue_full" | "spool_full" | "too_large" | "disk" | "damaged" | "shutdown", number>
  >;
}

/** Records in one request. */
const BATCH = 1_024;
const LINGER_MS = 1_000;
const DRAIN_POLL_MS = 20;
/** Records that wait to be encoded; beyond it newcomers are dropped: the disk, or this process, cannot keep up. */
const MOST_GATHERED = 131_072;
const MOST_REQUEST_BYTES = 4 * 1024 * 1024;
/** A small spool wants small requests: so many fit in any. */
const PARCELS = 16;
export const SPOOL_BYTES = 256 * 1024 * 1024;
const MEMORY_BYTES = 32 * 1024 * 1024;

export interface OtlpExporter<T> extends AsyncDisposable {
  readonly state: OtlpExporterState;
  offer(records: readonly T[]): void;
  /** Resolves when nothing waits any more, after `ms`, or when `stop` fires. */
  drain(ms: number, stop?: AbortSignal): Promise<void>;
  /** What waits is sent as far as the receiver takes it within `graceMs`. The rest stays in the spool, or is lost and counted. */
  close(graceMs?: number): Promise<void>;
}

/** @throws UsageError for an endpoint that is none, IoError when the spool or the authorities' file cannot be opened. */
export async function openOtlpExporter<T>(options: OtlpExporterOptions<T>): Promise<OtlpExporter<T>> {
  const { endpoint, headers = {}, timeoutMs = 10_000, caFile, certFile, keyFile, spoolDirectory } = options;
  const poster = openPoster({
    url: signalUrl(endpoint, options.signal),
    headers: { ...headers, "content-type": MEDIA_TYPE.protobuf, "user-agent": "sloctl" },
    timeoutMs,
    caFile,
    certFile,
    keyFile,
  });
  const maxBytes = options.spoolBytes ?? (spoolDirectory === undefined ? MEMORY_BYTES : SPOOL_BYTES);
  const spool = spoolDirectory === undefined
    ? new MemorySpool(maxBytes)
    : await openDiskSpool({ directory: spoolDirectory, maxBytes });
  const deliver = async ({ payload }: Parcel, signal: AbortSignal) => {
    const zipped = payload[0] === 0x1f && payload[1] === 0x8b; // no protobuf message of ours begins so
    const more: Record<string, string> = zipped ? { "content-encoding": "gzip" } : {};
    return otlpVerdict(options.signal, await poster.post(payload, { headers: more, signal }));
  };
  const mostBytes = Math.min(MOST_REQUEST_BYTES, Math.floor(maxBytes / PARCELS));
  return new Exporter(options, spool, mostBytes, poster.shown, deliver, () => poster[Symbol.dispose]());
}

class Exporter<T> implements OtlpExporter<T> {
  #gathered: T[] = [];
  /** Taken from there, not yet in the spool. */
  #inHand = 0;
  #offered = 0;
  readonly #lost = { queue_full: 0, too_large: 0, disk: 0, shutdown: 0 };
  readonly #sender: Sender;
  readonly #leave = new AbortController();
  #wake: () => void = () => {};
  readonly #packing: Promise<void>;
  #closed: Promise<void> | undefined;

  constructor(
    private readonly options: OtlpExporterOptions<T>,
    private readonly spool: Spool,
    private readonly mostBytes: number,
    private readonly shown: string,
    deliver: (parcel: Parcel, signal: AbortSignal) => Promise<Verdict>,
    private readonly release: () => void,
  ) {
    const { backOff } = options;
    this.#sender = new Sender({
      spool,
      deliver,
      ...(backOff === undefined ? {} : { backOff }),
      onTrouble: (state) => this.#tell(state),
    });
    this.#packing = this.#pack();
  }

  get state(): OtlpExporterState {
    const spool = this.spool.state;
    return {
      ...this.#sender.state,
      shown: this.shown,
      offered: this.#offered,
      gathering: this.#gathered.length + this.#inHand,
      spool,
      dropped: { ...this.#lost, spool_full: spool.dropped, damaged: spool.damaged },
    };
  }

  offer(records: readonly T[]): void {
    if (records.length === 0) return;
    this.#offered += records.length;
    const room = this.#closed === undefined ? MOST_GATHERED - this.#gathered.length : 0;
    if (room < records.length) this.#lost.queue_full += records.length - room;
    for (let i = 0; i < Math.min(room, records.length); i++) this.#gathered.push(records[i]!);
    this.#wake();
  }

  async drain(ms: number, stop: AbortSignal = this.#leave.signal): Promise<void> {
    const until = performance.now() + ms;
    const waits = () => this.#gathered.length + this.#inHand + this.spool.state.items > 0;
    while (waits() && performance.now() < until && !stop.aborted) await sleep(DRAIN_POLL_MS, stop);
  }

  close(graceMs = 5_000): Promise<void> {
    return this.#closed ??= this.#close(graceMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    this.#leave.abort();
    this.#wake();
    await this.#packing;
    await this.#sender.stop(graceMs);
    const { items } = this.spool.state;
    if (this.options.spoolDirectory === undefined) this.#lost.shutdown += items;
    await this.spool.close();
    this.release();
  }

  async #pack(): Promise<void> {
    const { signal } = this.#leave;
    while (!signal.aborted || this.#gathered.length > 0) {
      if (this.#gathered.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          if (signal.aborted) resolve();
        });
        await this.#linger(signal);
        continue;
      }
      const batch = this.#gathered.splice(0, BATCH);
      this.#inHand = batch.length;
      for (const parcel of this.#parcels(batch)) await this.#keep(parcel);
      this.#inHand = 0;
      await new Promise((resolve) => setTimeout(resolve, 0)); // encoding is work: everybody else has a turn in between
      if (this.#gathered.length > 0 && this.#gathered.length < BATCH) await this.#linger(signal);
    }
  }

  /** Until a request is full, or the time is up. */
  async #linger(signal: AbortSignal): Promise<void> {
    const full = new AbortController();
    this.#wake = () => {
      if (this.#gathered.length >= BATCH) full.abort();
    };
    if (this.#gathered.length >= BATCH) return;
    await sleep(this.options.lingerMs ?? LINGER_MS, AbortSignal.any([signal, full.signal]));
    this.#wake = () => {};
  }

  /** One request, or halves of it until each is small enough. */
  *#parcels(records: readonly T[]): Generator<Parcel> {
    const payload = this.options.encode(records);
    if (payload.length <= this.mostBytes) {
      const zipped = this.options.compression === "gzip" ? new Uint8Array(gzipSync(payload)) : payload;
      yield { payload: zipped, items: records.length };
    } else if (records.length === 1) {
      this.#lost.too_large++;
    } else {
      yield* this.#parcels(records.slice(0, records.length / 2));
      yield* this.#parcels(records.slice(records.length / 2));
    }
  }

  async #keep(parcel: Parcel): Promise<void> {
    try {
      if (!await this.spool.append(parcel)) this.#lost.too_large += parcel.items;
      this.#sender.wake();
    } catch (error) {
      if (this.#lost.disk === 0) this.options.onTrouble?.((error as Error).message);
      this.#lost.disk += parcel.items;
    }
  }

  #tell({ trouble, failing }: SenderState): void {
    const what = NOUN[this.options.signal];
    if (trouble === "") this.options.onTrouble?.(`${this.shown} takes ${what} again`);
    else if (failing > 0) {
      this.options.onTrouble?.(`Cannot send ${what} to "${this.shown}": ${trouble}; they wait, and are tried again`);
    } else this.options.onTrouble?.(`Cannot send ${what} to "${this.shown}": ${trouble}; these are lost, and counted`);
  }
}

const NOUN: Readonly<Record<Signal, string>> = { traces: "spans", logs: "log records", metrics: "metrics" };
