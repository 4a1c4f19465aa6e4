/**
 * Joins kernel signals with spans as either comes, in bounded memory. What it says of a span at a moment is what `correlate` would say of
 * everything that is held at that moment; the order in which things came does not matter.
 *
 * A span is told when it has ended, long after the first signals of its time were. So both sides are held, each in its lanes, and nothing
 * is compared until a span is asked about: then its lanes yield the signals near it in time, and each of those signals' lanes who else
 * competes for it. The oldest of a side go when it is full, and are counted.
 */
import type { Tier } from "../model/split.ts";
import { distance, reason } from "./nearness.ts";
import { type Lane, Lanes } from "./lanes.ts";
import { Ring } from "./ring.ts";
import { isNamed, rivals } from "./rivals.ts";
import type { SignalSubject, SpanSubject } from "./subject.ts";
import { reachesNs, TIER_RULES } from "./tiers.ts";

export interface StreamJoinOptions {
  /** No tier reaches further than this, in milliseconds. Default 2 000. */
  readonly windowMs?: number;
  /** Held at most; rounded up to a power of two. Default 131 072 signals and 32 768 spans. */
  readonly signals?: number;
  readonly spans?: number;
  /** Signals looked at for one span in one tier, and spans that compete for one signal, at most. Default 4 096. */
  readonly most?: number;
}

/** A signal joined with a span. */
export interface Joined<SignalT> {
  readonly signal: SignalT;
  readonly tier: Tier;
  /** In (0, 1]: the tier's confidence divided by `k`. */
  readonly confidence: number;
  /** Spans that compete for the signal in this tier. */
  readonly k: number;
  readonly distanceNs: number;
  /** For a person. */
  readonly reason: string;
}

const TIERS = TIER_RULES.length;

export class StreamJoin<SpanT, SignalT> {
  readonly #reaches: readonly number[];
  readonly #most: number;
  readonly #tiers = TIER_RULES.map((rule) => new Lanes(rule));
  readonly #spans: Ring<SpanSubject, SpanT>;
  readonly #signals: Ring<SignalSubject, SignalT>;
  /** Of each signal: 1 once a span of its trace came; one more than the tier in which two traces compete for it; 1 once it was told. */
  readonly #traced: Uint8Array;
  readonly #crowded: Uint8Array;
  readonly #told: Uint8Array;
  /** Tiers in which some span had a key: in the others signals need not be findable. */
  readonly #heard: boolean[] = new Array(TIERS).fill(false);
  readonly #found: number[] = [];
  readonly #spanOf = (id: number) => this.#spans.subject(id);
  #lateRivals = 0;
  #cut = 0;

  constructor({ windowMs, signals = 131_072, spans = 32_768, most = 4_096 }: StreamJoinOptions = {}) {
    this.#reaches = reachesNs(windowMs);
    this.#most = most;
    this.#spans = new Ring(spans, TIERS);
    this.#signals = new Ring(signals, TIERS);
    const { size } = this.#signals;
    [this.#traced, this.#crowded, this.#told] = [new Uint8Array(size), new Uint8Array(size), new Uint8Array(size)];
  }

  /** Returns what the span is called in `joined`. */
  addSpan(subject: SpanSubject, span: SpanT): number {
    if (this.#spans.full) this.#evictSpan();
    const { startNs, endNs } = subject;
    const id = this.#spans.add(subject, span, startNs);
    if (!(startNs <= endNs)) return id;
    for (let tier = 0; tier < TIERS; tier++) {
      const lane = this.#tiers[tier]!.open(subject);
      if (lane === null) continue;
      if (!this.#heard[tier]) this.#listen(tier);
      // A signal whose trace is known is joined by that or not at all.
      if (tier === 0 && lane.spans === null) this.#markTraced(lane);
      lane.addSpan(startNs, endNs, id);
      this.#spans.setLane(id, tier, lane);
    }
    return id;
  }

  /** Returns what the signal is called in `standing`. */
  addSignal(subject: SignalSubject, signal: SignalT): number {
    if (this.#signals.full) this.#evictSignal();
    const id = this.#signals.add(subject, signal, subject.tsNs);
    for (const column of [this.#traced, this.#crowded, this.#told]) column[id & this.#signals.mask] = 0;
    if (subject.tsNs !== subject.tsNs) return id; // NaN: no moment, and near nothing
    for (let tier = 0; tier < TIERS; tier++) if (this.#heard[tier]) this.#enter(id, subject, tier);
    return id;
  }

  /**
   * The signals joined with a span that is still held, best confidence first, then nearest, then earliest.
   *
   * @param least leave out what is less sure; it is found out the sooner
   * @param unsure is told the tier of each that is left out
   */
  joined(span: number, least = 0, unsure: (tier: Tier) => void = () => {}): Joined<SignalT>[] {
    const list: JoinedSignal<SignalT>[] = [];
    if (!this.#spans.holds(span)) return list;
    const subject = this.#spans.subject(span);
    for (let tier = 0; tier < TIERS; tier++) {
      const signals = this.#spans.lane(span, tier)?.signals;
      if (!signals) continue;
      const rule = TIER_RULES[tier]!;
      const mostRivals = least > 0 ? Math.floor(rule.confidence / least) : Infinity;
      const reach = this.#reaches[tier]!;
      const { times, ids } = signals;
      const from = signals.firstFrom(subject.startNs - reach);
      for (let i = from; i < times.length && times[i]! <= subject.endNs + reach; i++) {
        if (i - from >= this.#most) {
          this.#cut++;
          break;
        }
        const id = ids[i]!;
        if (id < this.#signals.oldest || this.#isTaken(id, tier)) continue;
        const k = this.#competing(span, id, tier, mostRivals);
        if (k === 0) continue;
        if (k > mostRivals) unsure(rule.tier);
        else {
          const far = distance(subject, times[i]!);
          list.push(new JoinedSignal(id, times[i]!, this.#signals.payload(id), tier, k, far));
        }
      }
    }
    return list.sort((a, b) =>
      b.confidence - a.confidence || a.distanceNs - b.distanceNs || a.atNs - b.atNs || a.id - b.id
    );
  }

  /**
   * Notes that these, of what `joined` returned, were told to somebody. One that was told before, of another span, is counted: the other
   * was judged when this one had not come yet.
   */
  told(joined: readonly Joined<SignalT>[]): void {
    for (const one of joined) {
      const place = (one as JoinedSignal<SignalT>).id & this.#signals.mask;
      if (this.#told[place] === 1) this.#lateRivals++;
      this.#told[place] = 1;
    }
  }

  /** How a signal that is still held is joined now; null where no span answers. */
  standing(signal: number): { readonly tier: Tier; readonly k: number } | null {
    for (let tier = 0; this.#signals.holds(signal) && tier < TIERS; tier++) {
      const found = this.#near(signal, tier, Infinity);
      if (found.length > 0) {
        const k = rivals(found, this.#spanOf, this.#signals.subject(signal), tier === 0).length;
        return { tier: TIER_RULES[tier]!.tier, k };
      }
      if (tier === 0 && this.#traced[signal & this.#signals.mask] === 1) return null;
    }
    return null;
  }

  get stats() {
    return {
      spans: this.#spans.held,
      signals: this.#signals.held,
      evictedSpans: this.#spans.oldest,
      evictedSignals: this.#signals.oldest,
      /** Signals that were told as evidence of one span, and later of another too. */
      lateRivals: this.#lateRivals,
      /** Spans with more signals near them than are looked at. */
      cut: this.#cut,
      lanes: this.#tiers.reduce((sum, lanes) => sum + lanes.size, 0),
    };
  }

  /** A span of a stronger tier answers, or the trace is known and settles it. */
  #isTaken(signal: number, tier: number): boolean {
    if (tier > 0 && this.#traced[signal & this.#signals.mask] === 1) return true;
    for (let stronger = 1; stronger < tier; stronger++) if (this.#near(signal, stronger, 1).length > 0) return true;
    return false;
  }

  /** How many compete for the signal, the span among them; 0 when the span does not. Anything above `most` may stand for more. */
  #competing(span: number, signal: number, tier: number, most: number): number {
    if (tier > 0 && most === 1 && this.#isCrowded(signal, tier)) return 2;
    const subject = this.#signals.subject(signal);
    const found = this.#near(signal, tier, this.#most);
    if (found.length === 1) return 1;
    if (found.length >= this.#most) return found.length;
    if (tier === 0 && (subject.spanId || subject.childOf) && isNamed(this.#spans.subject(span), subject)) {
      return found.reduce((k, id) => k + (isNamed(this.#spans.subject(id), subject) ? 1 : 0), 0);
    }
    const left = rivals(found, this.#spanOf, subject, tier === 0);
    return left.includes(span) ? left.length : 0;
  }

  /** Spans of two traces, or without any, are two rivals whatever else is known; and so it stays. */
  #isCrowded(signal: number, tier: number): boolean {
    const place = signal & this.#signals.mask;
    if (this.#crowded[place] === tier + 1) return true;
    if (this.#signals.subject(signal).serves) return false; // of two, one may not serve
    const [one, other] = this.#near(signal, tier, 2);
    if (other === undefined) return false;
    const trace = this.#spans.lane(one!, 0);
    if (trace !== null && trace === this.#spans.lane(other, 0)) return false;
    this.#crowded[place] = tier + 1;
    return true;
  }

  /** Spans of the signal's lane that are near it, `most` of them at most. Good until the next call. */
  #near(signal: number, tier: number, most: number): number[] {
    const found = this.#found;
    found.length = 0;
    const at = this.#signals.start(signal);
    const reach = this.#reaches[tier]!;
    this.#signals.lane(signal, tier)?.spans?.near(at - reach, at + reach, this.#spans.oldest, this.#spans, found, most);
    return found;
  }

  #enter(id: number, subject: SignalSubject, tier: number): void {
    const lane = this.#tiers[tier]!.open(subject);
    if (lane === null) return;
    lane.addSignal(subject.tsNs, id);
    this.#signals.setLane(id, tier, lane);
    if (tier === 0 && lane.spans !== null) this.#traced[id & this.#signals.mask] = 1;
  }

  #markTraced({ signals }: Lane): void {
    for (const id of signals?.ids ?? []) if (id >= this.#signals.oldest) this.#traced[id & this.#signals.mask] = 1;
  }

  /** The first span with a key in this tier: from now on signals are findable there, those that are held already too. */
  #listen(tier: number): void {
    this.#heard[tier] = true;
    const { oldest, next } = this.#signals;
    for (let id = oldest; id < next; id++) {
      const subject = this.#signals.subject(id);
      if (subject.tsNs === subject.tsNs) this.#enter(id, subject, tier);
    }
  }

  #evictSpan(): void {
    const lanes: readonly (Lane | null)[] = this.#spans.evict();
    for (let tier = 0; tier < TIERS; tier++) {
      if (lanes[tier]) this.#tiers[tier]!.dropSpans(lanes[tier]!, this.#spans.oldest);
    }
  }

  #evictSignal(): void {
    const lanes: readonly (Lane | null)[] = this.#signals.evict();
    for (let tier = 0; tier < TIERS; tier++) {
      if (lanes[tier]) this.#tiers[tier]!.dropSignals(lanes[tier]!, this.#signals.oldest);
    }
  }
}

class JoinedSignal<SignalT> implements Joined<SignalT> {
  readonly tier: Tier;
  readonly confidence: number;

  constructor(
    readonly id: number,
    readonly atNs: number,
    readonly signal: SignalT,
    tier: number,
    readonly k: number,
    readonly distanceNs: number,
  ) {
    const rule = TIER_RULES[tier]!;
    this.tier = rule.tier;
    this.confidence = rule.confidence / k;
  }

  get reason(): string {
    return reason(TIER_RULES.find(({ tier }) => tier === this.tier)!.because, this.distanceNs, this.k);
  }
}
