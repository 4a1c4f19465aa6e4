/** Takes parcels from a spool, one after another, until each was taken by the receiver or refused for good. Nobody waits for it. */
import type { Parcel, Spool } from "./spool.ts";
import { BACK_OFF, type BackOff, backOffMs } from "../net/back_off.ts";
import { sleep } from "../host/sleep.ts";

/** What became of one try. */
export type Verdict =
  /** `rejected`: items of it that the receiver did not want. */
  | { readonly kind: "taken"; readonly rejected: number; readonly message: string }
  | { readonly kind: "later"; readonly afterMs: number | null; readonly state: string }
  | { readonly kind: "never"; readonly state: string };

export interface SenderState {
  readonly sent: number;
  /** Items the receiver took the request of, and did not want. */
  readonly rejected: number;
  /** Items of requests that were refused for good. */
  readonly refused: number;
  readonly tries: number;
  /** Tries that failed since the last one that did not. */
  readonly failing: number;
  /** What the last refusal or failure was, in words; "" when all is well. */
  readonly trouble: string;
}

export interface SenderOptions {
  readonly spool: Spool;
  readonly deliver: (parcel: Parcel, signal: AbortSignal) => Promise<Verdict>;
  readonly backOff?: BackOff;
  /** Is told when it begins to fail, when it is well again, and of every refusal that is not the same as the last. */
  readonly onTrouble?: (state: SenderState) => void;
}

export class Sender {
  #sent = 0;
  #rejected = 0;
  #refused = 0;
  #tries = 0;
  #failing = 0;
  #trouble = "";
  #wake: () => void = () => {};
  #news = false;
  readonly #stop = new AbortController();
  readonly #leave = new AbortController();
  readonly #running: Promise<void>;

  constructor(private readonly options: SenderOptions) {
    this.#running = this.#run();
  }

  get state(): SenderState {
    return {
      sent: this.#sent,
      rejected: this.#rejected,
      refused: this.#refused,
      tries: this.#tries,
      failing: this.#failing,
      trouble: this.#trouble,
    };
  }

  /** There is something in the spool. */
  wake(): void {
    this.#news = true;
    this.#wake();
  }

  /** Sends what is left for at most `graceMs`, as long as the receiver takes it; then stops. The spool stays open. */
  async stop(graceMs: number): Promise<void> {
    this.#leave.abort();
    this.#wake();
    const timer = setTimeout(() => this.#stop.abort(), graceMs);
    await this.#running;
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    const { spool } = this.options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#news = false;
      const parcel = await spool.next().catch(() => null);
      if (parcel === null) {
        if (this.#leave.signal.aborted) break;
        await this.#sleepUntilWoken();
        continue;
      }
      this.#tries++;
      const verdict = await this.options.deliver(parcel, signal);
      if (verdict.kind === "later") {
        await spool.again().catch(() => {});
        if (signal.aborted) break;
        this.#fail(verdict.state);
        if (this.#leave.signal.aborted) break;
        const wait = verdict.afterMs ?? backOffMs(this.#failing, Math.random(), this.options.backOff ?? BACK_OFF);
        await sleep(wait, AbortSignal.any([signal, this.#leave.signal]));
      } else {
        this.#settle(parcel, verdict);
        await spool.done().catch(() => {});
      }
    }
  }

  #fail(state: string): void {
    this.#trouble = state;
    if (this.#failing++ === 0) this.options.onTrouble?.(this.state);
  }

  #settle({ items }: Parcel, verdict: Exclude<Verdict, { kind: "later" }>): void {
    const before = this.#trouble;
    const wasFailing = this.#failing > 0;
    this.#failing = 0;
    if (verdict.kind === "never") {
      this.#refused += items;
      this.#trouble = verdict.state;
    } else {
      this.#sent += items - Math.min(items, verdict.rejected);
      this.#rejected += Math.min(items, verdict.rejected);
      this.#trouble = verdict.rejected > 0 ? `it rejected some: ${verdict.message}` : "";
    }
    if (wasFailing || (this.#trouble !== "" && this.#trouble !== before)) this.options.onTrouble?.(this.state);
  }

  async #sleepUntilWoken(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#news || this.#leave.signal.aborted) resolve();
    });
  }
}
