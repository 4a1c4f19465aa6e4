/**
 * Joins kernel signals with spans as either comes, in bounded memory. What it says of a span at a moment is what `correlate` would say of
 * everything that is held at that moment; the order in which things came does not matter.
 *
 * A span is told when it has ended, long after the first signals of its time were. So both sides are held: each newcomer is compared, by
 * index, with what of the other side is near it in time, and a signal keeps but three numbers of it: in which tier it is joined, how many
 * spans compete, and whether that was told already. The oldest of a side go when it is full, and are counted.
 */
import type { Tier } from "../model/split.ts";
import { distance, reason } from "./correlate.ts";
import { type Lane, Lanes } from "./lanes.ts";
import { Ring } from "./ring.ts";
import type { SignalSubject, SpanSubject } from "./subject.ts";
import { lowerCase, reachesNs, TIER_RULES } from "./tiers.ts";

export interface StreamJoinOptions {
  /** No tier reaches further than this, in milliseconds. Default 2 000. */
  readonly windowMs?: number;
  /** Signals and spans held at most, of each; rounded up to a power of two. Default 131 072. */
  readonly signals?: number;
  readonly spans?: number;
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

/** How a signal is joined, strongest first. Between the tiers stands a signal whose trace is known: it is joined by that or not at all. */
const RANK = { named: 0, trace: 1, traceElsewhere: 2, podPid: 3, podConn: 4, svcNode: 5, none: 6 } as const;
/** Rank of a match in each tier; in the first a span id may make it better. */
const RANK_OF_TIER = [RANK.trace, RANK.podPid, RANK.podConn, RANK.svcNode] as const;
const TIER_OF_RANK = [0, 0, -1, 1, 2, 3, -1] as const;
const TIERS = TIER_RULES.length;

export class StreamJoin<SpanT, SignalT> {
  readonly #reaches: readonly number[];
  readonly #tiers = TIER_RULES.map((rule) => new Lanes(rule));
  readonly #spans: Ring<SpanSubject, SpanT>;
  readonly #signals: Ring<SignalSubject, SignalT>;
  /** Of each signal: its rank, the spans that compete for it, and 1 once it was told as evidence of one. */
  readonly #rank: Uint8Array;
  readonly #k: Uint32Array;
  readonly #told: Uint8Array;
  /** Tiers in which some span had a key: in the others signals need not be findable. */
  readonly #heard: boolean[] = new Array(TIERS).fill(false);
  readonly #found: number[] = [];
  #lateRivals = 0;

  constructor(options: StreamJoinOptions = {}) {
    this.#reaches = reachesNs(options.windowMs);
    this.#spans = new Ring(options.spans ?? 131_072, TIERS);
    this.#signals = new Ring(options.signals ?? 131_072, TIERS);
    const { size } = this.#signals;
    this.#rank = new Uint8Array(size);
    this.#k = new Uint32Array(size);
    this.#told = new Uint8Array(size);
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
      lane.addSpan(startNs, endNs, id);
      this.#spans.setLane(id, tier, lane);
      if (lane.signals !== null) this.#answer(subject, tier, lane);
    }
    return id;
  }

  /** Returns what the signal is called in `standing`. */
  addSignal(subject: SignalSubject, signal: SignalT): number {
    if (this.#signals.full) this.#evictSignal();
    const { tsNs } = subject;
    const id = this.#signals.add(subject, signal, tsNs);
    const place = id & this.#signals.mask;
    this.#rank[place] = RANK.none;
    this.#k[place] = 0;
    this.#told[place] = 0;
    if (tsNs !== tsNs) return id;
    // Once a span answered in a tier, one of a weaker tier will change nothing any more.
    for (let tier = 0; tier < TIERS && this.#rank[place] === RANK.none; tier++) {
      if (this.#heard[tier]) this.#enter(id, place, subject, tier);
    }
    return id;
  }

  /**
   * The signals joined with a span that is still held, best confidence first, then nearest, then as they came.
   *
   * @param least leave out what is less sure
   */
  joined(span: number, least = 0): Joined<SignalT>[] {
    const list: JoinedSignal<SignalT>[] = [];
    this.#eachJoined(span, (id, place, tier, subject) => {
      if (TIER_RULES[tier]!.confidence < least * this.#k[place]!) return;
      const far = distance(subject, this.#signals.start(id));
      list.push(new JoinedSignal(id, this.#signals.payload(id), tier, this.#k[place]!, far));
    });
    return list.sort((a, b) => b.confidence - a.confidence || a.distanceNs - b.distanceNs || a.id - b.id);
  }

  /** How many signals are joined with the span in each tier, strongest first. */
  counts(span: number): number[] {
    const counts: number[] = new Array(TIERS).fill(0);
    this.#eachJoined(span, (_id, _place, tier) => counts[tier]!++);
    return counts;
  }

  /** Notes that these, of what `joined` returned, were told to somebody: a rival that comes later is then counted. */
  told(joined: readonly Joined<SignalT>[]): void {
    for (const one of joined) this.#told[(one as JoinedSignal<SignalT>).id & this.#signals.mask] = 1;
  }

  /** How a signal that is still held is joined now; null where no span answers. */
  standing(signal: number): { readonly tier: Tier; readonly k: number } | null {
    if (!this.#signals.holds(signal)) return null;
    const place = signal & this.#signals.mask;
    const tier = TIER_OF_RANK[this.#rank[place]!]!;
    return tier < 0 ? null : { tier: TIER_RULES[tier]!.tier, k: this.#k[place]! };
  }

  get stats() {
    return {
      spans: this.#spans.held,
      signals: this.#signals.held,
      evictedSpans: this.#spans.oldest,
      evictedSignals: this.#signals.oldest,
      /** Evidence that was told, and then turned out to have one more span competing for it, or a better one. */
      lateRivals: this.#lateRivals,
      lanes: this.#tiers.reduce((sum, lanes) => sum + lanes.size, 0),
    };
  }

  /** A signal goes into its lane of a tier, and is compared with the spans that are there. */
  #enter(id: number, place: number, subject: SignalSubject, tier: number): void {
    const lane = this.#tiers[tier]!.open(subject);
    if (lane === null) return;
    lane.addSignal(subject.tsNs, id);
    this.#signals.setLane(id, tier, lane);
    if (lane.spans === null) return;
    const found = this.#found;
    const reach = this.#reaches[tier]!;
    found.length = 0;
    lane.spans.near(subject.tsNs - reach, subject.tsNs + reach, this.#spans.oldest, this.#spans, found);
    if (tier > 0) {
      if (found.length === 0) return;
      this.#rank[place] = RANK_OF_TIER[tier]!;
      this.#k[place] = found.length;
      return;
    }
    let named = 0;
    if (subject.spanId) { for (const span of found) if (sameSpan(this.#spans.subject(span), subject)) named++; }
    this.#rank[place] = named > 0 ? RANK.named : found.length > 0 ? RANK.trace : RANK.traceElsewhere;
    this.#k[place] = named > 0 ? named : found.length;
  }

  /** A new span answers the signals of its lane. */
  #answer(subject: SpanSubject, tier: number, lane: Lane): void {
    const { times, ids } = lane.signals!;
    const reach = this.#reaches[tier]!;
    const { oldest } = this.#signals;
    // In the first tier all of the trace's signals are concerned: one that is out of reach is still known to be of this trace.
    const until = tier === 0 ? Infinity : subject.endNs + reach;
    const from = lane.signals!.firstFrom(tier === 0 ? -Infinity : subject.startNs - reach);
    for (let i = from; i < times.length && times[i]! <= until; i++) {
      const id = ids[i]!;
      if (id >= oldest) this.#raise(id, tier === 0 ? this.#rankInTrace(subject, id) : RANK_OF_TIER[tier]!);
    }
  }

  #raise(signal: number, rank: number): void {
    const place = signal & this.#signals.mask;
    const before = this.#rank[place]!;
    if (rank > before || rank === RANK.traceElsewhere && before === rank) return;
    if (this.#told[place] === 1) this.#lateRivals++;
    this.#rank[place] = rank;
    this.#k[place] = rank === RANK.traceElsewhere ? 0 : rank === before ? this.#k[place]! + 1 : 1;
  }

  #rankInTrace(span: SpanSubject, signal: number): number {
    if (distance(span, this.#signals.start(signal)) > this.#reaches[0]!) return RANK.traceElsewhere;
    return sameSpan(span, this.#signals.subject(signal)) ? RANK.named : RANK.trace;
  }

  #eachJoined(
    span: number,
    call: (signal: number, place: number, tier: number, subject: SpanSubject) => void,
  ): void {
    if (!this.#spans.holds(span)) return;
    const subject = this.#spans.subject(span);
    const { oldest, mask } = this.#signals;
    for (let tier = 0; tier < TIERS; tier++) {
      const signals = this.#spans.lane(span, tier)?.signals ?? null;
      if (signals === null) continue;
      const reach = this.#reaches[tier]!;
      const { times, ids } = signals;
      for (let i = signals.firstFrom(subject.startNs - reach); i < times.length; i++) {
        if (times[i]! > subject.endNs + reach) break;
        const id = ids[i]!;
        if (id < oldest) continue;
        const rank = tier === 0 ? this.#rankInTrace(subject, id) : RANK_OF_TIER[tier]!;
        if (this.#rank[id & mask] === rank) call(id, id & mask, tier, subject);
      }
    }
  }

  /** The first span with a key in this tier: from now on signals are findable there, those that are held already too. */
  #listen(tier: number): void {
    this.#heard[tier] = true;
    const { oldest, next, mask } = this.#signals;
    for (let id = oldest; id < next; id++) {
      const subject = this.#signals.subject(id);
      if (subject.tsNs === subject.tsNs && this.#rank[id & mask]! > RANK_OF_TIER[tier]!) {
        this.#enter(id, id & mask, subject, tier);
      }
    }
  }

  #evictSpan(): void {
    const lanes = this.#spans.evict();
    for (let tier = 0; tier < TIERS; tier++) {
      if (lanes[tier] !== null) this.#tiers[tier]!.dropSpans(lanes[tier]!, this.#spans.oldest);
    }
  }

  #evictSignal(): void {
    const lanes = this.#signals.evict();
    for (let tier = 0; tier < TIERS; tier++) {
      if (lanes[tier] !== null) this.#tiers[tier]!.dropSignals(lanes[tier]!, this.#signals.oldest);
    }
  }
}

function sameSpan(span: SpanSubject, signal: SignalSubject): boolean {
  if (!signal.spanId || span.spanId === undefined) return false;
  return signal.spanId === span.spanId || lowerCase(span.spanId) === lowerCase(signal.spanId);
}

class JoinedSignal<SignalT> implements Joined<SignalT> {
  readonly tier: Tier;
  readonly confidence: number;

  constructor(
    readonly id: number,
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
