/** How long to wait before the next try. Pure: the random number is an argument. */

export interface BackOff {
  /** Before the second try; doubled with each further one. Milliseconds. */
  readonly firstMs: number;
  /** Never longer than this, except where the other side asks for more. */
  readonly mostMs: number;
}

export const BACK_OFF: BackOff = { firstMs: 1_000, mostMs: 30_000 };

/** A receiver that asks for more than this is asked again after this all the same: it may have meant something else. */
export const MOST_ASKED_MS = 3_600_000;

/**
 * Between half and all of the doubled wait, so that many senders do not come back at the same moment.
 *
 * @param failures tries that failed so far, from 1
 * @param random in [0, 1)
 */
export function backOffMs(failures: number, random: number, { firstMs, mostMs }: BackOff = BACK_OFF): number {
  const whole = Math.min(mostMs, firstMs * 2 ** Math.min(52, Math.max(0, failures - 1)));
  return whole / 2 + whole / 2 * random;
}

/**
 * What a Retry-After field asks for (RFC 9110, 10.2.3): seconds, or a date. null: there is none that makes sense.
 *
 * @param nowMs Unix time, for the date
 * @returns milliseconds from now, at most an hour; a date that has passed is 0
 */
export function retryAfterMs(field: string | null, nowMs: number): number | null {
  const text = field?.trim() ?? "";
  if (/^\d+$/.test(text)) return Math.min(MOST_ASKED_MS, Number(text) * 1000);
  if (!/^[A-Z][a-z]+,? /.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.min(MOST_ASKED_MS, Math.max(0, at - nowMs));
}
