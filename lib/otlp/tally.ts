/** What became of a request's records. Both encodings end here, so a record means the same in either. */
import type { AttributeValue } from "../model/span.ts";
import { DecodeError } from "./decode_error.ts";

/** Why a record was refused. `field` is a member of the wrong type, an enum given by name included. */
export type RejectReason =
  | "trace_id"
  | "span_id"
  | "parent_span_id"
  | "time_order"
  | "field"
  | "metric_name"
  | "metric_data"
  | "value"
  | "bucket_counts"
  | "bounds";

/** Why a record, though kept, looks odd. */
export type WarnReason =
  | "empty_name"
  | "duplicate_attribute"
  | "snake_case_key"
  | "unlinked_log"
  | "no_temporality";

/** What every decoded request says of itself. */
export interface Decoded {
  /** Records refused, by reason. Their sum is what the answer calls rejected. */
  readonly rejected: ReadonlyMap<RejectReason, number>;
  /** Oddities that cost no record, by reason. */
  readonly warnings: ReadonlyMap<WarnReason, number>;
}

/**
 * Attributes, events, points and the like of one request, together. A body of 64 MiB can announce thirty million empty ones, which
 * would take gigabytes; an honest one of that size holds a tenth of the limit.
 */
export const MAX_VALUES = 5_000_000;

export class Tally implements Decoded {
  readonly rejected: Map<RejectReason, number> = new Map();
  readonly warnings: Map<WarnReason, number> = new Map();
  /** The number that was read last came as a double. */
  double = false;
  #values = 0;

  reject(reason: RejectReason, records = 1): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + records);
  }

  warn(reason: WarnReason): void {
    this.warnings.set(reason, (this.warnings.get(reason) ?? 0) + 1);
  }

  /** To be called for everything that stays in memory. @throws DecodeError beyond MAX_VALUES */
  spend(): void {
    if (++this.#values > MAX_VALUES) throw new DecodeError("body", `it holds more than ${MAX_VALUES} values`);
  }

  /** Sets an attribute unless the key is there already: the first of two wins, the second is counted, and false is returned. */
  set(target: Record<string, AttributeValue>, key: string, value: AttributeValue): boolean {
    if (Object.hasOwn(target, key)) {
      this.warn("duplicate_attribute");
      return false;
    }
    this.spend();
    // A plain assignment to this one key would change the prototype instead.
    if (key === "__proto__") {
      Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
    } else target[key] = value;
    return true;
  }
}
