/** Answers about traces that were asked for lately. An answer stands while its mark is the same: then nothing it is made of has changed. */
import type { RequestAnswer } from "../../model/answers.ts";
import type { Period } from "../../store/store.ts";

/** An answer may be some hundred kilobytes. */
const MOST = 64;

export interface Given {
  /** Of the time that was looked at. */
  readonly period: Period;
  /** Of the oldest entry of the trace. */
  readonly firstSeq: number;
  readonly mark: string;
  readonly answer: RequestAnswer;
}

export class AskedAgain {
  /** By trace, the longest unasked first. */
  readonly #given = new Map<string, Given>();

  get(traceId: string): Given | undefined {
    return this.#given.get(traceId);
  }

  keep(traceId: string, given: Given): void {
    this.#given.delete(traceId);
    this.#given.set(traceId, given);
    if (this.#given.size > MOST) this.#given.delete(this.#given.keys().next().value!);
  }
}
