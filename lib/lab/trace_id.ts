/** `X-Trace-Id`: the name a caller gives its request, beside the W3C header. Pure. */

export const TRACE_ID_HEADER = "x-trace-id";

/** What may go by that name: short, and harmless in a header, a log line or a URL. */
export function isTraceId(value: unknown): value is string {
  return typeof value === "string" && /^[\w.:\/+=@-]{1,128}$/.test(value);
}

/** The W3C trace id that it stands for, in lower case; undefined where it is not one. */
export function w3cTraceId(id: string): string | undefined {
  return /^(?!0+$)[0-9a-f]{32}$/i.test(id) ? id.toLowerCase() : undefined;
}
