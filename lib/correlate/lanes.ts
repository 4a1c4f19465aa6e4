/** The spans and the signals that could belong together in one tier: those under one key share a lane. */
import { type Links, shift, type SignalRow, type SpanRow, type Times } from "./row.ts";
import type { Subject } from "./subject.ts";
import { type KeyPart, lowerCase, type TierRule } from "./tiers.ts";

export class Lane {
  spans: SpanRow | null = null;
  signals: SignalRow | null = null;

  constructor(readonly first: string, readonly second: KeyPart) {}
}

/** Lanes found without a look at the maps, at most; a power of two. */
const LATEST = 4096;

/** Where the latest lane of such a key is remembered: a pid, or the last letters of a name. */
function placeOf(first: string, second: KeyPart, mask: number): number {
  if (typeof second === "number") return second & mask;
  const key = second === null ? first : second;
  const { length } = key;
  return ((key.charCodeAt(length - 1) & 15) | (key.charCodeAt(length - 2) & 15) << 4 |
    (key.charCodeAt(length - 3) & 15) << 8) & mask;
}

/** Lanes of one tier. A key of two parts is looked up part by part: gluing them together costs more. */
export class Lanes {
  readonly #single = new Map<string, Lane>();
  readonly #double = new Map<string, Map<KeyPart, Lane>>();
  /** By a few bits of the key: what comes near in time mostly belongs together, and need not be looked up in the maps. */
  readonly #latest: (Lane | undefined)[];
  readonly #mask: number;

  /** @param expected lanes, about; by default very many */
  constructor(readonly rule: TierRule, expected = Infinity) {
    const size = Math.min(LATEST, 2 ** Math.ceil(Math.log2(Math.max(16, expected))));
    this.#latest = new Array(size).fill(undefined);
    this.#mask = size - 1;
  }

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
    const second = this.rule.second === null ? null : this.rule.second(subject);
    return this.#find(first, second, placeOf(first, second, this.#mask));
  }

  /** As `find`, but makes the lane; null where the subject lacks part of the key. */
  open(subject: Subject): Lane | null {
    const given = this.rule.first(subject);
    if (given === "") return null;
    const second = this.rule.second === null ? null : this.rule.second(subject);
    if (second === "" || second === 0) return null;
    const place = placeOf(given, second, this.#mask);
    const found = this.#find(given, second, place);
    if (found !== undefined) return found;
    const first = this.rule.hex ? lowerCase(given) : given;
    const lane = new Lane(first, second);
    this.#latest[first === given ? place : placeOf(first, second, this.#mask)] = lane;
    if (second === null) this.#single.set(first, lane);
    else {
      let inner = this.#double.get(first);
      if (inner === undefined) this.#double.set(first, inner = new Map());
      inner.set(second, lane);
    }
    return lane;
  }

  #find(first: string, second: KeyPart, place: number): Lane | undefined {
    const latest = this.#latest[place];
    if (latest !== undefined && latest.second === second && latest.first === first) return latest;
    const found = this.#look(first, second);
    if (found !== undefined) this.#latest[place] = found;
    return found;
  }

  #look(first: string, second: KeyPart): Lane | undefined {
    if (second !== null) return this.#double.get(first)?.get(second);
    // Keys are in lower case: what is found as it is needs no look at its letters.
    const found = this.#single.get(first);
    if (found !== undefined || !this.rule.hex) return found;
    const lower = lowerCase(first);
    return lower === first ? undefined : this.#single.get(lower);
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
    const place = placeOf(lane.first, lane.second, this.#mask);
    if (this.#latest[place] === lane) this.#latest[place] = undefined;
    if (lane.second === null) this.#single.delete(lane.first);
    else {
      const inner = this.#double.get(lane.first);
      inner?.delete(lane.second);
      if (inner?.size === 0) this.#double.delete(lane.first);
    }
  }
}
