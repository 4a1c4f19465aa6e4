/**
 * Joins kernel signals with spans as either comes, in bounded memory. What it says of a span at a moment is what `correlate` would say of
 * everything that is held at that moment; the order in which things came does not matter.
 *
 * A span is told when it has ended, long after the first signals of its time were. So both sides are held, each in its lanes, and nothing
 * is compared until a span is asked about: then its lanes yield the signals near it in time, and each of those signals' lanes who else
 * competes for it. The oldest of a side go when it is full, and are counted.
 */
import type { Tier } from "../model/split.ts";
import { type Lane, Lanes } from "./lanes.ts";
import { distance, reason } from "./nearness.ts";
import { Ring } from "./ring.ts";
import { isNamed, rivals } from "./rivals.ts";
import type { Points } from "./points.ts";
import { append, indexOf, near, Row } from "./row.ts";
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

/** A span of the signal's trace came. */
const TRACED = 1;
/** It was told as evidence of a span. */
const TOLD = 2;
/** Spans of two traces compete for it in the first tier, the second ... */
const CROWDED = 4;
/** So many that are settled elsewhere are taken out of an index, if they are half of what was looked at. */
const SIFT_FROM = 16;
/** Lists up to this length are put in order by hand. */
const SHORT = 12;

export class StreamJoin<SpanT, SignalT> {
  readonly #reaches: readonly number[];
  readonly #most: number;
  readonly #tiers = TIER_RULES.map((rule) => new Lanes(rule));
  readonly #spans: Ring<SpanSubject, SpanT>;
  readonly #signals: Ring<SignalSubject, SignalT>;
  /** What is known of each signal, by place: the bits below. */
  readonly #marks: Uint8Array;
  /** Tiers in which some span had a key: in the others signals need not be findable. */
  readonly #heard: boolean[] = new Array(TIERS).fill(false);
  readonly #found: number[] = [];
  readonly #spanOf = (id: number) => this.#spans.subject(id);
  readonly #isTraced = (signal: number) => this.#isMarked(signal, TRACED);
  #lateRivals = 0;
  #cut = 0;

  constructor({ windowMs, signals = 131_072, spans = 32_768, most = 4_096 }: StreamJoinOptions = {}) {
    this.#reaches = reachesNs(windowMs);
    this.#most = most;
    this.#spans = new Ring(spans, TIERS);
    this.#signals = new Ring(signals, TIERS, true);
    this.#marks = new Uint8Array(this.#signals.size);
  }

  /** Returns what the span is called in `joined`. */
  addSpan(subject: SpanSubject, span: SpanT): number {
    if (this.#spans.full) this.#evictSpan();
    const { startNs, endNs } = subject;
    const id = this.#spans.add(subject, span, startNs, endNs);
    if (!(startNs <= endNs)) return id;
    for (let tier = 0; tier < TIERS; tier++) {
      const lane = this.#tiers[tier]!.open(subject);
      if (lane === null) continue;
      if (!this.#heard[tier]) this.#listen(tier);
      // A signal whose trace is known is joined by that or not at all.
      if (tier === 0 && lane.spans === null) this.#markTraced(lane);
      append(lane.spans ??= new Row(), id, this.#spans.mask, this.#spans.links[tier]!);
      this.#spans.setLane(id, tier, lane);
    }
    return id;
  }

  /** Returns what the signal is called in `standing`. */
  addSignal(subject: SignalSubject, signal: SignalT): number {
    if (this.#signals.full) this.#evictSignal();
    const { tsNs } = subject;
    const id = this.#signals.add(subject, signal, tsNs, tsNs);
    this.#marks[id & this.#signals.mask] = 0;
    if (tsNs !== tsNs) return id; // NaN: no moment, and near nothing
    this.#enterAll(id, subject);
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
    const { startNs, endNs } = this.#spans.subject(span);
    const { starts, mask } = this.#signals;
    for (let tier = 0; tier < TIERS; tier++) {
      const row = this.#spans.lane(span, tier)?.signals;
      if (!row) continue;
      const mostRivals = least > 0 ? Math.floor(TIER_RULES[tier]!.confidence / least) : Infinity;
      const fromNs = startNs - this.#reaches[tier]!;
      const toNs = endNs + this.#reaches[tier]!;
      const links = this.#signals.links[tier]!;
      const index = indexOf(row, this.#signals, links, tier === 0 ? isNever : this.#isTraced);
      if (index === null) {
        for (let id = row.first; id !== -1; id = links[id & mask]!) {
          const atNs = starts[id & mask]!;
          if (atNs >= fromNs && atNs <= toNs) this.#consider(span, id, tier, mostRivals, list, unsure);
        }
        continue;
      }
      this.#considerMany(index, row.first, fromNs, toNs, span, tier, mostRivals, list, unsure);
    }
    return ranked(list);
  }

  /**
   * Notes that these, of what `joined` returned, were told to somebody. One that was told before, of another span, is counted: the other
   * was judged when this one had not come yet.
   */
  told(joined: readonly Joined<SignalT>[]): void {
    for (const one of joined) {
      const { id } = one as JoinedSignal<SignalT>;
      if (this.#isMarked(id, TOLD)) this.#lateRivals++;
      this.#mark(id, TOLD);
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
      if (tier === 0 && this.#isMarked(signal, TRACED)) return null;
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

  #mark(signal: number, bit: number): void {
    this.#marks[signal & this.#signals.mask]! |= bit;
  }

  #isMarked(signal: number, bit: number): boolean {
    return (this.#marks[signal & this.#signals.mask]! & bit) !== 0;
  }

  /** Of a row with an index: what lies in the window, bounds included. */
  #considerMany(
    index: Points,
    first: number,
    fromNs: number,
    toNs: number,
    span: number,
    tier: number,
    mostRivals: number,
    list: JoinedSignal<SignalT>[],
    unsure: (tier: Tier) => void,
  ): void {
    const { times, ids, to } = index;
    const marks = this.#marks;
    const { mask } = this.#signals;
    // Of these no stronger tier knows more, and one rival is one too many.
    const tooMany = tier === 1 && mostRivals === 1 ? CROWDED << tier : 0;
    const traced = tier > 0 ? TRACED : 0;
    const tierName = TIER_RULES[tier]!.tier;
    const from = index.firstFrom(fromNs);
    let settled = 0;
    let i = from;
    for (; i < to && times[i]! <= toNs; i++) {
      if (i - from - settled >= this.#most) {
        this.#cut++;
        break;
      }
      const id = ids[i]!;
      // What is gone may still stand behind one that came later and had ended before.
      const known = id < first ? traced : marks[id & mask]!;
      if (id < first || (known & traced) !== 0) settled++;
      else if ((known & tooMany) !== 0) unsure(tierName);
      else this.#consider(span, id, tier, mostRivals, list, unsure);
    }
    // They would be looked at for every span to come, and never be joined in this tier.
    if (settled >= SIFT_FROM && 2 * settled >= i - from) {
      index.sift((id) => id < first || tier > 0 && this.#isMarked(id, TRACED));
    }
  }

  /** Is this signal, near the span, joined with it? */
  #consider(
    span: number,
    id: number,
    tier: number,
    mostRivals: number,
    list: JoinedSignal<SignalT>[],
    unsure: (tier: Tier) => void,
  ): void {
    if (this.#isTaken(id, tier)) return;
    const k = this.#competing(span, id, tier, mostRivals);
    if (k === 0) return;
    if (k > mostRivals) {
      unsure(TIER_RULES[tier]!.tier);
      return;
    }
    const atNs = this.#signals.start(id);
    const far = distance(this.#spans.subject(span), atNs);
    list.push(new JoinedSignal(id, atNs, this.#signals.payload(id), tier, k, far));
  }

  /** A span of a stronger tier answers, or the trace is known and settles it. */
  #isTaken(signal: number, tier: number): boolean {
    if (tier > 0 && this.#isMarked(signal, TRACED)) return true;
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
    if (this.#isMarked(signal, CROWDED << tier)) return true;
    if (this.#signals.subject(signal).serves) return false; // of two, one may not serve
    const found = this.#near(signal, tier, 2);
    if (found.length < 2) return false;
    const trace = this.#spans.lane(found[0]!, 0);
    if (trace !== null && trace === this.#spans.lane(found[1]!, 0)) return false;
    this.#mark(signal, CROWDED << tier);
    return true;
  }

  /** Spans of the signal's lane that are near it, `most` of them at most. Good until the next call. */
  #near(signal: number, tier: number, most: number): number[] {
    const found = this.#found;
    found.length = 0;
    const at = this.#signals.start(signal);
    const reach = this.#reaches[tier]!;
    const row = this.#signals.lane(signal, tier)?.spans;
    if (row) near(row, at - reach, at + reach, this.#spans, this.#spans.links[tier]!, found, most);
    return found;
  }

  /** A signal whose trace is known is joined by that or not at all: no other lane needs to know it. */
  #enterAll(id: number, subject: SignalSubject): void {
    for (let tier = 0; tier < TIERS; tier++) {
      if (tier > 0 && this.#isMarked(id, TRACED)) return;
      if (this.#heard[tier]) this.#enter(id, subject, tier);
    }
  }

  #enter(id: number, subject: SignalSubject, tier: number): void {
    const lane = this.#tiers[tier]!.open(subject);
    if (lane === null) return;
    append(lane.signals ??= new Row(), id, this.#signals.mask, this.#signals.links[tier]!);
    this.#signals.setLane(id, tier, lane);
    if (tier === 0 && lane.spans !== null) this.#mark(id, TRACED);
  }

  #markTraced({ signals }: Lane): void {
    const links = this.#signals.links[0]!;
    for (let id = signals?.first ?? -1; id !== -1; id = links[id & this.#signals.mask]!) this.#mark(id, TRACED);
  }

  /** The first span with a key in this tier: from now on signals are findable there, those that are held already too. */
  #listen(tier: number): void {
    this.#heard[tier] = true;
    const { oldest, next } = this.#signals;
    for (let id = oldest; id < next; id++) {
      const subject = this.#signals.subject(id);
      if (subject.tsNs === subject.tsNs && !this.#isMarked(id, TRACED)) this.#enter(id, subject, tier);
    }
  }

  #evictSpan(): void {
    for (let tier = 0; tier < TIERS; tier++) {
      const lane = this.#spans.takeLane(tier);
      if (lane !== null) this.#tiers[tier]!.dropSpan(lane, this.#spans, this.#spans.links[tier]!);
    }
    this.#spans.evict();
  }

  #evictSignal(): void {
    for (let tier = 0; tier < TIERS; tier++) {
      const lane = this.#signals.takeLane(tier);
      if (lane !== null) this.#tiers[tier]!.dropSignal(lane, this.#signals, this.#signals.links[tier]!);
    }
    this.#signals.evict();
  }
}

const isNever = () => false;

/** In place. Most are short, and the first found are mostly the best. */
function ranked<SignalT>(list: JoinedSignal<SignalT>[]): JoinedSignal<SignalT>[] {
  if (list.length > SHORT) return list.sort(byRank);
  for (let i = 1; i < list.length; i++) {
    const one = list[i]!;
    let at = i;
    for (; at > 0 && byRank(one, list[at - 1]!) < 0; at--) list[at] = list[at - 1]!;
    list[at] = one;
  }
  return list;
}

/** Best confidence first, then nearest, then earliest. */
function byRank(a: JoinedSignal<unknown>, b: JoinedSignal<unknown>): number {
  return b.confidence - a.confidence || a.distanceNs - b.distanceNs || a.atNs - b.atNs || a.id - b.id;
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
