/** The spans and the signals that could belong together in one tier: those under one key share a lane. */
import { type Links, shift, type SignalRow, type SpanRow, type Times } from "./row.ts";
import type { Subject } from "./subject.ts";
import { type KeyPart, lowerCase, type TierRule } from "./tiers.ts";

export class Lane {
  spans: SpanRow | null = null;
  signals: SignalRow | null = null;

  constructor(readonly first: string, readonly second: KeyPart) {}
}

/** Lanes of one tier. A key of two parts is looked up part by part: gluing them together costs more. */
export class Lanes {
  readonly #single = new Map<string, Lane>();
  readonly #double = new Map<string, Map<KeyPart, Lane>>();

  constructor(readonly rule: TierRule) {}

  /** Lanes there are. */
  get size(): number {
    let size = this.#single.size;
    for (const inner of this.#double.values()) size += inner.size;
    return size;
  }

  /** The lane of what `subject` says; undefined where there is none yet, or the subject lacks part of the key. */
  find(subject: Subject): Lane | undefined {
    const first = this.rule.first(subject);
    if (first === "") return undefined;
    if (this.rule.second !== null) return this.#double.get(first)?.get(this.rule.second(subject));
    // Keys are in lower case: what is found as it is needs no look at its letters.
    const found = this.#single.get(first);
    if (found !== undefined || !this.rule.hex) return found;
    const lower = lowerCase(first);
    return lower === first ? undefined : this.#single.get(lower);
  }

  /** As `find`, but makes the lane; null where the subject lacks part of the key. */
  open(subject: Subject): Lane | null {
    const found = this.find(subject);
    if (found !== undefined) return found;
    const given = this.rule.first(subject);
    const second = this.rule.second === null ? null : this.rule.second(subject);
    if (given === "" || second === "" || second === 0) return null;
    const first = this.rule.hex ? lowerCase(given) : given;
    const lane = new Lane(first, second);
    if (second === null) this.#single.set(first, lane);
    else {
      let inner = this.#double.get(first);
      if (inner === undefined) this.#double.set(first, inner = new Map());
      inner.set(second, lane);
    }
    return lane;
  }

  /** The lane lets go of its first span, and goes itself when nothing is left in it. */
  dropSpan(lane: Lane, { mask }: Times, links: Links): void {
    if (!shift(lane.spans!, mask, links)) return;
    lane.spans = null;
    this.#close(lane);
  }

  /** As `dropSpan`. */
  dropSignal(lane: Lane, { mask }: Times, links: Links): void {
    if (!shift(lane.signals!, mask, links)) return;
    lane.signals = null;
    this.#close(lane);
  }

  #close(lane: Lane): void {
    if (lane.spans !== null || lane.signals !== null) return;
    if (lane.second === null) this.#single.delete(lane.first);
    else {
      const inner = this.#double.get(lane.first);
      inner?.delete(lane.second);
      if (inner?.size === 0) this.#double.delete(lane.first);
    }
  }
}
