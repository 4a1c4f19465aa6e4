/** Spans and probe events in, evidence out: the join with all it needs to know beside the two. */
import { RetryStorms } from "../../correlate/retry_storm.ts";
import { type Joined, StreamJoin, type StreamJoinOptions } from "../../correlate/stream_join.ts";
import { sinceNs } from "../../correlate/subject.ts";
import type { ProbeEvent } from "../../model/probe_event.ts";
import type { Span } from "../../model/span.ts";
import type { Tier } from "../../model/split.ts";
import { ENRICH_FROM, evidenceOf, type SpanEvidence } from "./evidence.ts";
import { Places } from "./places.ts";
import { type ProbeSignal, probeSignal, ProbeSubject } from "./probe_signal.ts";

export interface EvidenceJoinOptions extends StreamJoinOptions {
  /** A moment near the data, Unix nanoseconds: times are exact within 104 days of it. */
  readonly epochNs: bigint;
}

/** A span in the join; it is asked for its evidence once. */
export interface Ticket {
  readonly span: Span;
  /** What the join calls it; null until it is known where the span's process is. */
  id: number | null;
}

export interface EvidenceStats {
  /** Joins by tier: sure enough to be written, or not. */
  readonly sure: ReadonlyMap<Tier, number>;
  readonly unsure: ReadonlyMap<Tier, number>;
  /** Spans judged while a retry storm went on in their pod. */
  readonly stormy: number;
  readonly signals: number;
  readonly spans: number;
  readonly evictedSignals: number;
  readonly evictedSpans: number;
  readonly evictedRetransmits: number;
  readonly lateRivals: number;
  readonly cut: number;
}

export class EvidenceJoin {
  readonly #join: StreamJoin<null, ProbeSignal>;
  readonly #places = new Places();
  readonly #storms = new RetryStorms();
  readonly #epochNs: bigint;
  /** Spans of processes that nobody has placed yet. */
  readonly #unplaced = new Set<Ticket>();
  readonly #sure = new Map<Tier, number>();
  readonly #unsure = new Map<Tier, number>();
  #stormy = 0;

  constructor({ epochNs, ...options }: EvidenceJoinOptions) {
    this.#epochNs = epochNs;
    this.#join = new StreamJoin(options);
  }

  /** False for a document that cannot be kept: its names are too long. */
  addProbe(probe: ProbeEvent): boolean {
    const kept = probeSignal(probe, this.#epochNs);
    if (kept === null) return false;
    const placed = this.#places.learn(probe);
    const { group, newNode } = placed;
    this.#join.addSignal(new ProbeSubject(probe, kept, placed), kept);
    if (kept.signal === "tcp_retransmits_total") this.#storms.add(group, kept.tsNs, kept.value);
    if (newNode) { for (const ticket of this.#unplaced) this.#place(ticket); }
    return true;
  }

  addSpan(span: Span): Ticket {
    const ticket: Ticket = { span, id: null };
    if (this.#places.isPlaced(span)) this.#place(ticket);
    else this.#unplaced.add(ticket);
    return ticket;
  }

  /** Judged by what has come so far; to be asked when everything that may come has had its time. */
  evidence(ticket: Ticket): SpanEvidence {
    if (ticket.id === null) this.#place(ticket);
    const { span } = ticket;
    const interval = {
      startNs: sinceNs(this.#epochNs, span.startNs),
      endNs: sinceNs(this.#epochNs, span.endNs),
    };
    const joined = this.#join.joined(ticket.id!, ENRICH_FROM, (tier) => increment(this.#unsure, tier));
    const storms = this.#storms.during(this.#places.group(span), interval.startNs, interval.endNs);
    const evidence = evidenceOf(span, interval, joined, storms);
    this.#join.told(evidence.chosen);
    for (const { tier } of joined) increment(this.#sure, tier);
    if (evidence.stormy) this.#stormy++;
    return evidence;
  }

  /** Every signal joined with the span, however unsure, with the reason; none when the span has gone from the join. */
  joins(ticket: Ticket): Joined<ProbeSignal>[] {
    return ticket.id === null ? [] : this.#join.joined(ticket.id);
  }

  get stats(): EvidenceStats {
    const { lanes: _, ...join } = this.#join.stats;
    return {
      sure: this.#sure,
      unsure: this.#unsure,
      stormy: this.#stormy,
      evictedRetransmits: this.#storms.evicted,
      ...join,
    };
  }

  #place(ticket: Ticket): void {
    this.#unplaced.delete(ticket);
    ticket.id = this.#join.addSpan(this.#places.spanSubject(ticket.span, this.#epochNs), null);
  }
}

function increment<K>(counters: Map<K, number>, key: K): void {
  counters.set(key, (counters.get(key) ?? 0) + 1);
}
