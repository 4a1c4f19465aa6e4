/**
 * Everything committed, told in order to whoever watches. A watcher holds a place in the log and nothing else: it is read for it page by
 * page, as fast as it takes them, so that one that does not read costs no memory.
 */
import type { Caller } from "./door.ts";

export const WATCH_KINDS = ["span", "log", "probe", "slo", "incident"] as const;
export type WatchKind = typeof WATCH_KINDS[number];
export const SEVERITIES = ["ok", "warning", "error"] as const;

export interface WatchFilter {
  readonly kinds?: readonly WatchKind[];
  readonly service?: string;
  readonly severity?: typeof SEVERITIES[number];
}

export interface WatchedEvent {
  readonly commitSeq: number;
  readonly kind: WatchKind;
  /** Lower-case hex, or "". */
  readonly traceId: string;
  readonly spanId: string;
  /** JSON. */
  readonly document: string;
}

/** The log that is watched. Sequences begin at 1 and have no gaps. */
export interface WatchSource {
  /** Oldest that is kept, and newest. */
  state(): { readonly first: number; readonly last: number };
  /** Those behind `seq` that match, in order, `limit` at most. */
  after(seq: number, limit: number, filter: WatchFilter): Promise<readonly WatchedEvent[]>;
  onCommit(listener: () => void): Disposable;
}

/** Where a watcher's events go. */
export interface WatchSink {
  /** False: more waits than the watcher has taken; wait for `drained`. */
  event(event: WatchedEvent): boolean;
  /** Nothing has matched, and a watcher that comes again may say this sequence. */
  idle(commitSeq: number): void;
  /** True when the watcher has caught up or is gone; false when `ms` were not enough. */
  drained(ms: number): Promise<boolean>;
  readonly gone: AbortSignal;
}

/** Why a watcher was closed, and the sequence to come again with. */
export interface Overflow {
  /** It does not read; what it asks for is no longer kept; it was told by another store. */
  readonly reason: "slow" | "evicted" | "ahead";
  /** Goes on behind this one. */
  readonly commitSeq: number;
  /** Oldest that is kept. */
  readonly firstSeq: number;
  /** So many events it will never get. */
  readonly lost: number;
}

export interface WatchLimits {
  readonly maxClients: number;
  /** A watcher further behind than this is closed once it has taken nothing for a second. */
  readonly maxBehind: number;
  /** One that is behind at all, once it has taken nothing for so long. */
  readonly stallMs: number;
  readonly heartbeatMs: number;
}

export const WATCH_LIMITS: WatchLimits = { maxClients: 256, maxBehind: 10_000, stallMs: 10_000, heartbeatMs: 15_000 };

export interface WatchRequest {
  readonly filter: WatchFilter;
  /** Behind this sequence, 0 from the first that is kept on; undefined: from now on. */
  readonly after: number | undefined;
  readonly caller: Caller | undefined;
}

const PAGE = 128;
const HURRY_MS = 1_000;
const POLL_MS = 200;
/** So often a quiet watcher is asked whether its token is still good. */
const LOOK_MS = 500;

export class Watchers {
  #clients = 0;
  readonly #sources = new Map<string, WatchSource>();

  constructor(
    private readonly sourceOf: (ns: string) => WatchSource,
    readonly limits: WatchLimits = WATCH_LIMITS,
    private readonly clockMs: () => number = () => performance.now(),
  ) {}

  /** Watchers just now. */
  get clients(): number {
    return this.#clients;
  }

  get isFull(): boolean {
    return this.#clients >= this.limits.maxClients;
  }

  /** Until the watcher is gone or may no longer watch: null; or until it has to be closed: why. */
  async watch({ filter, after, caller }: WatchRequest, sink: WatchSink): Promise<Overflow | null> {
    this.#clients++;
    try {
      return await this.#pump(this.#source(caller?.ns ?? ""), filter, after, sink, caller);
    } finally {
      this.#clients--;
    }
  }

  #source(ns: string): WatchSource {
    let source = this.#sources.get(ns);
    if (source === undefined) this.#sources.set(ns, source = this.sourceOf(ns));
    return source;
  }

  async #pump(
    source: WatchSource,
    filter: WatchFilter,
    after: number | undefined,
    sink: WatchSink,
    caller: Caller | undefined,
  ): Promise<Overflow | null> {
    const { heartbeatMs } = this.limits;
    const isGood = () => caller?.isGood() ?? true;
    const lookMs = caller === undefined ? heartbeatMs : Math.min(LOOK_MS, heartbeatMs);
    let quietMs = 0;
    const state = source.state();
    let cursor = after === undefined ? state.last : after === 0 ? state.first - 1 : after;
    let told = cursor;
    if (after === undefined) sink.idle(cursor);
    using bell = new Bell(source, sink.gone);
    while (!sink.gone.aborted && isGood()) {
      const { first, last } = source.state();
      if (cursor > last) return { reason: "ahead", commitSeq: 0, firstSeq: first, lost: 0 };
      if (cursor + 1 < first) {
        return { reason: "evicted", commitSeq: first - 1, firstSeq: first, lost: first - 1 - cursor };
      }
      if (cursor === last) {
        quietMs = await bell.rung(lookMs) ? 0 : quietMs + lookMs;
        if (quietMs < heartbeatMs || sink.gone.aborted) continue;
        sink.idle(told = cursor);
        quietMs = 0;
        continue;
      }
      const page = await source.after(cursor, PAGE, filter);
      // What went while it was read may be missing from the page: then the state says so at the next turn.
      if (source.state().first > cursor + 1) continue;
      for (const event of page) {
        // A page may hold more than the state knew of: that is for the next turn, when it does.
        if (event.commitSeq > last) break;
        if (sink.gone.aborted || !isGood()) return null;
        cursor = told = event.commitSeq;
        if (sink.event(event)) continue;
        if (await this.#waitsInVain(source, cursor, sink)) {
          const { first } = source.state();
          return { reason: "slow", commitSeq: told, firstSeq: first, lost: Math.max(0, first - 1 - told) };
        }
      }
      if (page.length < PAGE || page.at(-1)!.commitSeq > last) cursor = Math.max(cursor, last);
    }
    return null;
  }

  /** True when the watcher has to be given up. */
  async #waitsInVain(source: WatchSource, cursor: number, sink: WatchSink): Promise<boolean> {
    const started = this.clockMs();
    while (!await sink.drained(POLL_MS)) {
      const waited = this.clockMs() - started;
      const behind = source.state().last - cursor;
      if (behind > 0 && waited >= this.limits.stallMs) return true;
      if (behind > this.limits.maxBehind && waited >= HURRY_MS) return true;
    }
    return false;
  }
}

/** Rings when something was committed, also between two waits. */
class Bell implements Disposable {
  #isRung = false;
  #wake = () => {};
  readonly #listening: Disposable;
  readonly #gone: AbortSignal;
  readonly #onGone = () => this.#wake();

  constructor(source: WatchSource, gone: AbortSignal) {
    this.#gone = gone;
    gone.addEventListener("abort", this.#onGone);
    this.#listening = source.onCommit(() => {
      this.#isRung = true;
      this.#wake();
    });
  }

  /** False: not within `ms`, or the watcher has gone. */
  async rung(ms: number): Promise<boolean> {
    if (!this.#isRung && !this.#gone.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const was = this.#isRung;
    this.#isRung = false;
    return was;
  }

  [Symbol.dispose](): void {
    this.#gone.removeEventListener("abort", this.#onGone);
    this.#listening[Symbol.dispose]();
  }
}
